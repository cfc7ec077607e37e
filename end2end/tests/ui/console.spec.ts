import type { Page } from "@playwright/test";
import { api, change, fakePool } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open, openMenu } from "../../support/test.ts";

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

/** The names in the first column of a table, in their order. */
const names = (page: Page, table: string) => page.getByRole("group", { name: table, exact: true }).getByRole("rowheader");

/** The box of the palette. */
const box = (page: Page) => page.getByRole("combobox", { name: "Search pages, pools and actions" });

/** What the palette has found. */
const found = (page: Page) => page.getByRole("dialog").getByRole("option");

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

test("what a list is narrowed to and sorted by stands in the address, and typing leaves no steps", async ({ page }) => {
  await page.goto("/admin");
  const word = mark();
  for (const name of ["Beta", "Alpha"]) await api(page, "POST", "/pools", { data: { name: `${name} ${word}`, description: "" } });
  await open(page, "/admin/pools");
  const filter = page.getByRole("searchbox", { name: "Filter" });
  await filter.pressSequentially(word);
  await expect(names(page, "Pools")).toHaveText([`Beta ${word}`, `Alpha ${word}`]);
  await expect(filter).toBeFocused();
  await expect(page).toHaveURL(new RegExp(`/admin/pools\\?q=${word}$`));
  await expectAccessible(page);

  const head = page.getByRole("columnheader", { name: "Name" });
  await head.getByRole("link").click();
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  await expect(names(page, "Pools")).toHaveText([`Alpha ${word}`, `Beta ${word}`]);
  await head.getByRole("link").click();
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await expect(names(page, "Pools")).toHaveText([`Beta ${word}`, `Alpha ${word}`]);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await expect(filter).toHaveValue(word);
  await page.goBack();
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  await expect(names(page, "Pools")).toHaveText([`Alpha ${word}`, `Beta ${word}`]);
  await page.goBack();
  await expect(head).not.toHaveAttribute("aria-sort");
  await expect(filter).toHaveValue(word);
  await page.goForward();
  await expect(head).toHaveAttribute("aria-sort", "ascending");

  await filter.fill(`${word} nowhere`);
  await expect(page.getByText(`Nothing here matches “${word} nowhere”.`)).toBeVisible();
  await page.getByRole("link", { name: "Clear the filter" }).click();
  await expect(filter).toHaveValue("");
  await expect(page).toHaveURL(/\/admin\/pools\?sort=name$/);
  // Letters have left nothing to go back through.
  for (let step = 0; step < 3; step += 1) await page.goBack();
  await expect(page).toHaveURL(/\/admin$/);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a list comes narrowed and sorted from the server", async ({ page }) => {
    await page.goto("/admin");
    const word = mark();
    for (const name of ["Beta", "Alpha", "Other"]) await api(page, "POST", "/pools", { data: { name: `${name} ${word}`, description: "" } });
    await page.goto(`/admin/pools?q=${word}+a&sort=name`);
    await expect(names(page, "Pools")).toHaveText([`Alpha ${word}`, `Beta ${word}`]);
    await expect(page.getByRole("searchbox", { name: "Filter" })).toHaveValue(`${word} a`);
    await page.getByRole("searchbox", { name: "Filter" }).fill(`${word} other`);
    await page.keyboard.press("Enter");
    await expect(names(page, "Pools")).toHaveText([`Other ${word}`]);
    await expect(page).toHaveURL(/sort=name/);
  });
});

test("servers are narrowed by state and by name, and the pages of another range keep it", async ({ page }) => {
  await page.goto("/admin");
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const name = `Long ${mark()}`;
  const zone = await create("/zones", { name, upstream_auth_address: "weir.example" });
  const id = await create("/pools", { name, description: "" });
  for (let number = 1; number <= 60; number += 1) {
    const limits = { max_sessions: 1 };
    const place = { protocol: "vnc", host: "desk.example", port: 5900 + number };
    await create("/servers", { name: `stool-${number}`, pool_id: id, zone_id: zone, ...place, limits });
  }
  await open(page, `/admin/pools/${id}?tab=servers`);
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(names(page, "Servers")).toHaveCount(10);
  // Another list begins at its own first page.
  await page.getByRole("searchbox", { name: "Filter" }).fill("STOOL-6");
  await expect(names(page, "Servers")).toHaveText(["stool-6", "stool-60"]);
  await expect(page).toHaveURL(/\?tab=servers&q=STOOL-6$/);
  await page.getByRole("combobox", { name: "State" }).selectOption("failed");
  await expect(page.getByText("Nothing here matches “STOOL-6”.")).toBeVisible();
  await expect(page).toHaveURL(/&q=STOOL-6&state=failed$/);
  await page.goBack();
  await expect(names(page, "Servers")).toHaveCount(2);
  await expect(page.getByRole("combobox", { name: "State" })).toHaveValue("");

  await open(page, `/admin/pools/${id}`);
  await page.getByRole("link", { name: "1 day" }).click();
  await expect(page.getByRole("link", { name: "1 day" })).toHaveAttribute("aria-current", "true");
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(page).toHaveURL(/range=24&cursor=/);
  await expect(page.getByRole("link", { name: "1 day" })).toHaveAttribute("aria-current", "true");
});

test("activity tells of Weir itself too where that is asked for", async ({ page }) => {
  await open(page, "/admin/activity");
  await page.getByRole("combobox", { name: "Done by" }).selectOption("all");
  await expect(page).toHaveURL(/\?by=all$/);
  await expect(page.getByText("What people and Weir itself have done, newest first.")).toBeVisible();
  await page.goBack();
  await expect(page.getByText("What people have done, newest first.")).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Done by" })).toHaveValue("");
});

test("the palette finds pages, pools and actions by keyboard alone", async ({ page }) => {
  await page.goto("/admin");
  const { id, name } = await pool(page);
  await open(page, "/admin/users");
  const before = page.getByRole("link", { name: "New person" });
  await before.focus();
  await page.keyboard.press("Control+k");
  await expect(box(page)).toBeFocused();
  await expect(found(page).first()).toHaveAttribute("aria-selected", "true");
  await expectAccessible(page);
  await page.keyboard.press("ArrowDown");
  await expect(found(page).nth(1)).toHaveAttribute("aria-selected", "true");
  await expect(box(page)).toHaveAttribute("aria-activedescendant", (await found(page).nth(1).getAttribute("id"))!);
  await page.keyboard.press("ArrowUp");
  await expect(found(page).first()).toHaveAttribute("aria-selected", "true");
  // From the first it goes on to the last.
  await page.keyboard.type("theme:");
  await expect(found(page)).toHaveCount(3);
  await page.keyboard.press("ArrowUp");
  await expect(found(page).last()).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(before).toBeFocused();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("no such thing");
  await expect(page.getByText("Nothing is called that.")).toBeVisible();
  await box(page).fill(name);
  await expect(found(page).first()).toHaveText(`${name} Pool`);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();

  await page.getByRole("link", { name: "Config", exact: true }).click();
  await page.keyboard.press("Control+k");
  await page.keyboard.type(`pause ${name}`);
  await expect(found(page)).toHaveText([`Pause ${name} This pool`]);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Paused.")).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.getByRole("button", { name: "Search…" }).click();
  await page.keyboard.type("theme: dark");
  await expect(found(page)).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: "Search…" })).toBeFocused();
  await openMenu(page);
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("sign out");
  await expect(found(page)).toHaveCount(1);
});

test("the palette finds servers, people, and the scaling of a pool, as the pages call them", async ({ page }) => {
  await page.goto("/admin");
  const { name, id, config } = await pool(page);
  const person = mark();
  const { id: user } = await api(page, "POST", "/users", { data: { name: person, role: "user", password: "correct horse battery" } });
  // Those of the first page of the list, which may be another pool's.
  const servers = async () => (await api(page, "GET", "/servers")).items as { id: string; name: string }[];
  await expect(async () => expect(await servers()).not.toEqual([])).toPass({ timeout: 30_000 });
  const [server] = await servers();
  const ways: [typed: string, shown: string, path: string][] = [
    [server.name, `${server.name} Server`, `/admin/servers/${server.id}`],
    [person, `${person} Person`, `/admin/users/${user}/edit`],
    [`change scaling ${name}`, `Change scaling: ${name} Action`, `/admin/autoscale/${config}/edit`],
    [`add scaling ${name}`, `Add scaling: ${name} Action`, `/admin/pools/${id}/scaling/new`],
  ];
  for (const [typed, shown, path] of ways) {
    await open(page, "/admin");
    await page.keyboard.press("Control+k");
    await expect(box(page)).toHaveAttribute("placeholder", "Type a page, a pool, a server, a person");
    await page.keyboard.type(typed);
    // Others may begin as it does.
    await expect(found(page).first()).toHaveText(shown);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(new RegExp(`${path}$`));
  }
});

test("what was made or changed is said on the page that comes next, until that is left", async ({ page }) => {
  await open(page, "/admin/zones/new");
  const zone = mark();
  const said = (name: string) => page.getByRole("status").filter({ hasText: `${name} is saved.` });
  await page.getByLabel("Name").fill(zone);
  await page.getByLabel("Upstream Auth Address").fill("weir.example");
  await page.getByRole("button", { name: "Create zone" }).click();
  await expect(page).toHaveURL(/\/admin\/zones$/);
  await expect(said(zone)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: zone, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Change zone: ${zone}`);
  await expect(said(zone)).toHaveCount(0);
  await page.getByRole("button", { name: "Save zone" }).click();
  await expect(said(zone)).toBeVisible();

  const menu = page.getByRole("navigation", { name: "Admin" });
  await menu.getByRole("link", { name: "People" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("People");
  await expect(said(zone)).toHaveCount(0);
  await page.getByRole("link", { name: "New person" }).click();
  const person = mark();
  await page.getByLabel("Name").fill(person);
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create person" }).click();
  await expect(said(person)).toBeVisible();

  await menu.getByRole("link", { name: "Pools" }).click();
  await page.getByRole("link", { name: "New pool" }).click();
  const made = mark();
  await page.getByLabel("Name").fill(made);
  await page.getByRole("button", { name: "Create pool" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Set up scaling");
  await expect(said(made)).toBeVisible();
});

test("people find only what they may open", async ({ page }) => {
  await page.goto("/admin");
  const name = mark();
  const password = "correct horse battery";
  await api(page, "POST", "/users", { data: { name, role: "user", password } });
  // A page that is open would still ask as the admin.
  await page.goto("about:blank");
  await page.context().clearCookies();
  await open(page, "/login");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/portal$/);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await page.getByRole("button", { name: "Search…" }).click();
  await expect(box(page)).toBeFocused();
  await expect(found(page).filter({ hasText: "Profile" })).toHaveCount(1);
  for (const admins of ["Providers", "New pool", "Overview"]) await expect(found(page).filter({ hasText: admins })).toHaveCount(0);
  await page.keyboard.type("sign out");
  await expect(found(page)).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test("pausing a config and letting it go on leaves the focus where it is", async ({ page }) => {
  await page.goto("/admin");
  const { id, name } = await pool(page);
  await open(page, `/admin/pools/${id}?tab=config`);
  await page.getByRole("button", { name: `Pause ${name}` }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: `Resume ${name}` })).toBeFocused();
  await expect(page.getByText("Paused.")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: `Pause ${name}` })).toBeFocused();
});

test("the chart leads to the decisions that stand out, and draws the minimum", async ({ page }) => {
  await page.goto("/admin");
  const { id } = await pool(page);
  await expect(async () => expect((await api(page, "GET", `/pools/${id}`)).counts.free_seats).toBe(1)).toPass();
  await open(page, `/admin/pools/${id}`);
  await expect(page.getByText("Minimum free: 1 now, 1 at most")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("list", { name: "Decisions that stand out" }).getByRole("link", { name: /Grew/ }).click();
  await expect(page).toHaveURL(/tab=decisions&up_to=dec_.*#parts$/);
  await expect(page.getByRole("article").first()).toContainText("grew.below_minimum");
  await page.getByRole("combobox", { name: "Reason" }).selectOption("held.enough");
  await expect(page).toHaveURL(/tab=decisions&reason=held.enough$/);
  await expect(page.getByRole("article").first()).toContainText("held.enough");
  await page.reload();
  await expect(page.getByRole("combobox", { name: "Reason" })).toHaveValue("held.enough");

  await page.getByRole("link", { name: "What the reasons mean" }).click();
  await expect(page.getByRole("heading", { name: "held.enough", exact: true })).toBeVisible();
});

test("a person leads to their sessions, and a session to the server it is on", async ({ page, signIn }) => {
  await page.goto("/admin");
  const { id } = await pool(page);
  const { name, page: portal } = await signIn("user");
  await api(portal, "POST", "/sessions", { data: { pool_id: id } });
  await open(page, "/admin/users");
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("link", { name: "Sessions under this name" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/sessions\\?q=${name}$`));
  await expect(names(page, "Sessions")).toHaveText([name]);
  await page.getByRole("link", { name: /^weir-/ }).click();
  await expect(page).toHaveURL(/\/admin\/servers\//);
  await expect(names(page, "Sessions")).toHaveText([name]);
  // The rows do not lead to the page that they stand on.
  await expect(page.getByRole("group", { name: "Sessions" }).getByRole("link")).toHaveCount(0);
});
