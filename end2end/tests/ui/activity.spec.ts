import { api, change, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

test("a config leads to what was done to it, and from there to everything that was done", async ({ page }) => {
  await page.goto("/admin");
  const { id, name, config } = await fakePool(page, unique("Desks"), { max_instances: 2, config: { enabled: false } });
  await change(page, config, { minimum_available_sessions: 2 });

  await open(page, `/admin/pools/${id}?tab=config`);
  await page.getByRole("link", { name: "What was changed" }).click();
  await expect(page).toHaveURL(new RegExp(`target=${config}`));
  const rows = page.getByRole("group", { name: "Activity" }).getByRole("rowheader");
  await expect(rows).toHaveCount(2);
  await expect(page.getByRole("row", { name: `Changed scaling config ${name}` })).toContainText("ana");

  await page.getByRole("link", { name: "Show everything" }).click();
  await expect(page.getByRole("row", { name: `Created pool ${name}` })).toBeVisible();
  await expect(page.getByRole("row", { name: `Created zone ${name}` })).toBeVisible();
});
