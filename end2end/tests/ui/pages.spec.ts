import type { Page } from "@playwright/test";
import { api } from "../../support/api.ts";
import { adminTest, expect, expectAccessible, expectFits, holdBack, open } from "../../support/test.ts";

/** The addresses of things that have been made, by the words that stand for them below. */
type Made = Record<string, string>;

/** Every page with something on it is looked at in a Weir in which everything has happened once. */
const full = adminTest.extend<object, { made: Made }>({
  made: [
    async ({ weir, browser, signedIn }, use) => {
      const context = await browser.newContext({ storageState: signedIn, baseURL: weir.origin });
      const page = await context.newPage();
      await page.goto("/admin");
      await use(await fill(page));
      await context.close();
    },
    { scope: "worker" },
  ],
});

/** The pages, as a person reaches them; `{word}` stands for the id of something. */
const PAGES: Record<string, string> = {
  "sign in": "/login",
  "set-up without a link": "/setup",
  "set-up by a link": "/setup?token=0123456789abcdef",
  problems: "/docs/problems",
  reasons: "/docs/reasons",
  portal: "/portal",
  "a session that waits": "/portal/sessions/{waiting}",
  "a session to connect to": "/portal/sessions/{desktop}",
  "a shell to connect to": "/portal/sessions/{shell}",
  "a session that is over": "/portal/sessions/{ended}",
  profile: "/portal/profile",
  overview: "/admin",
  pools: "/admin/pools",
  servers: "/admin/servers",
  orphans: "/admin/orphans",
  sessions: "/admin/sessions",
  queue: "/admin/queue",
  activity: "/admin/activity",
  "new pool": "/admin/pools/new",
  "pool: overview": "/admin/pools/{pool}",
  "pool: servers": "/admin/pools/{pool}?tab=servers",
  "pool: sessions": "/admin/pools/{pool}?tab=sessions",
  "pool: queue": "/admin/pools/{pool}?tab=queue",
  "pool: decisions": "/admin/pools/{pool}?tab=decisions",
  "pool: config": "/admin/pools/{pool}?tab=config",
  "pool: history": "/admin/pools/{pool}?tab=history",
  "change pool": "/admin/pools/{pool}/edit",
  "scaling: basics": "/admin/autoscale/{config}/edit?step=basics",
  "scaling: connection": "/admin/autoscale/{config}/edit?step=connection",
  "scaling: capacity": "/admin/autoscale/{config}/edit?step=capacity",
  "scaling: readiness": "/admin/autoscale/{config}/edit?step=readiness",
  "scaling: provider": "/admin/autoscale/{config}/edit?step=provider",
  "scaling: review": "/admin/autoscale/{config}/edit?step=review",
  "new scaling": "/admin/pools/{pool}/scaling/new",
  "new scaling for any pool": "/admin/scaling/new?step=basics",
  "new scaling: basics": "/admin/pools/{pool}/scaling/new?step=basics",
  server: "/admin/servers/{server}",
  providers: "/admin/providers",
  "new provider": "/admin/providers/new",
  "change provider": "/admin/providers/{provider}/edit",
  zones: "/admin/zones",
  "new zone": "/admin/zones/new",
  "change zone": "/admin/zones/{zone}/edit",
  directories: "/admin/directories",
  "new directory": "/admin/directories/new",
  "change directory": "/admin/directories/{directory}/edit",
  people: "/admin/users",
  "new person": "/admin/users/new",
  "change person": "/admin/users/{user}/edit",
  "API keys": "/admin/api-keys",
  "new API key": "/admin/api-keys/new",
};

/** The pages that show lists, before there is anything to list. */
const EMPTY = ["portal", "profile", "overview", "pools", "servers", "orphans", "sessions", "queue", "providers", "zones", "directories", "people", "API keys"];

/** The parts of a pool, which say something before there is anything in it. */
const PARTS = ["overview", "servers", "sessions", "queue", "decisions", "config", "history"];

/** Makes one of everything, and a pool with nothing in it, and gives the ids. */
async function fill(page: Page): Promise<Made> {
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const zone = await create("/zones", { name: "Amsterdam", upstream_auth_address: "weir.example" });
  const provider = await create("/providers", {
    name: "Cloud",
    kind: "fake",
    max_instances: 3,
    startup_script: "#!/bin/sh\necho '{server_id}'\n",
    settings: { boot_millis: 0, script_millis: 0 },
  });
  const directory = await create("/ldap-configs", {
    name: "Corp",
    url: "ldaps://dc.corp.example",
    search_base: "DC=corp,DC=example",
    service_account_dn: "CN=weir,DC=corp,DC=example",
    service_account_password: "secret",
  });
  const user = await create("/users", { name: "ben", role: "user", password: "correct horse battery" });
  await create("/api-keys", { name: "Portal", role: "user", user_id: user });
  await create("/ssh-keys", { name: "laptop" });
  const pool = await create("/pools", {
    name: "Finance desktops",
    description: "Windows with the ledger on it.",
    apps: [{ key: "ledger", name: "Ledger", program: "||ledger", arguments: "" }],
  });
  const shells = await create("/pools", { name: "Shells", description: "" });
  const bare = await create("/pools", { name: "Nothing yet", description: "" });
  const config = (name: string, pool_id: string, rest: object) =>
    create("/autoscale-configs", { name, pool_id, deployment_zone_id: zone, provider_id: provider, reusable: true, ...rest });
  const rdp = await config("Finance", pool, {
    connection_type: "rdp",
    connection_username: "people",
    connection_password: "a password",
    minimum_available_sessions: 1,
  });
  await config("Shells", shells, { connection_type: "ssh", connection_username: "people", max_simultaneous_sessions_per_server: 4 });

  const ask = (pool_id: string) => create("/sessions", { pool_id });
  const seated = async (id: string) =>
    expect(async () => expect((await api(page, "GET", `/sessions/${id}`)).state).toBe("assigned")).toPass({ timeout: 30_000 });
  const ended = await ask(shells);
  await seated(ended);
  await api(page, "DELETE", `/sessions/${ended}`);
  const [shell, desktop] = [await ask(shells), await ask(pool)];
  await seated(shell);
  await seated(desktop);
  // Two more desktops than there may be machines: one person waits.
  const { server_id: server } = await api(page, "GET", `/sessions/${desktop}`);
  let waiting = "";
  for (let asked = 0; asked < 2; asked += 1) {
    waiting = await ask(pool);
    if (asked === 0) await seated(waiting);
  }
  await expect(async () => expect((await api(page, "GET", `/sessions/${waiting}`)).state).toBe("queued")).toPass();
  return { zone, provider, directory, user, pool, bare, config: rdp, shell, desktop, waiting, ended, server };
}

/** Follows a link to another page of the app, without loading it from the server. */
async function follow(page: Page, address: string): Promise<void> {
  await page.evaluate((address) => {
    const link = document.createElement("a");
    link.href = address;
    document.querySelector("main")?.append(link);
    link.click();
    link.remove();
  }, address);
  await expect(page).toHaveURL(new URL(address, page.url()).href);
}

/** The address of a page about things that have been made. */
const addressOf = (name: string, made: Made) => PAGES[name].replace(/\{(\w+)\}/g, (_, word) => made[word]);

/** Opens a page and looks at it. */
async function visit(page: Page, name: string, address: string): Promise<void> {
  await open(page, address);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
  await look(page, name);
}

/** Sees that everybody can use the page as it is, in both themes, and that it fits on the screen; pictures of it are kept with the
 * results. */
async function look(page: Page, name: string): Promise<void> {
  await expectFits(page);
  for (const colorScheme of ["light", "dark"] as const) {
    // Without motion the new colours are there at once: halfway between two themes nothing has its contrast.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expectAccessible(page, colorScheme === "light" ? "everything" : "colours");
    const file = `${name.replace(/\W+/g, "-")}-${page.viewportSize()?.width}-${colorScheme}.png`;
    await page.screenshot({ path: full.info().outputPath(file), fullPage: true });
  }
}

/** The same for one of many pages that have their colours in common: in the theme that is there. */
async function glance(page: Page): Promise<void> {
  await expectFits(page);
  await expectAccessible(page);
}

full.describe("with data", () => {
  for (const name of Object.keys(PAGES)) {
    full(name, async ({ page, made }) => {
      await visit(page, name, addressOf(name, made));
    });
  }
});

adminTest.describe("empty", () => {
  for (const name of EMPTY) {
    adminTest(name, async ({ page }) => visit(page, `${name} empty`, PAGES[name]));
  }
});

full.describe("a pool with nothing in it", () => {
  for (const part of PARTS) {
    full(part, async ({ page, made }) => visit(page, `pool ${part} empty`, `/admin/pools/${made.bare}?tab=${part}`));
  }
});

/** The pages that show nothing of the server's once they have come. */
const OWN = ["sign in", "set-up without a link", "set-up by a link", "problems", "reasons"];

/** Those that hold questions, each with the words on one of its buttons that asks before it acts. */
const QUESTIONS: Record<string, RegExp> = {
  "pool: overview": /^Delete/,
  server: /^Delete/,
  directories: /^Delete/,
  people: /^Delete/,
  "API keys": /^Delete/,
  profile: /^Delete/,
  "pool: config": /^Delete/,
  "pool: sessions": /^End/,
};

/** What can be made beside each step of the wizard. */
const SIDES: Record<string, string[]> = {
  basics: ["New pool", "New zone"],
  readiness: ["New LDAP config"],
  provider: ["New provider config"],
};

full.describe("while the data is still to come", () => {
  for (const [at, part] of ["first", "second"].entries()) {
    full(`the ${part} half of the pages`, async ({ page, made }) => {
      // So many pages are one look after the other.
      full.slow();
      const loading = page.getByText("Loading", { exact: true });
      await page.emulateMedia({ reducedMotion: "reduce" });
      await open(page, "/admin");
      const answers = await holdBack(page, "**/ui/fn/**");
      const names = Object.keys(PAGES).filter((name) => !OWN.includes(name));
      const half = Math.ceil(names.length / 2);
      for (const name of names.slice(at * half, (at + 1) * half)) {
        await full.step(name, async () => {
          await follow(page, addressOf(name, made));
          await expect(page.getByRole("heading", { level: 1 }).or(loading).first()).toBeVisible();
          await glance(page);
        });
      }
      await follow(page, addressOf("pool: servers", made));
      await expect(loading.first()).toBeVisible();
      await look(page, `loading ${part}`);
      answers.letGo();
      await expect(loading).toHaveCount(0);
    });
  }
});

full.describe("with a dialog open", () => {
  full("the palette", async ({ page, made }) => {
    await open(page, `/admin/pools/${made.pool}`);
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("option", { name: /^Pause Finance/ })).toBeVisible();
    await look(page, "palette");
  });

  full("the questions", async ({ page, made }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    for (const [name, button] of Object.entries(QUESTIONS)) {
      await full.step(name, async () => {
        await open(page, addressOf(name, made));
        await page.getByRole("main").getByRole("button", { name: button }).first().click();
        await expect(page.getByRole("dialog")).toBeVisible();
        await glance(page);
      });
    }
    await look(page, "question");
  });

  full("what is made beside a form", async ({ page, made }) => {
    expect(made.zone).toBeTruthy();
    await page.emulateMedia({ reducedMotion: "reduce" });
    for (const [step, buttons] of Object.entries(SIDES)) {
      await open(page, `/admin/scaling/new?step=${step}`);
      const record = page.getByRole("checkbox", { name: "Create Active Directory Computer Record" });
      if (step === "readiness") await record.check();
      for (const button of buttons) {
        await full.step(button, async () => {
          await page.getByRole("button", { name: button }).click();
          await expect(page.getByRole("dialog", { name: button })).toBeVisible();
          await expect(page.getByRole("dialog").getByLabel("Name", { exact: true })).toBeEnabled();
          await glance(page);
          await page.keyboard.press("Escape");
          await expect(page.getByRole("dialog")).toHaveCount(0);
        });
      }
    }
  });
});

full.describe("in error", () => {
  full.use({ refusals: true });

  full("an address that is nobody's", async ({ page }) => {
    await visit(page, "not found", "/no-such-page");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Page not found");
  });

  full("a page about something that is gone", async ({ page }) => {
    await visit(page, "gone", "/admin/pools/pool_01980000-0000-7000-8000-000000000001");
    await expect(page.getByRole("alert")).toBeVisible();
  });

  full("a form with mistakes", async ({ page }) => {
    await open(page, "/admin/users/new");
    await page.getByRole("button", { name: "Create person" }).click();
    await expect(page.getByRole("alert")).toBeFocused();
    await look(page, "form with mistakes");
  });

  full("a refusal of the server", async ({ page, made }) => {
    await open(page, "/admin/zones");
    expect(made.zone).toBeTruthy();
    await page.getByRole("button", { name: /^Delete/ }).first().click();
    await look(page, "dialog");
    await page.getByRole("button", { name: "Delete zone" }).click();
    await expect(page.getByRole("alert")).toContainText("Finance");
    await look(page, "refusal");
  });

  full.describe("at the door", () => {
    full.use({ storageState: { cookies: [], origins: [] } });

    full("a wrong password", async ({ page }) => {
      await open(page, "/login");
      await page.getByLabel("Name").fill("ana");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toBeVisible();
      await look(page, "wrong password");
    });
  });
});

// It comes ready-made, so whether everybody can use it is not looked at. But its policy must let it work, and it must ask nobody else
// for anything: whatever is refused is said in the console.
adminTest("the description of the API can be read in the browser", async ({ page }) => {
  await page.goto("/docs/api/");
  await page.getByRole("button", { name: /Asks for a session/ }).click();
  await expect(page.getByText("There is a seat.")).toBeVisible();
});
