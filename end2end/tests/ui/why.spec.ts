import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** A pool of machines in memory that keeps one seat free, of a name that nothing else has. */
const pool = (page: Page, { max_instances, config }: { max_instances: number; config?: object }) =>
  fakePool(page, unique("Desks"), { max_instances, config: { minimum_available_sessions: 1, ...config } });

/** The sessions that a test has asked for. */
const asked: string[] = [];

async function ask(page: Page, pool_id: string): Promise<string> {
  const { id } = await api(page, "POST", "/sessions", { data: { pool_id } });
  asked.push(id);
  return id;
}

// Other tests share the person, who may have only so many.
test.afterEach(async ({ page }) => {
  for (const id of asked.splice(0)) await api(page, "DELETE", `/sessions/${id}`);
});

test("a paused config makes nothing, says so, and goes on when resumed", async ({ page }) => {
  await page.goto("/admin");
  const { id, name, config } = await pool(page, { max_instances: 5 });
  const servers = async () => (await api(page, "GET", `/pools/${id}`)).counts.servers as number;
  await expect(async () => expect(await servers()).toBe(1)).toPass();
  await open(page, `/admin/pools/${id}?tab=config`);
  await page.getByRole("button", { name: `Pause ${name}` }).click();
  await expect(page.getByText("Paused.")).toBeVisible();
  await ask(page, id);
  await page.getByRole("link", { name: "Decisions", exact: true }).click();
  const decision = page.getByRole("article").first();
  await expect(decision).toContainText("held.disabled");
  // The way leads into the step where the switch is.
  await decision.getByRole("link", { name: "Enabled" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/autoscale/${config}/edit\\?step=basics#enabled$`));
  await expect(page.getByRole("checkbox", { name: "Enabled" })).toBeFocused();
  expect(await servers()).toBe(1);

  await open(page, `/admin/pools/${id}?tab=config`);
  await page.getByRole("button", { name: `Resume ${name}` }).click();
  await expect(page.getByRole("button", { name: `Pause ${name}` })).toBeVisible();
  await expect(async () => expect(await servers()).toBe(2)).toPass({ timeout: 30_000 });
});

test("a server says how it came up, and what is usual", async ({ page }) => {
  await page.goto("/admin");
  const { id } = await pool(page, { max_instances: 6, config: { minimum_available_sessions: 5 } });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; state: string }[];
  await expect(async () => {
    const states = (await servers()).map(({ state }) => state);
    expect(states).toEqual(Array(5).fill("running"));
  }).toPass({ timeout: 30_000 });

  const [{ id: server }] = await servers();
  await open(page, `/admin/servers/${server}`);
  const phases = page.getByRole("group", { name: "Phases of the start" });
  const row = (name: string) => phases.getByRole("row", { name });
  for (const name of ["The provider accepts it", "The machine starts", "The start-up script runs"]) {
    // Both how long it took and how long it usually takes.
    await expect(row(name).getByText(/^\d+(\.\d)? s/)).toHaveCount(2);
  }
  await expect(page.getByText("the median of the last 5 starts")).toBeVisible();
  const steps = page.getByRole("group", { name: "What happened" });
  await expect(steps.getByRole("row", { name: /Ready/ })).toHaveCount(1);
  await expectAccessible(page);

  // Who waits sees the same figures.
  const history = await api(page, "GET", `/servers/${server}/history`);
  expect(history.usual.starts).toBe(5);
});

test("the chart of a pool and its table tell of what it held", async ({ page }) => {
  await page.goto("/admin");
  const { id } = await pool(page, { max_instances: 2 });
  await expect(async () => expect((await api(page, "GET", `/pools/${id}`)).counts.free_seats).toBe(1)).toPass();
  await open(page, `/admin/pools/${id}`);
  const capacity = page.getByRole("region", { name: "Capacity" });
  await expect(capacity.getByText("Seats: 1 now, 1 at most")).toBeVisible();
  await expect(capacity.getByText("In use: 0 now, 0 at most")).toBeVisible();
  // It is live.
  const session = await ask(page, id);
  await expect(capacity.getByText("In use: 1 now, 1 at most")).toBeVisible();
  await capacity.getByText("The same as a table").click();
  await expect(capacity.getByRole("group", { name: "Capacity" }).getByRole("row").last()).toContainText("1");
  await capacity.getByRole("link", { name: "1 day" }).click();
  await expect(page).toHaveURL(/\?range=24$/);
  await expect(capacity.getByRole("link", { name: "1 day" })).toHaveAttribute("aria-current", "true");
  await expect(capacity.getByText("In use: 1 now, 1 at most")).toBeVisible();
  await expectAccessible(page);
  await capacity.getByRole("link", { name: "1 hour" }).click();
  await expect(capacity.getByText("In use: 1 now, 1 at most")).toBeVisible();
  await api(page, "DELETE", `/sessions/${session}`);
  await expect(capacity.getByText("In use: 0 now, 1 at most")).toBeVisible();
});

test("the list of pools shows the last hour of each", async ({ page }) => {
  await page.goto("/admin");
  const { id, name } = await pool(page, { max_instances: 2 });
  await ask(page, id);
  const counts = async () => (await api(page, "GET", `/pools/${id}`)).counts;
  await expect(async () => expect(await counts()).toMatchObject({ running: 2, sessions: 1 })).toPass({ timeout: 30_000 });
  for (const address of ["/admin", "/admin/pools"]) {
    await open(page, address);
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
    await expect(row.getByRole("img", { name: /^At most 2 seats, 1 in use, \d waiting$/ })).toBeVisible();
  }
});

test("a config can be copied as a document and as a command that works", async ({ page }) => {
  await page.goto("/admin");
  const { id, config } = await pool(page, { max_instances: 2, config: { connection_password: "hunter2" } });
  const { token } = await api(page, "POST", "/api-keys", { data: { name: unique("copy"), role: "admin" } });
  await open(page, `/admin/pools/${id}?tab=config`);
  await page.getByText("Copy as", { exact: true }).click();
  const json = JSON.parse((await page.getByLabel("JSON", { exact: true }).textContent())!);
  expect(json).toMatchObject({ connection_type: "ssh", connection_username: "people", pool_id: id });
  expect(json).not.toHaveProperty("connection_password");
  await expectAccessible(page);

  // It changes what it says and nothing else: the secret that is left out stays.
  const command = (await page.getByLabel("curl command", { exact: true }).textContent())!;
  const changed = command.replace('"connection_username": "people"', '"connection_username": "desk"');
  const answer = JSON.parse(execFileSync("sh", ["-c", changed], { env: { ...process.env, WEIR_API_KEY: token }, encoding: "utf8" }));
  expect(answer).toMatchObject({ id: config, version: 2, connection_username: "desk" });
  expect(answer.secrets).toHaveProperty("connection_password");
});

test("a long list comes in pages, and the address says which", async ({ page }) => {
  await page.goto("/admin");
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const zone = await create("/zones", { name: "Long", upstream_auth_address: "weir.example" });
  const id = await create("/pools", { name: "Long", description: "" });
  for (let number = 1; number <= 60; number += 1) {
    await create("/servers", {
      name: `desk-${number}`,
      pool_id: id,
      zone_id: zone,
      protocol: "vnc",
      host: "desk.example",
      port: 5900 + number,
      limits: { max_sessions: 1 },
    });
  }
  await open(page, `/admin/pools/${id}?tab=servers`);
  const servers = page.getByRole("group", { name: "Servers" });
  await expect(servers.getByRole("rowheader")).toHaveCount(50);
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(servers.getByRole("rowheader")).toHaveCount(10);
  await expect(page).toHaveURL(/tab=servers&cursor=[0-9a-f]{32}$/);
  await expect(servers.getByRole("link", { name: "desk-60" })).toBeVisible();
  await page.reload();
  await expect(servers.getByRole("rowheader")).toHaveCount(10);
  await page.getByRole("link", { name: "First page" }).click();
  await expect(servers.getByRole("link", { name: "desk-1", exact: true })).toBeVisible();
});
