import { writeFile } from "node:fs/promises";
import { gatedPool } from "../../../support/gated_pool.ts";
import { byEachHand, handTest as test } from "../../../support/hand.ts";
import { expect, expectAccessible, expectFits, open } from "../../../support/test.ts";

test.use({ viewport: { width: 390, height: 844 }, permissions: ["clipboard-read", "clipboard-write"] });

byEachHand(test, () => {
  test("a computer is opened, waited for and connected to on the screen of a phone", async ({ page, hand, weir }) => {
    await page.goto("/portal");
    const pool = await gatedPool(page, weir.data, true);
    await open(page, "/portal");
    await hand.press(page.getByRole("button", { name: `Open ${pool.name}`, exact: true }));
    await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
    await expect(page.getByText("Installing updates")).toBeVisible({ timeout: 30_000 });
    await writeFile(pool.gate, "");
    await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
    await hand.press(page.getByRole("button", { name: "Copy ssh command" }));
    await expect(page.getByText("Copied")).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^ssh /);
    hand.expectTook("the command that connects", 2);

    await expectFits(page);
    await expectAccessible(page);
    await hand.press(page.getByRole("button", { name: `End ${pool.name}` }));
    await expect(page.getByText("You ended this session.")).toBeVisible();
    hand.expectTook("the way out", 3);
  });
});
