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

/** Uses every control of the form that can be used, as a hasty person would, and gives what each then says, by its place. */
async function useAll(page: Page): Promise<{ controls: number; used: Record<string, string> }> {
  const controls = await page.locator("form.wizard").locator("input, select, textarea").all();
  const used: Record<string, string> = {};
  for (const control of controls) {
    if (await control.isDisabled()) continue;
    const [kind, place] = await control.evaluate((one: HTMLInputElement) => [
      one.type,
      one.id ? `[id="${one.id}"]` : `[name="${one.name}"][value="${one.value}"]`,
    ]);
    if (kind === "checkbox" || kind === "radio") await control.check();
    else if (kind === "select-one") await control.selectOption({ index: 1 });
    else await control.fill("12");
    used[place] = await said(page, place);
  }
  return { controls: controls.length, used };
}

/** What the control at this place says. */
const said = (page: Page, place: string): Promise<string> =>
  page.locator(place).evaluate((one: HTMLInputElement) => (/checkbox|radio/.test(one.type) ? String(one.checked) : one.value));

test("what is typed into the wizard before its scripts have come is kept, or cannot be typed", async ({ page }) => {
  await page.goto("/admin");
  const { config, id } = await fakePool(page, unique("Slow net"), { max_instances: 2, config: { enabled: false } });
  const edit = `/admin/autoscale/${config}/edit`;
  const steps = ["basics", "connection", "capacity", "readiness", "provider"].map((step) => `${edit}?step=${step}`);
  for (const address of [`/admin/pools/${id}/scaling/new`, ...steps]) {
    await test.step(address, async () => {
      const scripts = await openEarly(page, address);
      const { controls, used } = await useAll(page);
      expect(controls).toBeGreaterThan(0);
      // Neither does a key or a button lead away with what was typed.
      for (const button of await page.locator("form.wizard").getByRole("button").all()) await expect(button).toBeDisabled();
      await scripts.letGo();
      for (const [place, value] of Object.entries(used)) expect(await said(page, place), place).toBe(value);
      await expect(page.getByRole("button", { name: "Next", exact: true })).toBeEnabled();
      await page.unrouteAll({ behavior: "ignoreErrors" });
    });
  }
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
