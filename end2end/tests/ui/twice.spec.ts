import type { Locator, Page } from "@playwright/test";
import { api, fakePool, takeAllAway, unique } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

/** So slow that the page shows what the first click has done before the second one comes. */
const SLOW = { delay: 600 };

/** What has been done to one thing, newest first. */
const deeds = async (page: Page, target: string): Promise<string[]> =>
  (await api(page, "GET", `/audit?target=${target}`)).items.map(({ action }: { action: string }) => action);

/** Where a button is, to the pixel. */
const place = async (button: Locator) => {
  const { x, y, width } = (await button.boundingBox())!;
  return [x, y, width].map(Math.round);
};

for (const where of ["the list", "its page"]) {
  test(`a double click on Drain of a server in ${where} drains it and no more, and moves no button`, async ({ page }) => {
    await page.goto("/admin");
    const name = unique("Twice");
    const { id } = await fakePool(page, name, { max_instances: 1, config: { minimum_available_sessions: 1 } });
    const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; name: string; state: string }[];
    await expect.poll(async () => (await servers()).map(({ state }) => state), { timeout: 30_000 }).toEqual(["running"]);
    const [server] = await servers();
    await open(page, where === "the list" ? `/admin/servers?q=${encodeURIComponent(server.name)}` : `/admin/servers/${server.id}`);
    const button = (word: string) => page.getByRole("button", { name: `${word} ${server.name}` });
    const places = [await place(button("Drain")), await place(button("Delete"))];

    await button("Drain").dblclick(SLOW);
    await expect(page.getByText(/^Deleted in \d+ s$/)).toBeVisible();
    expect([await place(button("Take back")), await place(button("Delete"))]).toEqual(places);
    await expect(button("Delete")).not.toHaveAttribute("aria-disabled", "true");
    expect((await deeds(page, server.id)).filter((deed) => /drain|delete/.test(deed))).toEqual(["server.drain"]);

    await button("Take back").dblclick(SLOW);
    await expect(page.getByText(/^Deleted in/)).toHaveCount(0);
    expect([await place(button("Drain")), await place(button("Delete"))]).toEqual(places);
    expect((await deeds(page, server.id)).filter((deed) => /drain|delete/.test(deed))).toEqual(["server.undrain", "server.drain"]);
    await takeAllAway(page);
  });
}

test("a double click on Pause everything pauses, and one on Resume resumes, in the same place", async ({ page }) => {
  await open(page, "/admin/providers");
  const { id } = await api(page, "GET", "/deployment");
  const before = (await deeds(page, id)).length;
  const [pause, resume] = ["Pause everything", "Resume"].map((name) => page.getByRole("button", { name }));
  const at = await place(pause);

  await pause.dblclick(SLOW);
  await expect(page.getByText("Everything is paused", { exact: true })).toBeVisible();
  expect(await place(resume)).toEqual(at);
  expect((await deeds(page, id)).slice(0, -before || undefined)).toEqual(["deployment.pause"]);

  await resume.dblclick(SLOW);
  await expect(page.getByText("Everything is paused", { exact: true })).toHaveCount(0);
  expect(await place(pause)).toEqual(at);
  expect((await deeds(page, id)).slice(0, -before || undefined)).toEqual(["deployment.resume", "deployment.pause"]);
});
