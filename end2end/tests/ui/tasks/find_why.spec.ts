import { api, change, fakePool, localPool, unique } from "../../../support/api.ts";
import { byEachHand, handTest as test } from "../../../support/hand.ts";
import { expect, expectAccessible, open } from "../../../support/test.ts";

/** A start-up script that gives up. */
const FAILS = `#!/bin/sh
curl -sS -X POST -H 'Content-Type: application/json' -H 'Authorization: Bearer {checkin_jwt}' \\
  -d '{{"status": "failed", "status_message": "The disk is full", "status_progress": 60}}' \\
  'http://{upstream_auth_address}/api/v1/checkin'
`;

// Other tests share the person, who may have only so many.
test.afterEach(async ({ page }) => {
  for (const { id } of (await api(page, "GET", "/sessions")).items) await api(page, "DELETE", `/sessions/${id}`);
});

byEachHand(test, () => {
  test("why nobody is served is two links away, at the field that limits", async ({ page, hand }) => {
    await page.goto("/admin");
    const { id, name } = await fakePool(page, unique("Desks"), { max_instances: 1, config: { minimum_available_sessions: 0 } });
    const counts = async () => (await api(page, "GET", `/pools/${id}`)).counts;
    await api(page, "POST", "/sessions", { data: { pool_id: id } });
    await expect(async () => expect((await counts()).sessions).toBe(1)).toPass();
    await api(page, "POST", "/sessions", { data: { pool_id: id } });

    await open(page, "/admin");
    const need = page.getByRole("region", { name: "Needs you" }).getByRole("listitem").filter({ hasText: `${name}:` });
    await expect(need).toContainText("1 person waits.");
    await expect(need).toContainText("the limit of 1 instance of the provider config is reached with 1");
    await expectAccessible(page);
    hand.expectTook("why", 0);
    await hand.press(need.getByRole("link", { name: "Why" }));
    const decision = page.getByRole("article").first();
    await expect(decision).toContainText("held.at_limit");
    // Below the fold nothing would seem to have happened.
    await expect(decision.getByText("held.at_limit")).toBeInViewport();
    await hand.press(decision.getByRole("link", { name: "Max Instances" }));
    const limit = page.getByLabel("Max Instances");
    await expect(limit).toBeFocused();
    hand.expectTook("the field that limits", 2);

    await hand.type(limit, "2");
    await hand.press(page.getByRole("button", { name: "Save provider" }));
    await expect(page).toHaveURL(/\/admin\/providers$/);
    hand.expectTook("the person served", 4);
    await expect(async () => expect((await counts()).waiting).toBe(0)).toPass({ timeout: 30_000 });
    await open(page, "/admin");
    await expect(need).toHaveCount(0);
  });

  test("why a server has failed is told in the words of its script", async ({ page, hand }) => {
    // Three servers start and fail one after the other.
    test.slow();
    await page.goto("/admin");
    const pool = await localPool(page, unique("Shells"), FAILS, { max_instances: 2, config: { minimum_available_sessions: 1 } });
    const decisions = async () => JSON.stringify((await api(page, "GET", `/decisions?pool_id=${pool.id}`)).items);
    // It is tried a few times, and then left alone for a while.
    await expect(async () => expect(await decisions()).toContain("held.breaker_open")).toPass({ timeout: 45_000 });

    await open(page, "/admin");
    const need = page.getByRole("region", { name: "Needs you" }).getByRole("listitem").filter({ hasText: `${pool.name}:` });
    await expect(need).toContainText("too many servers in a row did not become ready");
    await hand.press(need.getByRole("link", { name: "Why" }));
    await hand.press(page.getByRole("article").getByRole("link", { name: "To the server" }).first());
    await expect(page.getByText("Its start-up script failed.")).toBeVisible();
    await expect(page.getByRole("group", { name: "What happened" }).getByRole("row", { name: /Failed/ })).toContainText("The disk is full");
    await expectAccessible(page);
    hand.expectTook("why", 2);
    await change(page, pool.config, { enabled: false });
  });
});
