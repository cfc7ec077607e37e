import { expect, type Browser, type Page, type Request } from "@playwright/test";
import { api, fakePool, unique } from "../support/api.ts";
import { adminTest as test, open } from "../support/test.ts";
import { figure } from "./figure.ts";

// As many in an hour as are asked for.
test.use({ settings: ["--creates-per-hour", "100000"] });

const SERVERS = 2000;

/** For how long a page is looked at while nothing happens, in milliseconds. */
const QUIET = 5000;

test("a pool of 2,000 servers: the page comes, and follows a change", async ({ page, browser }) => {
  await page.goto("/admin");
  const pool = await fakePool(page, unique("Two thousand"), {
    max_instances: SERVERS,
    config: { minimum_available_sessions: SERVERS, max_simultaneous_sessions_per_server: 1 },
  });
  const running = async () => (await api(page, "GET", `/pools/${pool.id}`)).counts.running as number;
  await expect.poll(running, { timeout: 400_000, intervals: [1000] }).toBe(SERVERS);

  for (const [part, path] of Object.entries({
    overview: `/admin/pools/${pool.id}`,
    servers: `/admin/pools/${pool.id}?tab=servers`,
  })) {
    await page.goto("about:blank");
    const load = await traced(browser, page, async () => {
      await open(page, path);
      await expect(page.getByRole("group", { name: "Servers" }).getByRole("row").nth(1)).toBeVisible();
    });
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    figure(`many_${part}_first_paint`, paint, "ms");
    figure(`many_${part}_load_main_thread`, load.busy, "ms");

    // What the page does while nothing happens, such as counting seconds, is no part of an update.
    await page.waitForTimeout(2000);
    const quiet = await traced(browser, page, () => page.waitForTimeout(QUIET));
    const share = quiet.busy / quiet.length;
    figure(`many_${part}_quiet_main_thread`, share * 1000, "ms/s");
    const first = page.getByRole("group", { name: "Servers" }).getByRole("row").nth(1);
    const link = first.getByRole("link").first();
    const [name, server] = [await link.innerText(), (await link.getAttribute("href"))?.split("/").at(-1)];
    let updates = 0;
    const count = (request: Request) => void (updates += Number(request.url().includes("/ui/fn/server_list")));
    page.on("request", count);
    const live = await traced(browser, page, async () => {
      await api(page, "DELETE", `/servers/${server}`);
      // It goes at once, and another one is made. The page is not looked at meanwhile: that would be work of ours.
      await page.waitForTimeout(2500);
    });
    await expect(page.getByRole("link", { name, exact: true })).toHaveCount(0);
    await expect.poll(running).toBe(SERVERS);
    page.off("request", count);
    // Deleted, gone, asked for, made, ready: what happens within a moment is one update.
    figure(`many_${part}_live_updates`, updates, "updates");
    figure(`many_${part}_live_update_main_thread`, (live.busy - share * live.length) / Math.max(updates, 1), "ms");
  }
});

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  args: { name?: string };
}

/** How long the page's main thread is at work while this is done (the sum of its tasks in a trace), and how long the trace is, in
 * milliseconds. */
async function traced(browser: Browser, page: Page, work: () => Promise<void>): Promise<{ busy: number; length: number }> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter(({ ph, name, args }) => ph === "M" && name === "thread_name" && args.name === "CrRendererMain");
  const busy = mains.map(({ pid, tid }) => {
    const tasks = traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.name === "RunTask");
    return tasks.reduce((sum, { dur = 0 }) => sum + dur, 0) / 1000;
  });
  // A browser keeps a spare process or two, which do nothing.
  const times = traceEvents.filter(({ ts }) => ts > 0).map(({ ts, dur = 0 }) => ({ from: ts, until: ts + dur }));
  const from = times.reduce((first, time) => Math.min(first, time.from), Infinity);
  const until = times.reduce((last, time) => Math.max(last, time.until), 0);
  return { busy: Math.max(...busy), length: (until - from) / 1000 };
}
