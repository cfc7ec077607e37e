import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../../support/api.ts";
import { byEachHand, handTest as test } from "../../../support/hand.ts";
import { expect, expectAccessible, open } from "../../../support/test.ts";

/** The way to a pool from the overview. */
const poolOf = (page: Page, name: string) => page.getByRole("region", { name: "Pools" }).getByRole("link", { name, exact: true });

/** Asks for a session as the person on this page. */
const ask = async (page: Page, pool_id: string) => (await api(page, "POST", "/sessions", { data: { pool_id } })).id as string;

const seated = async (page: Page, id: string) =>
  expect(async () => expect((await api(page, "GET", `/sessions/${id}`)).state).toBe("assigned")).toPass({ timeout: 30_000 });

byEachHand(test, () => {
  test("a person whose session is stuck is let in", async ({ page, hand, signIn }) => {
    await page.goto("/admin");
    const { id, name } = await fakePool(page, unique("Desks"), { max_instances: 1, config: { minimum_available_sessions: 0 } });
    // The session on the only seat does not answer, so the person asks once more, and waits.
    const ben = await signIn("user");
    const stuck = await ask(ben.page, id);
    await seated(ben.page, stuck);
    const again = await ask(ben.page, id);
    await open(ben.page, `/portal/sessions/${again}`);
    await expect(ben.page.getByText("Why am I waiting?")).toBeVisible();

    await open(page, "/admin");
    await hand.go(poolOf(page, name), name);
    await hand.press(page.getByRole("navigation", { name: "Parts of the pool" }).getByRole("link", { name: "Sessions" }));
    await hand.press(page.getByRole("button", { name: `End the session of ${ben.name}` }));
    await hand.press(page.getByRole("dialog").getByRole("button", { name: "End session" }));
    // Nothing is left for them to do.
    await expect(ben.page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
    hand.expectTook("the person in", { mouse: 4, keyboard: 5 });
    expect((await api(ben.page, "GET", `/sessions/${stuck}`)).state).toBe("ended");
    await api(ben.page, "DELETE", `/sessions/${again}`);
  });

  test("one server is drained, and who is on it stays", async ({ page, hand }) => {
    await page.goto("/admin");
    const { id, name } = await fakePool(page, unique("Desks"), { max_instances: 4, config: { minimum_available_sessions: 1 } });
    const session = await ask(page, id);
    await seated(page, session);
    const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; name: string; state: string }[];
    await expect(async () => expect((await servers()).map(({ state }) => state)).toEqual(["running", "running"])).toPass({ timeout: 30_000 });
    const { server_id } = await api(page, "GET", `/sessions/${session}`);
    const one = (await servers()).find((server) => server.id === server_id)!;

    await open(page, "/admin");
    await hand.go(poolOf(page, name), name);
    await hand.press(page.getByRole("button", { name: `Drain ${one.name}` }));
    const row = page.getByRole("group", { name: "Servers" }).getByRole("row").filter({ has: page.getByRole("link", { name: one.name, exact: true }) });
    await expect(row).toContainText("Draining");
    await expect(row.getByRole("button", { name: `Take back ${one.name}` })).toBeFocused();
    hand.expectTook("it drained", { mouse: 2, keyboard: 3 });
    await expectAccessible(page);
    expect((await servers()).map(({ id, state }) => [id === one.id, state]).sort()).toEqual([[false, "running"], [true, "draining"]]);
    expect((await api(page, "GET", `/sessions/${session}`)).state).toBe("assigned");
    await api(page, "DELETE", `/sessions/${session}`);
  });
});
