import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** The name of a new pool of desktops in memory, which publishes an app. */
async function desktops(page: Page): Promise<string> {
  await page.goto("/admin");
  const { name } = await fakePool(page, unique("Windows"), {
    max_instances: 2,
    apps: [{ key: "ledger", name: "Ledger", program: "||ledger", arguments: "/today" }],
    config: { connection_type: "rdp", connection_password: "a password", minimum_available_sessions: 1 },
  });
  return name;
}

/** Opens something in the portal, and waits for the computer. */
async function connect(page: Page, button: string): Promise<void> {
  await open(page, "/portal");
  await page.getByRole("button", { name: button, exact: true }).click();
  await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
  await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
}

/** The text of the file that the session's page gives. */
async function rdpFile(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `Download .rdp file ${name}` }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("session.rdp");
  return readFile(await download.path(), "utf8");
}

// Other tests share the person, who may have only so many.
test.afterEach(async ({ page }) => {
  for (const { id } of (await api(page, "GET", "/sessions")).items) await api(page, "DELETE", `/sessions/${id}`);
});

test("a desktop shows its password when asked to, and gives a file that holds none", async ({ page }) => {
  const name = await desktops(page);
  await connect(page, `Open ${name}`);
  await expect(page.getByText("a password")).toHaveCount(0);
  await page.getByRole("button", { name: "Show credentials" }).click();
  await expect(page.getByLabel("user name", { exact: true })).toHaveText("people");
  await expect(page.getByLabel("password", { exact: true })).toHaveText("a password");
  await expectAccessible(page);

  const file = await rdpFile(page, name);
  expect(file).toMatch(/^full address:s:10\.\d+\.\d+\.\d+:3389\r\nusername:s:people\r\n/);
  expect(file).toContain("screen mode id:i:2\r\n");
  expect(file).not.toContain("a password");

  // Neither the file nor the session's own news takes away what is being read.
  await expect(page.getByLabel("password", { exact: true })).toHaveText("a password");
  await page.getByRole("button", { name: "Hide", exact: true }).click();
  await expect(page.getByText("a password")).toHaveCount(0);
});

test("a published app is opened alone: the portal and the file name it", async ({ page }) => {
  const name = await desktops(page);
  await connect(page, `Open Ledger of ${name}`);
  const file = await rdpFile(page, name);
  const app = ["remoteapplicationmode:i:1", "remoteapplicationname:s:Ledger", "remoteapplicationprogram:s:||ledger"];
  expect(file).toContain([...app, "remoteapplicationcmdline:s:/today", ""].join("\r\n"));
  expect(file).not.toContain("screen mode id");
  await open(page, "/portal");
  await expect(page.getByRole("heading", { name: `${name} · ledger`, exact: true })).toBeVisible();
});
