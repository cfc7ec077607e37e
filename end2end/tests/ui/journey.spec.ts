import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { takeAllAway } from "../../support/api.ts";
import { expect, expectAccessible, open, test } from "../../support/test.ts";

const run = promisify(execFile);

test("from the set-up link to a shell on a server, and back", async ({ page, weir }) => {
  test.setTimeout(180_000);
  const home = await mkdtemp(join(tmpdir(), "weir-home-"));
  try {
    await page.goto(await weir.setupLink());
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Set up Weir");
    await expectAccessible(page);
    await page.getByLabel("Name").fill("ana");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Create admin" }).click();

    await open(page, `${weir.origin}/admin`);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Try it on this machine" }).click();
    await expect(page).toHaveURL(/\/admin\/pools\/pool_/);
    await expectAccessible(page);

    await open(page, `${weir.origin}/portal/profile`);
    await page.getByLabel("Name").fill("laptop");
    await page.getByRole("button", { name: "Add key" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download private key" }).click(),
    ]);
    // Where the profile says that ssh finds it.
    const key = join(home, ".ssh", "weir_ed25519");
    await mkdir(join(home, ".ssh"), { mode: 0o700 });
    await download.saveAs(key);
    await chmod(key, 0o600);
    expect(await readFile(key, "utf8")).toContain("BEGIN OPENSSH PRIVATE KEY");

    await open(page, `${weir.origin}/portal`);
    await expectAccessible(page);
    await page.getByRole("button", { name: /^Open / }).first().click();
    await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
    // Seated at once, or after a wait that the page shows: no reload on the way.
    await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 90_000 });
    await expectAccessible(page);
    const commands = (await page.locator("pre").allTextContents()).filter((text) => /ssh|printf/.test(text));
    expect(commands.join("\n")).toContain("StrictHostKeyChecking=yes");

    const pin = commands.find((text) => text.startsWith("mkdir")) ?? "true";
    const connect = commands.find((text) => text.startsWith("ssh ")) ?? "false";
    const shell = async () => {
      // ssh takes ~ from the account, the shell takes it from HOME: both become the test's own folder.
      const script = `${pin}\n${connect} 'echo "on $WEIR_SERVER"'`.replaceAll("~/", `${home}/`);
      return (await run("bash", ["-c", script], { env: { ...process.env, HOME: home }, timeout: 30_000 })).stdout;
    };
    await expect(async () => expect(await shell()).toContain("on ")).toPass({ timeout: 30_000 });

    await page.getByRole("button", { name: /^End/ }).first().click();
    await open(page, `${weir.origin}/portal`);
    await expect(page.getByRole("heading", { name: "Running" })).toHaveCount(0);
    await expect(async () => expect(shell()).rejects.toThrow()).toPass({ timeout: 30_000 });
    await takeAllAway(page);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
