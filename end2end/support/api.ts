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

/** Makes a pool of machines in memory, which start at once, with a zone, a provider config and an autoscale config of the same name.
 * `config` changes what the autoscale config says; `apps` are what the pool publishes; `boot_millis` is how long machines take. */
export async function fakePool(
  page: Page,
  name: string,
  { max_instances, config, apps = [], boot_millis = 0 }: { max_instances: number; config: object; apps?: object[]; boot_millis?: number },
) {
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const settings = { boot_millis, script_millis: 0 };
  const deployment_zone_id = await create("/zones", { name, upstream_auth_address: "weir.example" });
  const provider_id = await create("/providers", { name, kind: "fake", max_instances, settings });
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
