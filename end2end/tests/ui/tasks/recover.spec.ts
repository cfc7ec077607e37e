import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../../support/api.ts";
import { byEachHand, handTest as test } from "../../../support/hand.ts";
import { expect, expectAccessible, open } from "../../../support/test.ts";

/** The draft of this name. */
const draftOf = async (page: Page, name: string) =>
  (await api(page, "GET", "/drafts")).find((draft: { values: { name: string } }) => draft.values.name === name);

const step = (page: Page, name: string) => page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name });

/** Fills in half of the wizard, and waits until that is kept. */
async function fillInHalf(page: Page, pool: string, name: string, points: { zone: string; provider: string }): Promise<void> {
  await open(page, `/admin/pools/${pool}/scaling/new?step=basics`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Deployment Zone", { exact: true }).selectOption(points.zone);
  await step(page, "Provider").click();
  await page.getByLabel("Provider", { exact: true }).selectOption(points.provider);
  await step(page, "Connection").click();
  await page.getByRole("radio", { name: "SSH", exact: true }).check();
  await page.getByLabel("Connection Username").fill("people");
  await page.getByLabel("Connection Password", { exact: true }).fill("not for drafts");
  await expect(async () => {
    const { values } = await draftOf(page, name);
    expect(values).toMatchObject({ connection_type: "ssh", connection_username: "people", provider_id: points.provider });
    expect(values).not.toHaveProperty("connection_password");
  }).toPass();
  // The step and the draft stand in the address: a reload goes on where it was.
  await page.reload();
  await expect(page.getByRole("heading", { level: 2, name: "Connection" })).toBeVisible();
  await expect(page.getByLabel("Connection Username")).toHaveValue("people");
}

byEachHand(test, () => {
  test("a half-filled wizard is there again after a crash of the browser", async ({
    page,
    hand,
    playwright,
    launchOptions,
    signedIn,
    weir,
  }) => {
    await page.goto("/admin");
    const name = unique("Half a config");
    const { config } = await fakePool(page, unique("Other"), { max_instances: 2, config: { enabled: false } });
    const { deployment_zone_id: zone, provider_id: provider } = await api(page, "GET", `/autoscale-configs/${config}`);
    const pool = (await api(page, "POST", "/pools", { data: { name: unique("Half done"), description: "" } })).id as string;
    const server = await playwright.chromium.launchServer(launchOptions);
    try {
      const doomed = await playwright.chromium.connect(server.wsEndpoint());
      const context = await doomed.newContext({ storageState: signedIn, baseURL: weir.origin, viewport: page.viewportSize() });
      await fillInHalf(await context.newPage(), pool, name, { zone, provider });
    } finally {
      await server.kill();
    }

    await open(page, "/admin");
    await hand.go(page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name: "Pools" }), "Pools");
    const draft = page.getByRole("region", { name: "Drafts" }).getByRole("link", { name });
    await expect(draft).toBeVisible();
    await expectAccessible(page);
    await hand.press(draft);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(name);
    hand.expectTook("the draft", { mouse: 2, keyboard: 3 });
    await hand.press(step(page, "Connection"));
    await expect(page.getByRole("radio", { name: "SSH", exact: true })).toBeChecked();
    await expect(page.getByLabel("Connection Username")).toHaveValue("people");
    // No secret is kept, and that one had been typed is said.
    const lost = page.getByText("You had typed this before. Drafts keep no secrets: type it again.");
    await expect(page.getByLabel("Connection Password", { exact: true })).toHaveValue("");
    await expect(lost).toBeVisible();
    await hand.type(page.getByLabel("Connection Password", { exact: true }), "a password");
    await expect(lost).toHaveCount(0);
    await hand.press(step(page, "Review"));
    await hand.press(page.getByRole("button", { name: "Create scaling" }));
    await expect(page).toHaveURL(new RegExp(`/admin/pools/${pool}$`));
    hand.expectTook("the config", { mouse: 6, keyboard: 7 });
    // It is a config now, and no draft any more.
    await expect(async () => expect(await draftOf(page, name)).toBeUndefined()).toPass();
    const [saved] = (await api(page, "GET", `/autoscale-configs?pool_id=${pool}`)).items;
    expect(saved).toMatchObject({ name, connection_username: "people", deployment_zone_id: zone, provider_id: provider });
  });
});
