import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

test("a server that is drained or deleted by hand can be taken back for a while", async ({ page }) => {
  await page.goto("/admin");
  const { id } = await fakePool(page, unique("Grace"), { max_instances: 3, config: { minimum_available_sessions: 1 } });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; name: string; state: string }[];
  await expect.poll(async () => (await servers()).map(({ state }) => state), { timeout: 30_000 }).toEqual(["running"]);
  const [server] = await servers();
  await open(page, `/admin/servers/${server.id}`);
  const button = (word: string) => page.getByRole("button", { name: `${word} ${server.name}` });
  const badge = page.locator(".page-head .badge");
  const takeBack = async () => {
    await expect(page.getByText(/^Deleted in \d+ s$/)).toBeVisible();
    await button("Take back").click();
    await expect(badge).not.toHaveText("Draining");
    await expect(page.getByText(/^Deleted in/)).toHaveCount(0);
  };

  // Nobody is on it: nothing is asked, since nothing is lost yet.
  await button("Drain").click();
  await expect(button("Take back")).toBeFocused();
  await expect(page.getByText("Nobody is on it, so it is deleted in a moment, unless it is taken back.")).toBeVisible();
  await expectAccessible(page);
  await takeBack();
  await button("Delete").click();
  await expect(page.getByText("An admin deletes it.")).toBeVisible();
  await expect(button("Delete")).toHaveAttribute("aria-disabled", "true");
  await expect(button("Delete")).toBeFocused();
  await expect(page.getByRole("status").filter({ hasText: "Deleted in 10 seconds, unless it is taken back" })).toHaveCount(1);
  await takeBack();
  // It is there still: nobody has deleted it.
  const deeds = page.getByRole("table").getByRole("link", { name: `server ${server.name}` });
  await page.goto("/admin/activity");
  await expect(deeds).toHaveText([`Took back into use server ${server.name}`, `Asked to delete server ${server.name}`, `Took back into use server ${server.name}`, `Drained server ${server.name}`]);

  // Somebody is: it is said what ends, and even then it can be taken back.
  const session = await api(page, "POST", "/sessions", { data: { pool_id: id } });
  const seat = await api(page, "GET", `/servers/${session.server_id}`);
  await open(page, `/admin/servers/${seat.id}`);
  await page.getByRole("button", { name: `Delete ${seat.name}` }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("1 open session ends in 10 seconds. Until then the server can be taken back.");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Delete server" }).click();
  await expect(page.getByText("It goes in a moment, and 1 open session with it, unless it is taken back.")).toBeVisible();
  await expect(page.getByRole("button", { name: `Delete ${seat.name}` })).toBeFocused();
  await page.getByRole("button", { name: `Take back ${seat.name}` }).click();
  await expect(badge).not.toHaveText("Draining");
  expect((await api(page, "GET", `/sessions/${session.id}`)).state).toBe("assigned");

  // Not taken back, it goes, and its session with it.
  await page.getByRole("button", { name: `Delete ${seat.name}` }).click();
  await dialog.getByRole("button", { name: "Delete server" }).click();
  await expect.poll(async () => (await api(page, "GET", `/servers/${seat.id}`)).state, { timeout: 30_000 }).toBe("deleted");
  expect((await api(page, "GET", `/sessions/${session.id}`)).state).toBe("ended");
});
