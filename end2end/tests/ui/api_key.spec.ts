import { execFileSync } from "node:child_process";
import { unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, expectFits, open } from "../../support/test.ts";

// `quiet` fails this test if the page's script dies on the way, which the page does not show.
test("a new key is shown once, is copied, and works as the page says", async ({ page, context, weir }) => {
  const name = unique("Robot");
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: weir.origin });
  await open(page, "/admin/api-keys");
  await page.getByRole("link", { name: "New key" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("radio", { name: "Admin" }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  await expect(page.getByText(`The text of ${name} is shown this once.`)).toBeVisible();
  const copy = page.getByRole("button", { name: "Copy API key" });
  await expect(copy).toBeEnabled();
  await copy.click();
  await expect(page.getByText("Copied")).toBeVisible();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  expect(key).toMatch(/^weir_/);
  await expectAccessible(page);
  await expectFits(page);

  // The line beside it is one that can be run, and the API it speaks to is described where the link leads.
  const line = (await page.getByLabel("example call", { exact: true }).innerText()).trim();
  expect(line).toBe(`curl -H "Authorization: Bearer ${key}" ${weir.origin}/api/v1/servers`);
  expect(JSON.parse(execFileSync("sh", ["-c", line], { encoding: "utf8", stdio: "pipe" })).items).toEqual([]);
  const manual = page.getByRole("link", { name: "What the API can do" });
  await expect(manual).toHaveAttribute("href", "/docs/api/");

  await page.getByRole("link", { name: "Back to the keys" }).click();
  await expect(page.getByRole("row").filter({ hasText: name })).toBeVisible();
  expect(await page.content()).not.toContain(key);
  await manual.click();
  await expect(page.getByRole("heading", { name: "Weir", level: 1 })).toBeVisible();
  await page.goto("/docs");
  await expect(page).toHaveURL(/\/docs\/api\/$/);
});
