import { writeFile } from "node:fs/promises";
import { api, change, fakePool, localPool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** Writes a line, then one more once the file is there. It never checks in, so its server goes on starting. */
const script = (gate: string) => `#!/bin/sh
echo 'Signing in with {connection_password}, checking in with {checkin_jwt}'
until [ -e '${gate}' ]; do sleep 0.2; done
echo 'The gate is open'
sleep 600
`;

test("what a script writes is seen while its server starts, without its secrets", async ({ page, weir }) => {
  await open(page, "/admin");
  const name = unique("Console");
  const gate = `${weir.data}/${name.replaceAll(" ", "-")}`;
  const { id, config } = await fakePool(page, name, { max_instances: 1, config: { enabled: false } });
  const data = { name: unique("Machines"), kind: "local", max_instances: 1, startup_script: script(gate) };
  const provider = (await api(page, "POST", "/providers", { data })).id;
  await change(page, config, {
    enabled: true,
    provider_id: provider,
    connection_password: "hunter2-hunter2",
    use_user_ssh_key: false,
    require_checkin: true,
    minimum_available_sessions: 1,
  });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items;
  await expect(async () => expect(await servers()).toMatchObject([{ state: "booting" }])).toPass({ timeout: 30_000 });
  const [server] = await servers();

  await open(page, `/admin/servers/${server.id}`);
  const console = page.getByRole("region", { name: "Console log" }).locator("pre");
  await expect(console).toContainText("Signing in with ********, checking in with ********");
  await expect(console).not.toContainText("The gate is open");
  await expectAccessible(page);
  await writeFile(gate, "");
  await expect(console).toContainText("The gate is open");
  const log = await api(page, "GET", `/servers/${server.id}/console`);
  expect(log).toMatchObject({ source: "machine", is_cut: false, is_starting: true });
  expect(log.text).not.toContain("hunter2");

  await change(page, config, { enabled: false });
  await api(page, "DELETE", `/servers/${server.id}`);
});

/** Says what is wrong, reports it and ends. */
const FAILING = `#!/bin/sh
echo 'license server unreachable'
curl -s -X POST -H 'Content-Type: application/json' -d '{{"status": "failed"}}' \\
  'http://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}'
exit 1
`;

test("what a failed server wrote last stays when its machine is gone", async ({ page }) => {
  await open(page, "/admin");
  const { id, config } = await localPool(page, unique("Failing"), FAILING, { max_instances: 1, config: { minimum_available_sessions: 1 } });
  const first = async () => (await api(page, "GET", `/servers?pool_id=${id}&include_deleted=true`)).items[0];
  await expect(async () => expect(await first()).toMatchObject({ state: "deleted" })).toPass({ timeout: 30_000 });
  await change(page, config, { enabled: false });
  await open(page, `/admin/servers/${(await first()).id}`);
  const log = page.getByRole("region", { name: "Console log" });
  await expect(log).toContainText("The machine is gone. This is what it wrote last.");
  await expect(log.locator("pre")).toContainText("license server unreachable");
  await expectAccessible(page);
});

test("a provider without consoles says so", async ({ page }) => {
  await open(page, "/admin");
  const { id } = await fakePool(page, unique("No console"), { max_instances: 1, config: { minimum_available_sessions: 1 } });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items;
  await expect(async () => expect(await servers()).toMatchObject([{ state: "running" }])).toPass({ timeout: 30_000 });
  await open(page, `/admin/servers/${(await servers())[0].id}`);
  await expect(page.getByRole("region", { name: "Console log" })).toContainText("This provider gives no console log.");
});
