import { expect, type Page } from "@playwright/test";

/** What the API answers, read as JSON; an answer without a body is `undefined`. */
// A test knows the shapes that it asks for; the API's description is checked elsewhere.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Answer = any;

/** How a call is made. */
interface Call {
  /** The body. */
  data?: unknown;
  /** The version that a change was made on. */
  version?: number;
  /** The status that must come back; without one, any that means success. */
  status?: number;
}

let made = 0;

/** A name that no other test uses. */
export const unique = (word: string): string => `${word} ${process.pid}-${(made += 1)}`;

/** Calls the API as the person who is signed in on this page. */
export async function api(page: Page, method: string, path: string, { data, version, status }: Call = {}): Promise<Answer> {
  const origin = new URL(page.url()).origin;
  const response = await page.request.fetch(`${origin}/api/v1${path}`, {
    method,
    data,
    headers: { origin, ...(version === undefined ? {} : { "if-match": `"v${version}"` }) },
  });
  const text = await response.text();
  if (status === undefined) {
    expect(response.ok(), `${method} ${path}: ${response.status()} ${text}`).toBe(true);
  } else {
    expect(response.status(), `${method} ${path}: ${text}`).toBe(status);
  }
  return text ? JSON.parse(text) : undefined;
}

/** The members of a saved autoscale config that `PUT` does not take. */
const READ_ONLY = ["id", "version", "secrets", "warnings", "servers", "older_servers", "created_at", "updated_at"];

/** The document of a saved autoscale config, as `PUT` takes it. */
export function documentOf(saved: Answer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(saved).filter(([key]) => !READ_ONLY.includes(key)));
}

/** Changes some values of a saved autoscale config. */
export async function change(page: Page, id: string, values: Record<string, unknown>): Promise<void> {
  const saved = await api(page, "GET", `/autoscale-configs/${id}`);
  await api(page, "PUT", `/autoscale-configs/${id}`, { data: { ...documentOf(saved), ...values }, version: saved.version });
}

/** What a pool of one provider config is made of. */
interface PoolOptions {
  /** How many machines there may be. */
  max_instances: number;
  /** What its autoscale config says beyond that it is a pool of shells that are used again. */
  config: object;
  /** What it publishes. */
  apps?: object[];
}

/** Makes a pool of machines in memory, with a zone, a provider config and an autoscale config of the same name. They start at once, or
 * after `boot_millis`. */
export const fakePool = (page: Page, name: string, { boot_millis = 0, ...options }: PoolOptions & { boot_millis?: number }) =>
  makePool(page, name, { kind: "fake", settings: { boot_millis, script_millis: 0 } }, options);

/** The same of servers on this machine, which run a start-up script and are ready when it says so. */
export const localPool = (page: Page, name: string, startup_script: string, { config, ...options }: PoolOptions) =>
  makePool(page, name, { kind: "local", startup_script }, { ...options, config: { require_checkin: true, ...config } });

async function makePool(page: Page, name: string, provider: object, { max_instances, config, apps = [] }: PoolOptions) {
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const deployment_zone_id = await create("/zones", { name, upstream_auth_address: new URL(page.url()).host });
  const provider_id = await create("/providers", { name, max_instances, ...provider });
  const id = await create("/pools", { name, description: "", apps });
  const made = await create("/autoscale-configs", {
    name,
    pool_id: id,
    deployment_zone_id,
    provider_id,
    connection_type: "ssh",
    connection_username: "people",
    reusable: true,
    ...config,
  });
  return { id, name, config: made, zone: deployment_zone_id };
}

/** Switches all configs off and deletes all servers, until none is left. */
export async function takeAllAway(page: Page): Promise<void> {
  for (const { id } of (await api(page, "GET", "/autoscale-configs")).items) await change(page, id, { enabled: false });
  await expect(async () => {
    const left = (await api(page, "GET", "/servers")).items;
    for (const server of left) await api(page, "DELETE", `/servers/${server.id}?end_sessions=true`);
    expect(left).toEqual([]);
  }).toPass({ timeout: 60_000 });
}
