import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { api, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, expectFits, open } from "../../support/test.ts";
import type { Weir } from "../../support/weir.ts";

test.use({ settings: ["--list-seconds", "1"], refusals: true });

/** The id of a server that was asked for at this time, without its prefix. */
function idAt(millis: number): string {
  const hex = millis.toString(16).padStart(12, "0") + "7" + randomBytes(9).toString("hex").slice(0, 3) + "8" + randomBytes(9).toString("hex").slice(0, 15);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Makes a machine on this computer that carries Weir's tags and that no server claims, as one that a restored database knows nothing
 * of; of another generation if one is given.
 */
async function stray(page: Page, weir: Weir, provider: string, other?: string): Promise<string> {
  const server = idAt(Date.now() - 90 * 60_000);
  const { id: deployment, generation } = await api(page, "GET", "/deployment");
  const folder = join(weir.data, "local", deployment.replace("dep_", ""), provider.replace("prov_", ""), server);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const nobody = idAt(1);
  const record = { version: 1, name: "stray", deployment, generation: other ?? generation, pool: `pool_${nobody}`, config: `cfg_${nobody}`, server: `srv_${server}`, port: 1 };
  await writeFile(join(folder, "machine.json"), JSON.stringify(record));
  return server;
}

test("a machine without a server is shown, and an admin decides what becomes of it", async ({ page, weir }) => {
  await open(page, "/admin/orphans");
  await expect(page.getByText("Nothing is left over: each machine with Weir's tag has its server")).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);

  const data = { name: unique("Here"), kind: "local", max_instances: 2, startup_script: "#!/bin/sh\n" };
  const { id: provider } = await api(page, "POST", "/providers", { data });
  const machine = await stray(page, weir, provider);

  // It is live: nobody has loaded the page anew.
  const row = page.getByRole("row").filter({ hasText: machine });
  await expect(row).toBeVisible({ timeout: 30_000 });
  await expect(row).toContainText("Left alone until ");
  await expect(row).toContainText(/1 h 30 min/);
  await expect(row.locator('[data-label="Machine hours"]')).toHaveText("2");
  await expectAccessible(page);
  await expectFits(page);

  const dialog = page.getByRole("dialog");
  const decide = async (verb: string, question: RegExp, effect: string, action: string) => {
    await row.getByRole("button", { name: `${verb} ` }).click();
    await expect(dialog.getByRole("heading", { name: question })).toBeVisible();
    await expect(dialog).toContainText(effect);
    await expectAccessible(page);
    await dialog.getByRole("button", { name: action }).click();
    await expect(dialog).toBeHidden();
  };
  await decide("Keep", /^Keep the machine /, "The machine stays until somebody releases it.", "Keep machine");
  await expect(row).toContainText("Kept");
  await expect(row).toContainText("by ana");

  // Nothing is known of the server in its tag, so it is said at once that it cannot be adopted.
  await row.getByRole("button", { name: "Adopt " }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing is known of the server in its tag");
  await expect(dialog).toBeHidden();

  await decide("Release", /^Release the machine /, "The machine is left alone for 10 minutes, and then deleted.", "Release machine");
  await expect(row).toContainText("Left alone until ");

  // Who thinks better of it changes nothing.
  await row.getByRole("button", { name: "Delete now " }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(row).toContainText("Left alone until ");
  await decide("Delete now", /^Delete the machine .* now\?$/, "That cannot be undone.", "Delete machine");
  await expect(row).toHaveCount(0, { timeout: 30_000 });
  await expect(page.getByText("Nothing is left over")).toBeVisible();

  // What another Weir answers for is told of, and that is all.
  const foreign = page.getByRole("row").filter({ hasText: await stray(page, weir, provider, `gen_${idAt(1)}`) });
  await expect(foreign).toContainText("Of another Weir", { timeout: 30_000 });
  await expect(foreign.getByRole("button")).toHaveCount(0);
  await expectAccessible(page);
  await expectFits(page);

  await open(page, "/admin/activity");
  await expect(page.getByText(/^Kept (an )?orphan/).first()).toBeVisible();
});
