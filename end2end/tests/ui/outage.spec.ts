import type { Page } from "@playwright/test";
import { api, change, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, open, recordNotices, takeClock } from "../../support/test.ts";

// Weir is killed here, so it is shared with no other tests. Over Postgres the next one waits for the lease of the dead one to end.
test.use({ outages: true, settings: ["--lease-seconds", "10"] });

/** What the head of the page says of its events. */
const status = (page: Page, word: "Live" | "Reconnecting") => page.getByText(word, { exact: true });

/** Marks the document, so that one that was loaded again is told from it. */
const mark = (page: Page) => page.evaluate(() => void Object.assign(window, { isMarked: true }));

const isMarked = (page: Page) => page.evaluate(() => "isMarked" in window);

/** The step that a person who waits has come to, or has behind them. */
const waiting = (page: Page) => page.getByRole("listitem").filter({ hasText: "Waiting for a computer" });

/** A pool of desktops that are never up. Who asks for one waits, until [seat] gives them another. */
const slowPool = (page: Page) =>
  fakePool(page, unique("Slow desks"), {
    max_instances: 2,
    boot_millis: 3_600_000,
    config: { connection_type: "rdp", connection_password: "a password", aggressive_scaling: true },
  });

type Pool = Awaited<ReturnType<typeof slowPool>>;

/** Enters a desktop by hand, which is up at once. */
async function seat(page: Page, { id, zone }: Pool): Promise<void> {
  const place = { protocol: "rdp", host: "desk.example", port: 3389 };
  await api(page, "POST", "/servers", {
    data: { name: unique("desk").replace(" ", "-"), pool_id: id, zone_id: zone, username: "people", ...place, limits: { max_sessions: 1, max_users: 1 } },
  });
}

/** The list of a pool's decisions, and the page of a person who waits there, both live and marked. */
async function openBoth(page: Page, pool: Pool) {
  const person = await page.context().newPage();
  const { notices } = await recordNotices(person);
  await open(page, `/admin/pools/${pool.id}?tab=decisions`);
  await open(person, "/portal");
  await person.getByRole("button", { name: `Open ${pool.name}`, exact: true }).click();
  await expect(person).toHaveURL(/\/portal\/sessions\/ses_/);
  await person.getByRole("button", { name: "Tell me when it is ready" }).click();
  await expect(person.getByText("You are told when it is ready")).toBeVisible();
  for (const one of [page, person]) {
    await expect(status(one, "Live")).toBeVisible();
    await mark(one);
  }
  return { person, notices };
}

/** When each decision about a pool that the API lists was made. */
const listed = async (page: Page, id: string): Promise<number[]> =>
  (await api(page, "GET", `/decisions?pool_id=${id}&limit=200`)).items.map(({ at }: { at: string }) => Date.parse(at));

/** The same of those on the page. A row of many shows its newest, and holds all of them folded away. */
const shown = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const rows = [...document.querySelectorAll(".decisions > li")].filter((row) => !row.parentElement?.closest("li"));
    const cards = rows.flatMap((row) => [...row.querySelectorAll(row.querySelector("details.fold") ? "details.fold article" : "article")]);
    return cards.map((card) => Date.parse(card.getAttribute("aria-label")?.replace("Decision of ", "") ?? ""));
  });

/** Both pages show what is true, and neither has been loaded again. */
async function expectCaughtUp(page: Page, { person, notices }: Awaited<ReturnType<typeof openBoth>>, { id, name }: Pool): Promise<void> {
  for (const one of [page, person]) await expect(status(one, "Live")).toBeVisible({ timeout: 30_000 });
  await expect(person.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(async () => {
    const wanted = await listed(page, id);
    expect(wanted.length).toBeGreaterThan(1);
    expect(await shown(page)).toEqual(wanted);
  }).toPass({ timeout: 30_000 });
  expect(await notices()).toEqual([`${name} is ready`]);
  for (const one of [page, person]) expect(await isMarked(one)).toBe(true);
}

// Other tests share the person, who may have only so many.
test.afterEach(async ({ page }) => {
  for (const { id } of (await api(page, "GET", "/sessions")).items) await api(page, "DELETE", `/sessions/${id}`);
});

test("Weir ends and starts again: both pages say so, and catch up", async ({ page, weir }) => {
  await page.goto("/admin");
  const pool = await slowPool(page);
  const both = await openBoth(page, pool);
  await weir.kill();
  for (const one of [page, both.person]) await expect(status(one, "Reconnecting")).toBeVisible();
  // What was there stays, for as long as nothing else is known.
  await expect(waiting(both.person)).toBeVisible();
  await weir.startAgain();
  await seat(page, pool);
  await expectCaughtUp(page, both, pool);
});

test("the network is away for a minute, in which things go on", async ({ page, browser, signedIn, weir }) => {
  const desk = await browser.newPage({ storageState: signedIn, baseURL: weir.origin });
  await desk.goto("/admin");
  const pool = await slowPool(desk);
  await takeClock(page);
  const both = await openBoth(page, pool);

  await page.context().setOffline(true);
  await seat(desk, pool);
  await change(desk, pool.config, { downscale_backoff_seconds: 901 });
  await page.clock.fastForward("01:00");
  for (const one of [page, both.person]) await expect(status(one, "Reconnecting")).toBeVisible();
  await expect(waiting(both.person)).toBeVisible();
  expect(await both.notices()).toEqual([]);

  await page.context().setOffline(false);
  await page.clock.fastForward("00:03");
  await expectCaughtUp(page, both, pool);
  await desk.close();
});

test("a tab that sleeps closes its stream, and catches up when it is seen again", async ({ page, browser, signedIn, weir }) => {
  const desk = await browser.newPage({ storageState: signedIn, baseURL: weir.origin });
  await desk.goto("/admin");
  const pool = await slowPool(desk);
  await takeClock(page);
  let streams = 0;
  page.on("request", (request) => (streams += Number(new URL(request.url()).pathname === "/api/v1/events")));
  const both = await openBoth(page, pool);
  const hide = async (isHidden: boolean) => {
    for (const one of [page, both.person]) {
      await one.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: isHidden });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      }, isHidden);
    }
  };

  // Who only looks aside keeps it.
  await hide(true);
  await page.clock.fastForward("00:20");
  await hide(false);
  await page.clock.fastForward("00:20");
  await expect(status(page, "Live")).toBeVisible();

  await hide(true);
  await page.clock.fastForward("00:31");
  await expect(status(page, "Reconnecting")).toBeAttached();
  const before = streams;
  await seat(desk, pool);
  await change(desk, pool.config, { downscale_backoff_seconds: 901 });
  await page.clock.fastForward("10:00");
  expect(streams).toBe(before);

  await hide(false);
  await expectCaughtUp(page, both, pool);
  expect(streams).toBe(before + 1);
  await desk.close();
});

test("what a proxy says in the stead of Weir is not believed", async ({ page }) => {
  await page.goto("/admin");
  let isAway = true;
  for (const form of ["**/api/v1/events*", "**/ui/fn/**"]) {
    await page.route(form, (route) =>
      isAway ? route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }) : route.continue(),
    );
  }
  await open(page, "/admin/pools");
  await expect(status(page, "Reconnecting")).toBeVisible();
  await page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name: "Zones" }).click();
  await expect(page.getByText("Loading", { exact: true })).toBeVisible();
  isAway = false;
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0, { timeout: 15_000 });
  await expect(page.getByRole("heading", { level: 1, name: "Zones" })).toBeVisible();
  await expect(status(page, "Live")).toBeVisible({ timeout: 15_000 });
});

test.describe("signed out", () => {
  test.use({ refusals: true });

  test("a page whose sign-in has ended says that it is not live, and asks no more", async ({ page }) => {
    await takeClock(page);
    await open(page, "/admin/zones");
    await expect(status(page, "Live")).toBeVisible();
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await page.clock.fastForward("00:46");
    await expect(page.getByText("Not live", { exact: true })).toBeVisible();
    let asked = 0;
    page.on("request", () => (asked += 1));
    await page.clock.fastForward("10:00");
    await expect(page.getByText("Not live", { exact: true })).toBeVisible();
    expect(asked).toBe(0);
    await page.context().addCookies(cookies);
  });
});
