import { api, change, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

// The browser reports the refused save by itself.
test.use({ refusals: true });

test("two people change the same config, and nothing of either is lost", async ({ page }) => {
  await page.goto("/admin");
  const { id: pool, config } = await fakePool(page, unique("Desks by night"), {
    max_instances: 2,
    config: { enabled: false, minimum_available_sessions: 0, max_simultaneous_sessions_per_server: 1 },
  });
  await open(page, `/admin/autoscale/${config}/edit?step=capacity`);
  await page.getByLabel("Minimum Available Sessions").fill("3");
  await page.getByLabel("Max Simultaneous Sessions Per Server").fill("4");
  await change(page, config, { minimum_available_sessions: 1, connection_username: "staff" });

  await page.getByRole("button", { name: "Review" }).click();
  await page.getByRole("button", { name: "Save scaling" }).click();
  const clash = page.getByRole("region", { name: "Somebody else has saved this since you began" });
  await expect(clash).toBeFocused();
  await expect(clash.getByRole("row", { name: /Connection Username/ })).toContainText("staff");
  const both = clash.getByRole("row", { name: /Minimum Available Sessions/ });
  for (const text of ["0 sessions", "1 session", "3 sessions", "You too"]) await expect(both).toContainText(text);
  await expectAccessible(page);

  // What is typed while the choice stands there counts too.
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Capacity" }).click();
  await page.getByLabel("Minimum Available Sessions").fill("5");
  await expect(both).toContainText("5 sessions");
  await clash.getByRole("button", { name: "Keep both, mine where we differ" }).click();
  await expect(clash).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Capacity" })).toBeFocused();
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  await page.getByRole("button", { name: "Save scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${pool}$`));
  expect(await api(page, "GET", `/autoscale-configs/${config}`)).toMatchObject({
    minimum_available_sessions: 5,
    max_simultaneous_sessions_per_server: 4,
    connection_username: "staff",
  });
});
