import type { Page } from "@playwright/test";
import { api, change, fakePool, unique } from "../../../support/api.ts";
import { byEachHand, handTest as test } from "../../../support/hand.ts";
import { ADMIN, expect, open } from "../../../support/test.ts";

const menu = (page: Page, name: string) => page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name, exact: true });

/** The rows that tell of a change of this config. */
const changes = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name: `Changed scaling config ${name}`, exact: true }) });

byEachHand(test, () => {
  test("the standby is doubled, and its effect is seen before it is saved", async ({ page, hand }) => {
    await page.goto("/admin");
    const { id, name } = await fakePool(page, unique("Desks"), { max_instances: 9, config: { minimum_available_sessions: 2 } });
    const running = async () => (await api(page, "GET", `/pools/${id}`)).counts.running;
    await expect(async () => expect(await running()).toBe(2)).toPass({ timeout: 30_000 });

    await open(page, "/admin");
    await hand.go(page.getByRole("region", { name: "Pools" }).getByRole("link", { name, exact: true }), name);
    // What the last decision has kept leads to the field that says how much that is.
    const last = page.getByRole("region", { name: "Last decision" });
    await hand.press(last.getByRole("link", { name: "Minimum Available Sessions" }).first());
    const minimum = page.getByLabel("Minimum Available Sessions");
    await expect(minimum).toBeFocused();
    await hand.type(minimum, "4");
    await expect(page.getByRole("region", { name: "Forecast" })).toContainText("4 servers ready, 4 sessions.");
    hand.expectTook("the effect", { mouse: 3, keyboard: 4 });
    await hand.press(page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }));
    await expect(page.getByText("2 servers are made now. 4 seats are ready then")).toBeVisible();
    expect(await running()).toBe(2);
    await hand.press(page.getByRole("button", { name: "Save scaling" }));
    await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
    hand.expectTook("the double", { mouse: 5, keyboard: 6 });
    await expect(async () => expect(await running()).toBe(4)).toPass({ timeout: 30_000 });
  });

  test("an edit is undone", async ({ page, hand }) => {
    await page.goto("/admin");
    const { name, config } = await fakePool(page, unique("Desks"), { max_instances: 2, config: { enabled: false } });
    await change(page, config, { minimum_available_sessions: 2 });

    await open(page, "/admin");
    await hand.go(menu(page, "Activity"), "Activity");
    const edit = changes(page, name);
    await expect(edit).toContainText("Minimum Available Sessions: 0 → 2");
    await hand.press(edit.getByRole("button", { name: `Undo the change of ${name}` }));
    await hand.press(page.getByRole("dialog").getByRole("button", { name: "Set back" }));
    const restored = page.getByRole("row", { name: `Restored scaling config ${name}` });
    await expect(restored).toContainText("Minimum Available Sessions: 2 → 0");
    hand.expectTook("it undone", { mouse: 3, keyboard: 4 });
    expect((await api(page, "GET", `/autoscale-configs/${config}`)).minimum_available_sessions).toBe(0);
  });

  test("what was changed yesterday is seen, with who did it", async ({ page, hand, signIn }) => {
    await page.goto("/admin");
    const { name, config } = await fakePool(page, unique("Desks"), { max_instances: 2, config: { enabled: false } });
    const colleague = await signIn("admin");
    await change(colleague.page, config, { minimum_available_sessions: 2, connection_username: "staff" });
    const [{ at }] = (await api(page, "GET", `/audit?target=${config}`)).items;
    // A day goes by, for the one who looks.
    await page.clock.setFixedTime(new Date(at).getTime() + 24 * 60 * 60 * 1000);

    await open(page, "/admin");
    await hand.go(menu(page, "Activity"), "Activity");
    const edit = changes(page, name);
    await expect(edit).toContainText(colleague.name);
    await expect(edit).not.toContainText(ADMIN.name);
    for (const line of ["Minimum Available Sessions: 0 → 2", "Connection Username: people → staff"]) await expect(edit).toContainText(line);
    const yesterday = await page.evaluate(() => {
      const day = new Date();
      day.setDate(day.getDate() - 1);
      return day.toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
    });
    await expect(edit.getByRole("time")).toContainText(yesterday);
    hand.expectTook("what and who", { mouse: 1, keyboard: 2 });
  });
});
