import { writeFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { api } from "../../support/api.ts";
import { gatedPool } from "../../support/gated_pool.ts";
import { ADMIN, adminTest as test, expect, expectAccessible } from "../../support/test.ts";

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
  // What the browser would show on the screen.
  await page.addInitScript(() => {
    const shown: string[] = [];
    class Shown {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(text: string) {
        shown.push(text);
      }
    }
    Object.assign(window, { shown, Notification: Shown });
  });
  await page.goto("/portal");
  const pool = await gatedPool(page, weir.data, true);
  await page.goto("/portal");
  await opener(page, pool.name).click();
  await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
  await page.getByRole("button", { name: "Tell me when it is ready" }).click();
  await expect(page.getByText("You are told when it is ready")).toBeVisible();
  await expectAccessible(page);
  const shown = () => page.evaluate(() => (window as unknown as { shown: string[] }).shown);
  expect(await shown()).toEqual([]);
  await writeFile(pool.gate, "");
  await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
  expect(await shown()).toEqual([`${pool.name} is ready`]);
  await page.getByRole("button", { name: /^End/ }).click();
  await expect(page.getByText("You ended this session.")).toBeVisible();
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

test.describe("without any script", () => {
  test.use({ javaScriptEnabled: false, storageState: undefined });

  test("signing in, opening, waiting and no longer wanting to", async ({ page, weir, signedIn, browser }) => {
    const admin = await browser.newPage({ storageState: signedIn, baseURL: weir.origin });
    await admin.goto("/admin");
    const pool = await gatedPool(admin, weir.data, true);
    await admin.close();

    await page.goto("/login");
    await page.getByLabel("Name").fill(ADMIN.name);
    await page.getByLabel("Password").fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.goto("/portal");
    await opener(page, pool.name).click();
    await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
    // The page loads itself again until the computer has said something.
    await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
    await page.getByRole("button", { name: /^(Cancel|Stop)/ }).click();
    await expect(page.getByText("You stopped waiting.")).toBeVisible();
    await page.goto("/portal");
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  });
});
