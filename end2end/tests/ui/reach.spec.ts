import type { Page } from "@playwright/test";
import { fakePool, unique } from "../../support/api.ts";
import { adminTest, expect, open } from "../../support/test.ts";

/** What axe does not look at (WCAG 2.2: 1.4.10 and 2.4.11). That targets are large enough (2.5.8) is among its rules. */
const test = adminTest.extend<object, { addresses: Record<string, string> }>({
  addresses: [
    async ({ weir, browser, signedIn }, use) => {
      const page = await browser.newPage({ storageState: signedIn, baseURL: weir.origin });
      await page.goto("/admin");
      const { id, config } = await fakePool(page, unique("Desks"), { max_instances: 2, config: { minimum_available_sessions: 1 } });
      await page.close();
      const step = (word: string) => `/admin/autoscale/${config}/edit?step=${word}`;
      await use({
        overview: "/admin",
        pool: `/admin/pools/${id}`,
        "a step of the wizard": step("connection"),
        "the review": step("review"),
        portal: "/portal",
      });
    },
    { scope: "worker" },
  ],
});

const NAMES = ["overview", "pool", "a step of the wizard", "the review", "portal"];

/** What has the focus: its words, and whether some of it is in sight. Nothing, once all stops of this round are passed. */
const focused = (page: Page, round: string) =>
  page.evaluate((round) => {
    const element = document.activeElement;
    const rounds = ((window as unknown as { rounds?: Record<string, Set<Element>> }).rounds ??= {});
    const passed = (rounds[round] ??= new Set());
    if (!element || element === document.body || passed.has(element)) return undefined;
    passed.add(element);
    const isSeen = [...element.getClientRects()].some((box) => {
      const at = (from: number, length: number, share: number) => from + Math.min(Math.max(length * share, 1), length - 1);
      return [0, 0.5, 1].some((x) =>
        [0, 0.5, 1].some((y) => {
          const top = document.elementFromPoint(at(box.left, box.width, x), at(box.top, box.height, y));
          return top !== null && (element.contains(top) || (top instanceof HTMLLabelElement && top.contains(element)));
        }),
      );
    });
    return { words: element.outerHTML.slice(0, 200), isSeen };
  }, round);

for (const name of NAMES) {
  test(`${name}: what has the focus is in sight, forwards and back`, async ({ page, addresses }) => {
    await open(page, addresses[name]);
    await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
    for (const key of ["Tab", "Shift+Tab"]) {
      let stops = 0;
      await page.keyboard.press(key);
      for (let one = await focused(page, key); one !== undefined; one = await focused(page, key)) {
        expect(one.isSeen, `${key} ${stops}: ${one.words}`).toBe(true);
        stops += 1;
        await page.keyboard.press(key);
      }
      expect(stops).toBeGreaterThan(5);
    }
  });

  for (const direction of ["ltr", "rtl"]) {
    test(`${name}: on 320 pixels nothing is beyond the edge, ${direction}`, async ({ page, addresses }) => {
      await page.setViewportSize({ width: 320, height: 640 });
      await open(page, addresses[name]);
      await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
      await page.evaluate((direction) => void (document.documentElement.dir = direction), direction);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
      // What is cut off does not widen the page either. Tables, code and the console's menu scroll sideways by themselves.
      const beyond = await page.evaluate(() =>
        [...document.querySelectorAll("main *, header *")]
          .filter((one) => one.closest(".table-box, .admin-nav ul, pre, svg, dialog, .visually-hidden, .skip-link, textarea") === null)
          .filter((one) => {
            const { left, right } = one.getBoundingClientRect();
            return right > window.innerWidth + 1 || left < -1;
          })
          .map((one) => one.outerHTML.slice(0, 120)),
      );
      expect(beyond).toEqual([]);
    });
  }
}

test("a page that is gone to begins at its heading, and Tab goes on from there", async ({ page }) => {
  await open(page, "/admin");
  const menu = page.getByRole("navigation", { name: "Admin" });
  for (const [word, first] of [["Pools", "New pool"], ["Providers", "New provider"]]) {
    await menu.getByRole("link", { name: word, exact: true }).focus();
    await page.keyboard.press("Enter");
    const heading = page.getByRole("heading", { level: 1, name: word, exact: true });
    await expect(heading).toBeFocused();
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: first, exact: true })).toBeFocused();
  }
});
