import type { Page } from "@playwright/test";
import { api, change, fakePool } from "../../support/api.ts";
import { ADMIN, adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** A version in the history that is open. */
const version = (page: Page, number: number) =>
  page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: `Version ${number}`, exact: true }) });

test("an edit says who changed what and when, is undone at once, and an older version comes back", async ({ page }) => {
  await page.goto("/admin");
  const { id, name, config } = await fakePool(page, `Desks of old ${process.pid}`, {
    max_instances: 2,
    config: { enabled: false, minimum_available_sessions: 1, connection_password: "hunter2" },
  });
  const saved = async () => await api(page, "GET", `/autoscale-configs/${config}`);

  await open(page, `/admin/autoscale/${config}/edit?step=capacity`);
  await page.getByLabel("Minimum Available Sessions").fill("3");
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  await page.getByRole("button", { name: "Save scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
  const notice = page.getByRole("status").filter({ hasText: "Saved." });
  await expect(notice).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("navigation", { name: "Parts of the pool" }).getByRole("link", { name: "History" }).click();
  const now = version(page, 2);
  await expect(now).toContainText(ADMIN.name);
  await expect(now).toContainText("Minimum Available Sessions: 1 session → 3 sessions");
  await expect(now.getByRole("time")).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT/);
  const button = now.getByRole("button", { name: `Restore this version 2 of ${name}` });
  await expect(button).toBeDisabled();
  await expect(button).toHaveAccessibleDescription("This is what holds now.");
  await expect(version(page, 1)).toContainText("It was made.");

  await notice.getByRole("button", { name: "Undo" }).click();
  const undone = page.getByRole("status").filter({ hasText: "Undone. The config is as it was before." });
  await expect(undone).toBeFocused();
  await expect(version(page, 3)).toContainText("Restored from version 1.");
  await expect(version(page, 3)).toContainText("Minimum Available Sessions: 3 sessions → 1 session");
  await expect(version(page, 1).getByRole("button")).toHaveAccessibleDescription("It is the same as what holds now.");
  expect((await saved()).minimum_available_sessions).toBe(1);

  // A secret counts too, and is told of without being shown.
  await change(page, config, { connection_username: "staff", connection_password: "hunter3" });
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(undone).toHaveCount(0);
  await expect(version(page, 4)).toContainText("Connection Username: people → staff");
  await expect(version(page, 4)).toContainText("Connection Password: changed");
  await version(page, 2).getByRole("button", { name: `Restore this version 2 of ${name}` }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Restore version 2 of ${name}?`);
  for (const line of [
    "Connection Username: staff → people",
    "Connection Password: changed",
    "Minimum Available Sessions: 1 session → 3 sessions",
  ]) {
    await expect(dialog.getByRole("listitem").filter({ hasText: line })).toBeVisible();
  }
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(version(page, 5)).toContainText("Restored from version 2.");
  expect(await saved()).toMatchObject({ version: 5, minimum_available_sessions: 3, connection_username: "people" });

  // What was restored can be undone as well.
  await notice.getByRole("button", { name: "Undo" }).click();
  await expect(version(page, 6)).toContainText("Restored from version 4.");
  expect(await saved()).toMatchObject({ minimum_available_sessions: 1, connection_username: "staff" });
});

test.describe("refused", () => {
  test.use({ refusals: true });

  test("an edit that somebody has built on is not undone", async ({ page }) => {
    await page.goto("/admin");
    const { id, config } = await fakePool(page, `Desks of two ${process.pid}`, { max_instances: 2, config: { enabled: false } });
    await open(page, `/admin/autoscale/${config}/edit?step=capacity`);
    await page.getByLabel("Minimum Available Sessions").fill("3");
    await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
    await page.getByRole("button", { name: "Save scaling" }).click();
    await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
    await change(page, config, { connection_username: "staff" });
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await expect(page.getByRole("alert")).toContainText("The config has been changed since.");
    expect(await api(page, "GET", `/autoscale-configs/${config}`)).toMatchObject({
      minimum_available_sessions: 3,
      connection_username: "staff",
    });
  });
});

test("servers that are older than their config are told of", async ({ page }) => {
  await page.goto("/admin");
  const { id, config } = await fakePool(page, `Desks that drift ${process.pid}`, {
    max_instances: 3,
    config: { minimum_available_sessions: 2 },
  });
  const counts = async () => (await api(page, "GET", `/pools/${id}`)).counts;
  await expect(async () => expect(await counts()).toMatchObject({ servers: 2, running: 2 })).toPass({ timeout: 30_000 });
  const line = page.getByText("2 servers are older than this config. They keep what they were made with.");
  await open(page, `/admin/pools/${id}?tab=history`);
  await expect(version(page, 1)).toBeVisible();
  await expect(line).toHaveCount(0);

  await change(page, config, { downscale_backoff_seconds: 1200 });
  for (const tab of ["config", "history"]) {
    await open(page, `/admin/pools/${id}?tab=${tab}`);
    await expect(line).toBeVisible();
  }
  await expectAccessible(page);
  await page.getByRole("link", { name: "See the servers" }).click();
  await expect(page).toHaveURL(/\?tab=servers$/);
  // Which ones they are stands there: the config is at version 2.
  const servers = page.getByRole("group", { name: "Servers" });
  await expect(servers.getByRole("rowheader")).toHaveCount(2);
  await expect(servers.getByRole("row").filter({ hasText: "Version 1" })).toHaveCount(2);
});
