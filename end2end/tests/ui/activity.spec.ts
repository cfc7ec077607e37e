import { api, change, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

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

test("the last edit of a config can be undone, and no other", async ({ page }) => {
  await page.goto("/admin");
  const { name, config } = await fakePool(page, unique("Desks"), {
    max_instances: 2,
    config: { enabled: false, minimum_available_sessions: 1 },
  });
  for (const minimum_available_sessions of [2, 3]) await change(page, config, { minimum_available_sessions });

  await open(page, `/admin/activity?target=${config}`);
  const undo = page.getByRole("button", { name: `Undo the change of ${name}` });
  const edit = (line: string) => page.getByRole("row").filter({ hasText: line });
  await expect(undo).toHaveCount(1);
  await edit("Minimum Available Sessions: 2 → 3").getByRole("button").click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Set ${name} back?`);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Set back" }).click();

  // What was set back is the last edit now; the row that was used says so no longer.
  await expect(edit("Minimum Available Sessions: 3 → 2").getByRole("button")).toHaveText("Undo");
  await expect(undo).toHaveCount(1);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  expect(await api(page, "GET", `/autoscale-configs/${config}`)).toMatchObject({ minimum_available_sessions: 2 });
});

test("a change of a provider says what was changed", async ({ page }) => {
  await page.goto("/admin");
  const { id, version, name } = await api(page, "POST", "/providers", {
    data: { name: unique("Rack"), kind: "fake", max_instances: 2, settings: { boot_millis: 0 } },
  });
  const data = { name, kind: "fake", max_instances: 5, startup_script: "#!/bin/sh\n", settings: { boot_millis: 7 } };
  await api(page, "PUT", `/providers/${id}`, { data, version });

  await open(page, `/admin/activity?target=${id}`);
  const edit = page.getByRole("row", { name: `Changed provider ${name}` });
  for (const line of ["Max Instances: 2 → 5", "Boot time: 0 → 7", "Startup Script: changed"]) {
    await expect(edit.getByRole("listitem").filter({ hasText: line })).toBeVisible();
  }
});
