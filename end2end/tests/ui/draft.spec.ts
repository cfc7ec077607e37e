import type { Page } from "@playwright/test";
import { api } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** A pool, and what a config for it points at. */
async function ground(page: Page, name: string): Promise<string> {
  await page.goto("/admin");
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  await create("/zones", { name: `Zone of ${name}`, upstream_auth_address: "weir.example" });
  await create("/providers", { name: `Cloud of ${name}`, kind: "fake", max_instances: 2, settings: {} });
  return create("/pools", { name, description: "" });
}

/** Fills in the name, and waits until the draft is kept. */
async function begin(page: Page, pool: string, name: string): Promise<void> {
  await open(page, `/admin/pools/${pool}/scaling/new?step=basics`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await expect(page.getByText(/^Draft saved/)).toBeVisible();
  await expect(page).toHaveURL(/draft=drf_/);
}

const drafts = async (page: Page) => (await api(page, "GET", "/drafts")).map((draft: { values: { name: string } }) => draft.values.name);

test("a new config leads on to drafts begun before, and they can be thrown away", async ({ page }) => {
  const pool = await ground(page, "Begun twice");
  await begin(page, pool, "First try");
  await open(page, `/admin/pools/${pool}/scaling/new`);
  await expectAccessible(page);
  await page.getByRole("link", { name: "First try" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("First try");
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  expect(await drafts(page)).toContain("First try");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${pool}$`));
  await expect(async () => expect(await drafts(page)).not.toContain("First try")).toPass();

  await begin(page, pool, "Second try");
  await open(page, "/admin/pools");
  await page.getByRole("button", { name: "Throw away Second try" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Throw away" }).click();
  await expect(page.getByRole("link", { name: "Second try" })).toHaveCount(0);
  expect(await drafts(page)).not.toContain("Second try");
});

test("a pool's draft is named on its page and on the overview, and is gone on with from there", async ({ page }) => {
  const pool = await ground(page, "Come back to");
  await begin(page, pool, "Half way");
  await open(page, `/admin/pools/${pool}`);
  await expectAccessible(page);
  await page.getByRole("link", { name: "Half way" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Half way");

  await open(page, "/admin");
  const need = page.getByRole("region", { name: "Needs you" }).getByRole("listitem").filter({ hasText: "Come back to" });
  await expect(need).toContainText(/Go on with the draft Half way, saved /);
  await expectAccessible(page);
  await need.getByRole("link", { name: "Half way" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Half way");
});

test("a secret that was typed into a draft is asked for again, until it is typed or not needed", async ({ page }) => {
  const pool = await ground(page, "With a secret");
  await begin(page, pool, "Keeps none");
  const step = (name: string) => page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name });
  const note = page.getByText("You had typed this before. Drafts keep no secrets: type it again.");
  const [password, look] = [page.getByLabel("Connection Password", { exact: true }), page.getByText("Typed before, and not kept: drafts keep no secrets")];
  const kept = async (typed: string[] | undefined) =>
    expect(async () => {
      const text = JSON.stringify(await api(page, "GET", "/drafts"));
      const [{ values }] = JSON.parse(text).filter((draft: { values: { name: string } }) => draft.values.name === "Keeps none");
      expect(values.typed_secrets).toEqual(typed);
      expect(text).not.toContain("not for drafts");
    }).toPass();
  await step("Connection").click();
  await page.getByRole("radio", { name: "SSH", exact: true }).check();
  await password.fill("not for drafts");
  await expect(note).toHaveCount(0);
  await kept(["connection_password"]);

  await page.reload();
  await expect(note).toBeVisible();
  await expect(password).toHaveValue("");
  await expect(password).toHaveAccessibleDescription(/^You had typed this before\./);
  await expectAccessible(page);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await step("Review").click();
  await expect(look).toBeVisible();
  await expectAccessible(page);
  await page.locator(".banner", { has: look }).getByRole("link", { name: "Connection Password" }).click();
  await expect(password).toBeFocused();
  await password.fill("not for drafts");
  await expect(note).toHaveCount(0);
  await step("Review").click();
  await expect(look).toHaveCount(0);

  // Typed again and lost again; then it is not needed.
  await kept(["connection_password"]);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(look).toBeVisible();
  await step("Connection").click();
  await page.getByRole("button", { name: "Connection Password is not needed" }).click();
  await expect(note).toHaveCount(0);
  await expect(password).toBeFocused();
  await kept(undefined);
});

test("what was typed last is saved though the page is left at once", async ({ page }) => {
  const pool = await ground(page, "Left at once");
  await open(page, `/admin/pools/${pool}/scaling/new?step=basics`);
  await page.getByLabel("Name", { exact: true }).fill("Typed and gone");
  await page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name: "Zones" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Zones" })).toBeVisible();
  await expect(async () => expect(await drafts(page)).toContain("Typed and gone")).toPass();
});

test("a draft that is gone says so, and the form is there", async ({ page }) => {
  const pool = await ground(page, "Gone");
  await open(page, `/admin/pools/${pool}/scaling/new?draft=drf_00000000-0000-7000-8000-000000000000&step=basics`);
  await expect(page.getByText("The draft of this address is not there any more")).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("");
});

test.describe("refused", () => {
  test.use({ refusals: true });

  test("one changed in another tab is not overwritten, and what was typed here becomes one of its own", async ({ page }) => {
    const pool = await ground(page, "Two tabs");
    await begin(page, pool, "Both");
    const [draft] = (await api(page, "GET", "/drafts")).filter((one: { values: { name: string } }) => one.values.name === "Both");
    await api(page, "PUT", `/drafts/${draft.id}`, {
      data: { form: "autoscale", values: { ...draft.values, name: "Theirs" } },
      version: draft.version,
    });
    await page.getByLabel("Name", { exact: true }).fill("Mine");
    await expect(async () => expect(await drafts(page)).toEqual(expect.arrayContaining(["Theirs", "Mine"]))).toPass();
    await expect(page).not.toHaveURL(new RegExp(draft.id));
  });
});
