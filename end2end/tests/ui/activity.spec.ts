import { api, change } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

test("an edit says who changed what, and can be taken back", async ({ page }) => {
  await page.goto("/admin");
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const zone = await create("/zones", { name: "Here", upstream_auth_address: "weir.example" });
  const provider = await create("/providers", { name: "Cloud", kind: "fake", max_instances: 2, settings: {} });
  const pool = await create("/pools", { name: "Desks", description: "" });
  const config = await create("/autoscale-configs", {
    name: "Desks by day",
    pool_id: pool,
    deployment_zone_id: zone,
    provider_id: provider,
    connection_type: "ssh",
    connection_username: "people",
    enabled: false,
  });
  await change(page, config, { minimum_available_sessions: 2 });

  await open(page, `/admin/pools/${pool}?tab=config`);
  await page.getByRole("link", { name: "What was changed" }).click();
  await expect(page).toHaveURL(new RegExp(`target=${config}`));
  const edit = page.getByRole("row", { name: /Changed scaling config Desks by day/ });
  await expect(edit).toHaveCount(1);
  await expect(edit).toContainText("ana");
  await expect(edit).toContainText("Minimum Available Sessions: 0 → 2");
  await edit.getByRole("button", { name: "Undo the change of Desks by day" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Set back" }).click();
  await expect(page.getByRole("row", { name: /Restored scaling config Desks by day/ })).toHaveCount(1);
  await expect(page.getByText("Minimum Available Sessions: 2 → 0")).toBeVisible();
  expect((await api(page, "GET", `/autoscale-configs/${config}`)).minimum_available_sessions).toBe(0);

  await page.getByRole("link", { name: "Show everything" }).click();
  await expect(page.getByRole("row", { name: /Created pool Desks/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /Created zone Here/ })).toBeVisible();
});
