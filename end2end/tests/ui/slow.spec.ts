import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, holdBack } from "../../support/test.ts";

// The scripts are still to come here: they are let go by each test, however long it takes until then.

/** Opens a page whose scripts are held back. */
async function openEarly(page: Page, address: string): Promise<{ letGo(): Promise<void> }> {
  const scripts = await holdBack(page, "**/*.wasm");
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  return {
    async letGo() {
      scripts.letGo();
      await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
    },
  };
}

/** Uses every control of the form that can be used, as a hasty person would, and gives what each says then, by its place. */
async function useAll(page: Page): Promise<Record<string, string>> {
  const places: string[] = [];
  for (const more of await page.getByText("More options", { exact: true }).all()) await more.click();
  for (const control of await page.locator("form.wizard").locator("input, select, textarea").all()) {
    if (await control.isDisabled()) continue;
    const [kind, id] = await control.evaluate((one: HTMLInputElement) => [one.type, one.id]);
    if (kind === "checkbox" || kind === "radio") await control.check();
    else if (kind === "select-one") await control.selectOption({ index: 1 });
    else await control.fill("12");
    places.push(`[id="${id}"]`);
  }
  const values = places.map(async (place) => [place, await said(page, place)]);
  return Object.fromEntries(await Promise.all(values));
}

/** What the control at this place says. */
const said = (page: Page, place: string): Promise<string> =>
  page.locator(place).evaluate((one: HTMLInputElement) => (/checkbox|radio/.test(one.type) ? String(one.checked) : one.value));

test("what is typed into the wizard before its scripts have come is kept", async ({ page }) => {
  await page.goto("/admin");
  const { config, id } = await fakePool(page, unique("Slow net"), { max_instances: 2, config: { enabled: false } });
  const edit = `/admin/autoscale/${config}/edit`;
  const steps = ["basics", "connection", "capacity", "readiness", "provider"].map((step) => `${edit}?step=${step}`);
  for (const address of [`/admin/pools/${id}/scaling/new`, ...steps]) {
    await test.step(address, async () => {
      const scripts = await openEarly(page, address);
      const used = await useAll(page);
      expect(Object.keys(used)).not.toEqual([]);
      // Neither does a key or a button lead away with what was typed.
      for (const button of await page.locator("form.wizard").getByRole("button").all()) await expect(button).toBeDisabled();
      await scripts.letGo();
      const { length } = Object.keys(used);
      let gone = 0;
      for (const [place, value] of Object.entries(used)) {
        // A choice among them may have left no place for another, whose value the form keeps.
        if ((await page.locator(place).count()) === 0) gone += 1;
        else expect(await said(page, place), place).toBe(value);
      }
      expect(gone).toBeLessThan(length / 2);
      await expect(page.getByRole("button", { name: "Next", exact: true })).toBeEnabled();
      await page.unrouteAll({ behavior: "ignoreErrors" });
    });
  }
});

test("what is typed into a form before its scripts have come is what the review shows, and what is saved", async ({ page }) => {
  await page.goto("/admin");
  const { config } = await fakePool(page, unique("Early"), { max_instances: 2, config: { enabled: false } });
  const scripts = await openEarly(page, `/admin/autoscale/${config}/edit?step=capacity`);
  const sessions = page.getByLabel("Max Simultaneous Sessions Per Server");
  await sessions.fill("7");
  await page.getByRole("checkbox", { name: "Reusable" }).uncheck();
  await sessions.focus();
  await scripts.letGo();
  await expect(sessions).toBeFocused();
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  await expect(page.getByRole("region", { name: "Capacity" })).toContainText("7 sessions, was 1 session");
  await page.getByRole("button", { name: "Save scaling" }).click();
  await expect(page).toHaveURL(/\/admin\/pools\//);
  const saved = await api(page, "GET", `/autoscale-configs/${config}`);
  expect(saved).toMatchObject({ max_simultaneous_sessions_per_server: 7, reusable: false });
});

test("a password that is typed before its scripts have come is the person's", async ({ page }) => {
  await page.goto("/admin");
  const scripts = await openEarly(page, "/admin/users/new");
  const [name, password] = [unique("early").replace(" ", "-"), page.getByLabel(/^Password/)];
  await page.getByLabel("Name").fill(name);
  await password.pressSequentially("correct horse battery");
  await scripts.letGo();
  await expect(password).toHaveValue("correct horse battery");
  await page.getByRole("button", { name: "Create person" }).click();
  await expect(page).toHaveURL(/\/admin\/users$/);
  const login = await page.request.post("/ui/login", { form: { name, password: "correct horse battery" }, maxRedirects: 0, headers: { origin: new URL(page.url()).origin } });
  expect(login.headers()["set-cookie"]).toBeTruthy();
});

test("what is typed into a filter before its scripts have come narrows the list", async ({ page }) => {
  await page.goto("/admin");
  const [wanted, other] = [unique("Wanted"), unique("Other")];
  for (const name of [wanted, other]) await api(page, "POST", "/pools", { data: { name, description: "" } });
  const scripts = await openEarly(page, "/admin/pools");
  const filter = page.getByRole("searchbox", { name: "Filter" });
  await filter.pressSequentially(wanted);
  await scripts.letGo();
  await expect(filter).toHaveValue(wanted);
  await expect(filter).toBeFocused();
  await expect(page.getByRole("rowheader", { name: wanted })).toBeVisible();
  await expect(page.getByRole("rowheader", { name: other })).toHaveCount(0);
});

test("what changes before the scripts have come is not missed", async ({ page }) => {
  await page.goto("/admin");
  const scripts = await openEarly(page, "/admin/pools");
  const name = unique("Made meanwhile");
  await api(page, "POST", "/pools", { data: { name, description: "" } });
  await scripts.letGo();
  await expect(page.getByRole("rowheader", { name })).toBeVisible();
});

test.describe("at the door", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("what is typed before the scripts have come stays", async ({ page, signedIn }) => {
    expect(signedIn).toBeTruthy();
    const scripts = await openEarly(page, "/login");
    await page.getByLabel("Name").fill("somebody");
    await page.getByLabel("Password").pressSequentially("secret");
    await scripts.letGo();
    await expect(page.getByLabel("Name")).toHaveValue("somebody");
    await expect(page.getByLabel("Password")).toHaveValue("secret");
    await expect(page.getByLabel("Password")).toBeFocused();
  });
});
