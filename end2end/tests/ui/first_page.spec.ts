import { readFile } from "node:fs/promises";
import { expect, expectAccessible, expectFits, open, test } from "../../support/test.ts";
import { BINARIES } from "../../support/weir.ts";

test("who has not signed in is asked to", async ({ page }) => {
  await open(page, "/");
  await expect(page).toHaveTitle("Sign in · Weir");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
});

test("a theme is shown at once and kept for the next load", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page, "/login");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();

  await page.getByRole("radio", { name: "Dark" }).check();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(await background()).not.toBe(light);

  await open(page, "/login");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();

  await page.getByRole("radio", { name: "Auto" }).check();
  await expect(page.locator("html")).not.toHaveAttribute("data-theme");
  expect(await background()).toBe(light);
});

for (const theme of ["light", "dark"] as const) {
  test(`nobody is shut out in the ${theme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await open(page, "/login");
    await expectAccessible(page);
  });
}

test("nothing is wider than the screen", async ({ page }) => {
  await open(page, "/login");
  await expectFits(page);
});

test("an unknown address has a page with a way back", async ({ page, request }) => {
  expect((await request.get("/no-such-page")).status()).toBe(404);
  // The browser itself reports a page with status 404 as an error, so the way there is a link within the app.
  await open(page, "/login");
  await page.evaluate(() => {
    const link = document.createElement("a");
    link.href = "/no-such-page";
    link.textContent = "Nowhere";
    document.querySelector("main")?.append(link);
  });
  await page.getByRole("link", { name: "Nowhere" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Page not found");
  await page.getByRole("link", { name: "Go to the first page" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
});

test("the gallery is not in what people get", async ({ request }) => {
  expect((await request.get("/gallery")).status()).toBe(404);
  // The browser's half is in the binary too. Both hold the words of every page that they have.
  const binary = await readFile(BINARIES.release);
  expect(binary.includes("Choose what the form goes on with")).toBe(true);
  expect(binary.includes("A question about one of several")).toBe(false);
});

test.describe("without any script", () => {
  test.use({ javaScriptEnabled: false });

  test("the first page is whole", async ({ page }) => {
    await page.goto("/login");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
    await expect(page.getByRole("radio", { name: "Dark" })).toBeDisabled();
  });
});
