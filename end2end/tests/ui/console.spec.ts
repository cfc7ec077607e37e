import type { Page } from "@playwright/test";
import { api, change, fakePool } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

let made = 0;

/** A word that nothing else in this Weir has in its name. */
const mark = () => `c${process.pid}x${(made += 1)}z`;

/** A pool of machines in memory that keeps one seat free, of a name that nothing else has. */
const pool = (page: Page) => fakePool(page, `Console ${mark()}`, { max_instances: 2, config: { minimum_available_sessions: 1 } });

/** The decisions about a pool, once there are some. */
async function decisions(page: Page, id: string) {
  const list = async () => (await api(page, "GET", `/decisions?pool_id=${id}`)).items as { id: string; at: string }[];
  await expect(async () => expect((await list()).length).toBeGreaterThan(0)).toPass();
  return list();
}

test("decisions that say the same are one row, which stays open and keeps the focus while it grows", async ({ page }) => {
  await page.goto("/admin");
  const { id, config } = await pool(page);
  const [real] = await decisions(page, id);
  let count = 14;
  // The loop says the same twice in a row only when time goes by, so what it has said is told again and again.
  const told = () =>
    Array.from({ length: count }, (_, at) => ({
      ...real,
      id: `dec_01980000-0000-7000-8000-${String(count - at).padStart(12, "0")}`,
      at: new Date(Date.UTC(2026, 10, 24, 10, 2 * (count - at))).toISOString(),
    }));
  await open(page, `/admin/pools/${id}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.route("**/ui/fn/decision_list", (route) => route.fulfill({ json: { items: told(), next_cursor: null } }));
  await page.getByRole("link", { name: "Decisions", exact: true }).click();
  const cards = page.getByRole("article");
  await expect(cards).toHaveCount(1);
  const row = page.getByText(/^14 times, \d+:\d\d.* to \d+:\d\d/);
  await row.focus();
  await page.keyboard.press("Enter");
  await expect(cards).toHaveCount(15);
  await expectAccessible(page);

  count = 15;
  await change(page, config, { downscale_backoff_seconds: 901 });
  const grown = page.getByText(/^15 times, /);
  await expect(grown).toBeFocused();
  await expect(cards).toHaveCount(16);
  await page.keyboard.press("Enter");
  await expect(cards).toHaveCount(1);
});
