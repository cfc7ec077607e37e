import { api } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

test.use({ refusals: true });

test("an answer that comes after its event still leads on", async ({ page }) => {
  await page.goto("/admin");
  const pool = (await api(page, "POST", "/pools", { data: { name: "Deleted late", description: "" } })).id as string;
  await open(page, `/admin/pools/${pool}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  // The pool is deleted and the page hears of it, so that the view that asked is gone; only then the answer comes.
  await page.route("**/ui/fn/pool_delete", async (route) => {
    const answer = await route.fetch();
    await expect(page.getByRole("heading", { level: 1, name: "Not found" })).toBeVisible();
    await route.fulfill({ response: answer });
  });
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete pool" }).click();
  await expect(page).toHaveURL(/\/admin\/pools$/);
  await expect(page.getByRole("heading", { level: 1, name: "Pools" })).toBeVisible();
});
