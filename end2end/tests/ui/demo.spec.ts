import type { Page } from "@playwright/test";
import { api } from "../../support/api.ts";
import { adminTest, expect, expectAccessible, open } from "../../support/test.ts";

/** A Weir of its own, in which the demo was made as its first page offers it. */
const test = adminTest.extend<object, { pool: string }>({
  pool: [
    async ({ weir, browser, signedIn }, use) => {
      const context = await browser.newContext({ storageState: signedIn, baseURL: weir.origin });
      const page = await context.newPage();
      await open(page, "/admin");
      await page.getByRole("button", { name: "Try it on this machine" }).click();
      await expect(page).toHaveURL(/\/admin\/pools\/pool_/);
      const pool = new URL(page.url()).pathname;
      await context.close();
      await use(pool);
    },
    { scope: "worker" },
  ],
});

/** A line of the checklist. */
const line = (page: Page, name: string) => page.getByRole("list", { name: "Checklist" }).getByRole("listitem").filter({ hasText: name });

// Pressing twice is refused, and so is what is asked of a pool that has gone.
test.use({ refusals: true });

test("the demo is looked at, filled, broken and removed", async ({ page, pool }) => {
  test.setTimeout(240_000);
  await open(page, pool);
  for (const name of ["Launch a session", "See it scale", "Read why"]) await expect(line(page, name)).toContainText("To do");
  await expect(line(page, "Server ready")).toContainText("Done", { timeout: 60_000 });
  await expectAccessible(page);

  // The one server is taken away, so that the next is made, which fails.
  await page.getByRole("button", { name: "Break something" }).click();
  await expect(page.getByText("The next server that is made for the demo fails.")).toBeVisible();
  await page.reload();
  await expect(page.getByText("The next server that is made for the demo fails.")).toBeVisible();
  const id = pool.split("/").at(-1);
  const servers = (await api(page, "GET", `/servers?pool_id=${id}`)).items;
  await api(page, "DELETE", `/servers/${servers[0].id}`);
  await expect(page.getByText("Broken on purpose").first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("Another server has become ready since.")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("The next server that is made for the demo fails.")).toHaveCount(0);

  await line(page, "Launch a session").getByRole("link", { name: "To the portal" }).click();
  await page.getByRole("button", { name: /^Open / }).click();
  await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
  await open(page, pool);
  await expect(line(page, "Launch a session")).toContainText("Done", { timeout: 60_000 });

  const send = page.getByRole("button", { name: "Send 12 visitors" });
  await send.click();
  await expect(page.getByText("12 visitors came.")).toBeVisible();
  await send.click();
  await expect(page.getByRole("alert")).toContainText("still wait");
  await page.getByRole("navigation", { name: "Parts of the pool" }).getByRole("link", { name: "Queue" }).click();
  await expect(page.getByRole("group", { name: "Queue" })).toContainText("Visitor");
  await expectAccessible(page);
  await expect(line(page, "See it scale")).toContainText("Done", { timeout: 60_000 });

  await line(page, "Read why").getByRole("link", { name: "To the decisions" }).click();
  await expect(line(page, "Read why")).toContainText("Done");
  await page.getByRole("button", { name: "Hide this list" }).click();
  await expect(page.getByRole("list", { name: "Checklist" })).toHaveCount(0);
  await open(page, "/admin/users");
  await expect(page.getByText("12 visitors of the demo")).toBeVisible();
  await expect(page.getByText("Visitor 1", { exact: true })).toHaveCount(0);

  await open(page, pool);
  await expect(page.getByRole("list", { name: "Checklist" })).toHaveCount(0);
  await page.getByRole("button", { name: "Remove the demo" }).click();
  const dialog = page.getByRole("dialog").filter({ hasText: "Remove the demo?" });
  await expect(dialog).toContainText("12 visitors");
  await expect(dialog).toContainText("The provider This machine goes.");
  await dialog.getByRole("button", { name: "Remove all of it" }).click();
  await expect(page.getByRole("heading", { name: "The demo is being removed" })).toBeVisible();
  await expect(page).toHaveURL(/\/admin\/pools$/, { timeout: 120_000 });
  await expect(page.getByText("There is no pool yet.")).toBeVisible();
  for (const path of ["/servers", "/sessions", "/providers", "/zones", "/autoscale-configs"]) {
    expect((await api(page, "GET", path)).items, path).toEqual([]);
  }
  expect((await api(page, "GET", "/users")).items.map(({ name }: { name: string }) => name)).toEqual(["ana"]);
  await open(page, "/admin");
  await expect(page.getByRole("button", { name: "Try it on this machine" })).toBeEnabled();
});
