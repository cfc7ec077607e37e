import { writeFile } from "node:fs/promises";
import type { Browser, BrowserContextOptions, Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { gatedPool } from "../../support/gated_pool.ts";
import { ADMIN, adminTest as test, expect, expectAccessible, openMenu, recordNotices } from "../../support/test.ts";
import type { Weir } from "../../support/weir.ts";

const opener = (page: Page, name: string) => page.getByRole("button", { name: `Open ${name}`, exact: true });

test("a person waits, sees what the computer says of itself, and gets it", async ({ page, weir }) => {
  await page.goto("/portal");
  const pool = await gatedPool(page, weir.data, true);
  await page.goto("/portal");
  await opener(page, pool.name).click();
  await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
  await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("progressbar", { name: "Preparing a computer" })).toHaveAttribute("value", "58");
  await expect(page).toHaveTitle(/^58 % · /);
  await expectAccessible(page);
  await page.getByText("Why am I waiting?").click();

  // The place is kept while the page is closed.
  const address = page.url();
  await page.goto("/portal");
  await page.goto(address);
  await expect(page.getByText("Installing updates")).toBeVisible();
  await writeFile(pool.gate, "");
  await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
  await page.getByRole("button", { name: /^End/ }).click();
  await expect(page.getByText("You ended this session.")).toBeVisible();
});

test("who looks at something else is told when the computer is ready", async ({ page, weir }) => {
  const { notices } = await recordNotices(page);
  await page.goto("/portal");
  const pool = await gatedPool(page, weir.data, true);
  await page.goto("/portal");
  await opener(page, pool.name).click();
  await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
  await page.getByRole("button", { name: "Tell me when it is ready" }).click();
  await expect(page.getByText("You are told when it is ready")).toBeVisible();
  await expectAccessible(page);
  expect(await notices()).toEqual([]);
  await writeFile(pool.gate, "");
  await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
  expect(await notices()).toEqual([`${pool.name} is ready`]);
  await page.getByRole("button", { name: /^End/ }).click();
  await expect(page.getByText("You ended this session.")).toBeVisible();
});

test("who waits behind a limit is told so, and admins what holds the pool back", async ({ page }) => {
  await page.goto("/admin");
  const { id, name } = await fakePool(page, unique("Small"), { max_instances: 1, config: { minimum_available_sessions: 0 } });
  const ask = async () => (await api(page, "POST", "/sessions", { data: { pool_id: id } })).id as string;
  const [first, second] = [await ask(), await ask()];
  await expect(async () => expect((await api(page, "GET", `/sessions/${first}`)).state).toBe("assigned")).toPass({ timeout: 30_000 });
  await page.goto(`/portal/sessions/${second}`);
  await page.getByText("Why am I waiting?").click();
  await expect(page.getByText("All computers of this pool are taken, and there may be no more of them.")).toBeVisible();
  await page.goto("/admin/queue");
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("the limit of 1 instance of the provider config is reached with 1");
  for (const session of [second, first]) await api(page, "DELETE", `/sessions/${session}`);
});

test.describe("with nothing coming", () => {
  test.use({ refusals: true });

  test("a person is told so and does not wait", async ({ page, weir }) => {
    await page.goto("/portal");
    const pool = await gatedPool(page, weir.data, false);
    expect(await api(page, "POST", "/sessions", { data: { pool_id: pool.id }, status: 409 })).toMatchObject({ code: "no_capacity_coming" });
    await page.goto("/portal");
    await opener(page, pool.name).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page).toHaveURL(/\/portal(\?|$)/);
    await expectAccessible(page);
  });
});

/** The same made by the admin in a browser of their own, while the person has not signed in. */
async function gatedPoolOf(browser: Browser, storageState: BrowserContextOptions["storageState"], weir: Weir) {
  const admin = await browser.newPage({ storageState, baseURL: weir.origin });
  await admin.goto("/admin");
  const pool = await gatedPool(admin, weir.data, true);
  await admin.close();
  return pool;
}

async function signIn(page: Page): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("Name").fill(ADMIN.name);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

for (const [how, options] of Object.entries({
  "without any script": { javaScriptEnabled: false },
  "with a module that does not come": { outages: true },
})) {
  test.describe(how, () => {
    test.use({ ...options, storageState: undefined });

    test.beforeEach(async ({ page, javaScriptEnabled }) => {
      if (javaScriptEnabled) await page.route("**/*.wasm", (route) => route.abort());
    });

    test("signing in, opening, waiting, connecting, ending and signing out", async ({ page, weir, signedIn, browser }) => {
      const pool = await gatedPoolOf(browser, signedIn, weir);
      await signIn(page);
      await page.goto("/portal");
      await opener(page, pool.name).click();
      await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
      // The page loads itself again: until the computer has said something, and until it is there.
      await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
      await writeFile(pool.gate, "");
      await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
      await expect(page.locator("pre").filter({ hasText: /^ssh / })).toBeVisible();
      await page.getByRole("button", { name: /^End/ }).click();
      await expect(page.getByText("You ended this session.")).toBeVisible();
      await page.getByRole("link", { name: "Back to the portal" }).click();
      await expect(opener(page, pool.name)).toBeEnabled();
      await openMenu(page);
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
    });

    test("signing in, opening, waiting and no longer wanting to", async ({ page, weir, signedIn, browser }) => {
      const pool = await gatedPoolOf(browser, signedIn, weir);
      await signIn(page);
      await page.goto("/portal");
      await opener(page, pool.name).click();
      await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
      await page.getByRole("button", { name: /^(Cancel|Stop)/ }).click();
      await expect(page.getByText("You stopped waiting.")).toBeVisible();
    });
  });
}
