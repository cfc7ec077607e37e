import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, expectFits, open } from "../../support/test.ts";

test("an admin pauses everything, and nothing is made until it is resumed", async ({ page }) => {
  await page.goto("/admin");
  const { id } = await fakePool(page, unique("Held"), { max_instances: 3, config: { minimum_available_sessions: 1 } });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; state: string }[];
  await expect.poll(async () => (await servers()).map(({ state }) => state), { timeout: 30_000 }).toEqual(["running"]);

  await open(page, "/admin/providers");
  await page.getByRole("button", { name: "Pause everything" }).click();
  const banner = page.getByRole("status").filter({ hasText: "Everything is paused" });
  await expect(banner).toContainText("nothing is made and nothing deleted. People still get free seats.");
  await expect(page.getByRole("button", { name: "Resume" })).toBeFocused();
  await expectAccessible(page);
  await expectFits(page);

  // The free seat is given, and the next is not made: the pool says why.
  const session = await api(page, "POST", "/sessions", { data: { pool_id: id } });
  expect(session.state).toBe("assigned");
  await open(page, `/admin/pools/${id}`);
  await expect(page.getByText("1 more server is held back: everything is paused").first()).toBeVisible({ timeout: 30_000 });
  expect(await servers()).toHaveLength(1);

  await open(page, "/admin/activity");
  await expect(page.getByText("Paused all scaling").first()).toBeVisible();
  await open(page, "/admin/providers");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(banner).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Pause everything" })).toBeFocused();
  await expect.poll(async () => (await servers()).length, { timeout: 30_000 }).toBe(2);
});
