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

  // Every page of the admins says so, and leads back to what it was.
  const told = page.getByRole("status").filter({ hasText: /^Everything is paused for .* by ana: nothing is made and nothing deleted\./ });
  await open(page, "/admin");
  await expect(told).toHaveCount(1);
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox", { name: "Search pages, pools and actions" }).fill("stop");
  await expect(page.getByRole("option", { name: "Pause everything: stop all scaling" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/admin\/providers$/);
  // Here the button that has paused it says so, and nothing else beside it.
  await expect(told).toHaveCount(1);
  await open(page, "/admin/pools?sort=-name");
  await expect(told).toHaveCount(1);
  await expectAccessible(page);
  await expectFits(page);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page).toHaveURL(/\/admin\/pools\?sort=-name$/);
  await expect(page.getByRole("heading", { name: "Pools", level: 1 })).toBeVisible();
  await expect(told).toHaveCount(0);
  // It is live: another admin pauses, and the page that stands open says so.
  await api(page, "POST", "/deployment/pause");
  await expect(told).toHaveCount(1);

  await open(page, "/admin/activity");
  await expect(page.getByText("Paused all scaling").first()).toBeVisible();
  await open(page, "/admin/providers");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(banner).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Pause everything" })).toBeFocused();
  await expect.poll(async () => (await servers()).length, { timeout: 30_000 }).toBe(2);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a page says that everything is paused, and lets it go on", async ({ page }) => {
    await page.goto("/admin/servers");
    await api(page, "POST", "/deployment/pause");
    await page.goto("/admin/servers?q=none");
    await expect(page.getByText(/^Everything is paused since .* UTC by ana: nothing is made and nothing deleted\./)).toBeVisible();
    await page.getByRole("button", { name: "Resume" }).click();
    await expect(page).toHaveURL(/\/admin\/servers\?q=none$/);
    await expect(page.getByText("Everything is paused")).toHaveCount(0);
  });
});
