import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import axe from "axe-core";
import { api, unique } from "./api.ts";
import { createDatabase } from "./postgres.ts";
import { startWeir, type Weir } from "./weir.ts";

/** What the projects of the configuration set. */
export interface Options {
  /** Where the Weir under test keeps its data. */
  database: "sqlite" | "postgres";
  /** What else Weir is told on its command line. */
  settings: string[];
}

/** What a file of tests sets, where it is not about what people get. */
interface Built {
  /** Which binary is under test. */
  build: "release" | "debug";
}

/** Every UI test imports `test` from here: it serves a Weir of its own to each worker, and fails on what a page says aside.
 * A test that asks for things that the server refuses says so: `test.use({ refusals: true })`; so does one in which the server is
 * not reached: `test.use({ outages: true })`. */
export const test = base.extend<{ quiet: void; refusals: boolean; outages: boolean }, Options & Built & { weir: Weir }>({
  refusals: [false, { option: true }],

  outages: [false, { option: true }],

  database: ["sqlite", { option: true, scope: "worker" }],

  build: ["release", { option: true, scope: "worker" }],

  settings: [[], { option: true, scope: "worker" }],

  weir: [
    async ({ build, database, settings }, use, { workerIndex }) => {
      const made = database === "postgres" ? await createDatabase(`end2end_${process.pid}_${workerIndex}`) : undefined;
      const weir = await startWeir(build, ...settings, ...(made ? ["--database-url", made.url] : []));
      await use(weir);
      await weir.stop();
      await made?.drop();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ weir }, use) => use(weir.origin),

  // A page may look right while its script is dead, so whatever it complains about fails the test.
  quiet: [
    async ({ context, weir, refusals, outages, javaScriptEnabled }, use) => {
      const complaints: string[] = [];
      context.on("console", (message) => {
        // The browser reports each refused call by itself.
        const isRefusal = /^Failed to load resource: .* status of 4\d\d/.test(message.text());
        const isOutage = /^Failed to load resource: (net::ERR_|.* status of 50[234])/.test(message.text());
        // Without scripts nobody uses what a page has loaded ahead for them.
        const isUnused = /was preloaded using link preload but not used/.test(message.text());
        const isExpected = (refusals && isRefusal) || (outages && isOutage) || ((outages || !javaScriptEnabled) && isUnused);
        if ((message.type() === "error" || message.type() === "warning") && !isExpected) {
          complaints.push(`console ${message.type()}: ${message.text()}`);
        }
      });
      context.on("weberror", (error) => {
        const text = `page error: ${error.error()}`;
        // So says the start script where the module does not come.
        if (!(outages && /: TypeError: Failed to fetch$/.test(text))) complaints.push(text);
      });
      context.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(`${weir.origin}/`) && !url.startsWith("data:") && !url.startsWith("blob:")) {
          complaints.push(`foreign request: ${url}`);
        }
      });
      await use();
      expect(complaints, "what the pages complained about").toEqual([]);
    },
    { auto: true },
  ],
});

/** Somebody with a browser of their own. */
export interface Person {
  /** What they are called. */
  name: string;
  /** What they look at: the first page of their role, to begin with. */
  page: Page;
}

/** The same with the first admin signed in. `signIn` makes other people, who are signed in elsewhere. */
export const adminTest = test.extend<{ signIn: (role: "admin" | "user") => Promise<Person> }, { signedIn: State }>({
  signedIn: [
    async ({ weir, browser }, use) => {
      const page = await browser.newPage();
      await page.goto(await weir.setupLink());
      await page.getByLabel("Name").fill(ADMIN.name);
      await page.getByLabel("Password").fill(ADMIN.password);
      await page.getByRole("button", { name: "Create admin" }).click();
      await expect(page).toHaveURL(/\/admin$/);
      const state = await page.context().storageState();
      await page.close();
      await use(state);
    },
    { scope: "worker" },
  ],
  storageState: async ({ signedIn }, use) => use(signedIn),
  signIn: async ({ browser, weir, signedIn }, use) => {
    const contexts: BrowserContext[] = [];
    const begin = async (storageState?: State) => {
      const context = await browser.newContext({ baseURL: weir.origin, storageState });
      contexts.push(context);
      return context.newPage();
    };
    await use(async (role) => {
      const admin = await begin(signedIn);
      await admin.goto("/admin");
      const [name, password] = [unique("person").replace(" ", "-"), "correct horse battery"];
      await api(admin, "POST", "/users", { data: { name, role, password } });
      await admin.close();
      const page = await begin({ cookies: [], origins: [] });
      await page.goto("/login");
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL(role === "admin" ? /\/admin$/ : /\/portal$/);
      return { name, page };
    });
    for (const context of contexts) await context.close();
  },
});

/** The admin whom [adminTest] signs in. */
export const ADMIN = { name: "ana", password: "correct horse battery" };

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

export { expect };

/** Opens a page and waits until the browser's half has taken it over. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
}

/** Holds back what is asked for at addresses of this form, until it is let go. */
export async function holdBack(page: Page, form: string): Promise<{ letGo(): void }> {
  let letGo = () => {};
  const gone = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(form, async (route) => {
    await gone;
    await route.continue();
  });
  return { letGo };
}

/** Takes over the clock of the pages that are opened from now on (`page.clock`). Its ids of timers do not fit into the integers that
 * the browser's own are, and that leptos keeps, so that no timer could be cleared: here they do. */
export async function takeClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.context().addInitScript(() => {
    const { setTimeout, clearTimeout } = window;
    const ids: number[] = [];
    const set = (act: () => void, millis?: number) => ids.push(setTimeout(act, millis));
    const clear = (id: number) => clearTimeout(ids[id - 1]);
    Object.assign(window, { setTimeout: set, clearTimeout: clear });
  });
}

/** Keeps what the browser would show outside of the page; `notices` gives it. It has to be asked for before a page is opened. */
export async function recordNotices(page: Page): Promise<{ notices(): Promise<string[]> }> {
  await page.addInitScript(() => {
    const shown: string[] = [];
    class Shown {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(text: string) {
        shown.push(text);
      }
    }
    Object.assign(window, { shown, Notification: Shown });
  });
  return { notices: () => page.evaluate(() => (window as unknown as { shown: string[] }).shown) };
}

/** Opens the menu that holds what the head of a page has no room for on a narrow screen; on a wide one all of it is there. */
export async function openMenu(page: Page): Promise<void> {
  const menu = page.getByRole("button", { name: /^Menu of / });
  if (await menu.isVisible()) await menu.click();
}

/** Checks that nothing on the page is wider than the screen. */
export async function expectFits(page: Page): Promise<void> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(beyond, "what is wider than the screen").toBeLessThanOrEqual(0);
}

/** Checks the page as it is now against WCAG 2.0 to 2.2, levels A and AA; of it `colours` alone, where nothing else has changed. */
export async function expectAccessible(page: Page, what: "everything" | "colours" = "everything"): Promise<void> {
  // Once for each document: axe is half a megabyte, and no page of Weir holds another document that would need it too.
  if (await page.evaluate(() => !("axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async (what) => {
    const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const rules = axe
      .getRules(levels)
      .filter(({ tags }) => what === "everything" || tags.includes("cat.color"))
      .map(({ ruleId }) => ruleId);
    const { violations, passes } = await axe.run({ runOnly: { type: "rule", values: rules }, resultTypes: ["violations"] });
    const list = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    return passes.length > 0 ? list : [...list, "no rule had anything to look at"];
  }, what);
  expect(found, "axe violations").toEqual([]);
}
