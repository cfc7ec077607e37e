import { api, takeAllAway, unique } from "../../../support/api.ts";
import { byEachHand, handTest } from "../../../support/hand.ts";
import { expect, open } from "../../../support/test.ts";

/** A Weir of its own, in which there is nothing yet. */
const test = handTest.extend<object, { nothing: void }>({
  nothing: [async ({}, use) => use(), { scope: "worker", auto: true }],
});

test.afterEach(async ({ page }) => {
  // A page about the pool would ask for it when it has gone.
  await page.goto("/admin/users");
  await takeAllAway(page);
  for (const path of ["/autoscale-configs", "/pools", "/providers", "/zones"]) {
    for (const { id, version } of (await api(page, "GET", path)).items) await api(page, "DELETE", `${path}/${id}`, { version });
  }
});

byEachHand(test, () => {
  test("the first pool is made from nothing, and is ready", async ({ page, hand }) => {
    const name = unique("Shells");
    const button = (name: string) => page.getByRole("button", { name, exact: true });
    const step = (name: string) => page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name });
    const dialog = page.getByRole("dialog");
    await open(page, "/admin");
    await hand.press(page.getByRole("link", { name: "New pool" }));
    await hand.type(page.getByLabel("Name", { exact: true }), name);
    await hand.press(button("Create pool"));

    await hand.press(page.getByRole("radio", { name: "Shared Linux shells over SSH", exact: true }));
    await hand.press(button("Next"));
    await hand.type(page.getByLabel("Name", { exact: true }), name);
    await hand.press(button("New zone"));
    await hand.type(dialog.getByLabel("Name", { exact: true }), name);
    await hand.type(dialog.getByLabel("Upstream Auth Address"), "weir.example");
    await hand.press(button("Create zone"));
    await expect(dialog).toHaveCount(0);

    // All else the template has filled in.
    await hand.press(step("Connection"));
    await hand.type(page.getByLabel("Connection Username"), "people");
    await hand.press(step("Provider"));
    await hand.press(button("New provider config"));
    await hand.type(dialog.getByLabel("Name", { exact: true }), name);
    await hand.press(dialog.getByRole("radio", { name: "Fake cloud", exact: true }));
    await hand.type(dialog.getByLabel("Max Instances"), "3");
    await hand.press(button("Create provider"));
    await expect(dialog).toHaveCount(0);
    await hand.press(button("Next"));
    await expect(page.getByText("1 server is made now.")).toBeVisible();
    await hand.press(button("Create scaling"));

    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    await expect(page.getByRole("group", { name: "Servers" }).getByRole("row", { name: "Ready" })).toHaveCount(1, { timeout: 30_000 });
    // There is nothing here but what was made by hand, so the way to each thing is always the same: 111 keys, and a few more where
    // one is pressed while the page moves the focus.
    hand.expectTook("a pool with a server that is ready", { mouse: 20, keyboard: 20, keys: 120 });
  });
});
