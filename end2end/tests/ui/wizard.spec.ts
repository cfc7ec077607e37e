import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { api, change, documentOf, fakePool, unique } from "../../support/api.ts";
import { ADMIN, adminTest as test, expect, expectAccessible, holdBack, open } from "../../support/test.ts";

/** How a field is filled in. */
type Control = "switch" | "choice" | "line" | "list" | "secret" | "json";

/** A field as the wizard's specification names it: written down here once more, so that the form's own table is held to it. */
interface Row {
  key: string;
  label: string;
  step: string;
  control: Control;
  /** It waits behind "More options". */
  more?: true;
}

const ROWS: Row[] = [
  { key: "enabled", label: "Enabled", step: "Basics", control: "switch" },
  { key: "name", label: "Name", step: "Basics", control: "line" },
  { key: "autoscale_type", label: "AutoScale Type", step: "Basics", control: "choice" },
  { key: "pool_id", label: "Pool", step: "Basics", control: "list" },
  { key: "aggressive_scaling", label: "Aggressive Scaling", step: "Capacity", control: "switch", more: true },
  { key: "deployment_zone_id", label: "Deployment Zone", step: "Basics", control: "list" },
  { key: "downscale_backoff_seconds", label: "Downscale Backoff (Seconds)", step: "Capacity", control: "line", more: true },
  { key: "require_checkin", label: "Require Checkin", step: "Readiness", control: "switch" },
  { key: "kasm_desktop_service_installed", label: "Kasm Desktop Service Installed", step: "Readiness", control: "switch", more: true },
  { key: "connection_type", label: "Connection Type", step: "Connection", control: "choice" },
  { key: "connection_port", label: "Connection Port", step: "Connection", control: "line" },
  { key: "connection_credential_type", label: "Connection Credential Type", step: "Connection", control: "choice" },
  { key: "sso_domain", label: "SSO Domain", step: "Connection", control: "line" },
  { key: "connection_username", label: "Connection Username", step: "Connection", control: "line" },
  { key: "connection_password", label: "Connection Password", step: "Connection", control: "secret" },
  { key: "use_user_ssh_key", label: "Use User SSH Key", step: "Connection", control: "switch" },
  { key: "connection_private_key", label: "Connection Private Key", step: "Connection", control: "secret" },
  { key: "connection_private_key_passphrase", label: "Connection Private Key Passphrase", step: "Connection", control: "secret" },
  { key: "connection_info", label: "Connection Info (JSON)", step: "Connection", control: "json", more: true },
  { key: "create_active_directory_computer_record", label: "Create Active Directory Computer Record", step: "Readiness", control: "switch" },
  { key: "ldap_config_id", label: "LDAP Config", step: "Readiness", control: "list" },
  { key: "active_directory_computer_ou_dn", label: "Active Directory Computer OU DN", step: "Readiness", control: "line" },
  { key: "recursive_ad_cleanup", label: "Recursive AD Cleanup", step: "Readiness", control: "switch", more: true },
  { key: "reusable", label: "Reusable", step: "Capacity", control: "switch" },
  { key: "minimum_available_sessions", label: "Minimum Available Sessions", step: "Capacity", control: "line" },
  { key: "max_simultaneous_sessions_per_server", label: "Max Simultaneous Sessions Per Server", step: "Capacity", control: "line" },
  { key: "max_simultaneous_users", label: "Max Simultaneous Users", step: "Capacity", control: "line" },
  { key: "provider_id", label: "Provider", step: "Provider", control: "list" },
  { key: "dry_run", label: "Dry Run", step: "Basics", control: "switch", more: true },
  { key: "provision_timeout_seconds", label: "Provision Timeout (Seconds)", step: "Readiness", control: "line", more: true },
];

const STEPS = ["Basics", "Connection", "Capacity", "Readiness", "Provider"];

const TYPES = { kasmvnc: "KasmVNC", rdp: "RDP", vnc: "VNC", ssh: "SSH" } as const;
const CREDENTIALS = {
  static: "Static Credentials",
  dynamic: "Dynamic User Accounts",
  sso: "SSO User Accounts",
  smartcard: "Authenticate with Smartcard",
} as const;
type Type = keyof typeof TYPES;
type Credentials = keyof typeof CREDENTIALS;

/** The words of choices, by their values. */
const WORDS: Record<string, string> = { server: "Server", docker_agent: "Docker Agent", ...TYPES, ...CREDENTIALS };

/** What can be chosen with each protocol. */
const ALLOWED: Record<Type, Credentials[]> = {
  kasmvnc: ["static"],
  rdp: ["static", "dynamic", "sso", "smartcard"],
  vnc: ["static"],
  ssh: ["static", "sso"],
};

/** What is entered, by key. Secrets are among it. */
type Values = Record<string, unknown>;

/** When a field is there, as the specification says it. */
function isShown(key: string, values: Values): boolean {
  const { connection_type: type, connection_credential_type: credentials } = values;
  switch (key) {
    case "sso_domain":
      return credentials === "sso";
    case "connection_username":
    case "connection_password":
      return credentials === "static";
    case "use_user_ssh_key":
      return type === "ssh";
    case "connection_private_key":
    case "connection_private_key_passphrase":
      return type === "ssh" && credentials === "static" && values.use_user_ssh_key === false;
    case "max_simultaneous_users":
      return type === "rdp" || type === "ssh";
    case "ldap_config_id":
    case "active_directory_computer_ou_dn":
    case "recursive_ad_cleanup":
      return values.create_active_directory_computer_record === true;
    default:
      return true;
  }
}

/** The things that a config points at, two of each, so that a choice is one. */
interface Ground {
  zones: string[];
  providers: string[];
  directory: string;
}

async function ground(page: Page): Promise<Ground> {
  const create = async (path: string, data: unknown) => (await api(page, "POST", path, { data })).id as string;
  const zone = () => create("/zones", { name: unique("Zone"), upstream_auth_address: "weir.example:443" });
  const provider = () =>
    create("/providers", {
      name: unique("Cloud"),
      kind: "fake",
      max_instances: 10,
      // Machines of the fake cloud check in with the token that they find in their script.
      startup_script: "{checkin_jwt}",
      settings: { boot_millis: 0, script_millis: 0 },
    });
  const directory = create("/ldap-configs", {
    name: unique("Directory"),
    url: "ldaps://dc.corp.example",
    search_base: "DC=corp,DC=example",
    service_account_dn: "CN=weir,DC=corp,DC=example",
    service_account_password: "secret",
  });
  return { zones: [await zone(), await zone()], providers: [await provider(), await provider()], directory: await directory };
}

/** A cloud of one machine, which is up at once and checks in when its script has run for this long. */
const slowCloud = async (page: Page, script_millis: number): Promise<string> => {
  const settings = { boot_millis: 0, script_millis };
  const data = { name: unique("Slow cloud"), kind: "fake", max_instances: 1, startup_script: "{checkin_jwt}", settings };
  return (await api(page, "POST", "/providers", { data })).id;
};

const pool = async (page: Page): Promise<string> => (await api(page, "POST", "/pools", { data: { name: unique("Pool") } })).id;

// Other tests share the person, who may have only so many.
test.afterEach(async ({ page }) => {
  for (const { id } of (await api(page, "GET", "/sessions")).items) await api(page, "DELETE", `/sessions/${id}`);
});

/** Goes to a step by the list of steps. */
async function step(page: Page, title: string): Promise<void> {
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: title }).click();
  await expect(page.getByRole("heading", { level: 2, name: title })).toBeVisible();
  const more = page.locator("details", { has: page.getByText("More options", { exact: true }) });
  if ((await more.count()) === 1 && (await more.getAttribute("open")) === null) await page.getByText("More options", { exact: true }).click();
}

/** The control of a field; for a choice, the group. */
function control(page: Page, { label, control }: Row) {
  switch (control) {
    case "choice":
      return page.getByRole("group", { name: label, exact: true });
    case "switch":
      return page.getByRole("checkbox", { name: label, exact: true });
    default:
      return page.getByLabel(label, { exact: true });
  }
}

async function enter(page: Page, row: Row, value: unknown): Promise<void> {
  const field = control(page, row);
  switch (row.control) {
    case "switch":
      return field.setChecked(value as boolean);
    case "choice":
      return field.getByRole("radio", { name: WORDS[value as string], exact: true }).check();
    case "list":
      await field.selectOption(value as string);
      return;
    case "json":
      return field.fill(JSON.stringify(value));
    default:
      return field.fill(String(value));
  }
}

/** Fills in the whole wizard. In each step first what others depend on, as a person would. */
async function fillIn(page: Page, values: Values): Promise<void> {
  for (const title of STEPS) {
    await step(page, title);
    for (const row of ROWS.filter((row) => row.step === title && row.key in values)) {
      if (await control(page, row).isDisabled()) continue;
      await enter(page, row, values[row.key]);
    }
  }
}

/** Creates what has been filled in, and sees the pool that it is for. */
async function finish(page: Page, id: string): Promise<void> {
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
}

/** A private key that a passphrase opens. */
function privateKey(passphrase: string): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-key-"));
  try {
    const file = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", file]);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Documents that together use every field, each with another value than the default where there is one. */
const DOCUMENTS: Record<string, (ground: Ground) => Values> = {
  "RDP with single sign-on and a computer record": ({ zones, providers, directory }) => ({
    enabled: false,
    autoscale_type: "server",
    aggressive_scaling: false,
    deployment_zone_id: zones[1],
    downscale_backoff_seconds: 61,
    require_checkin: true,
    kasm_desktop_service_installed: true,
    connection_type: "rdp",
    connection_port: 13_389,
    connection_credential_type: "sso",
    sso_domain: "corp.example",
    connection_info: { guac: { "resize-method": "display-update" } },
    create_active_directory_computer_record: true,
    ldap_config_id: directory,
    active_directory_computer_ou_dn: "OU=Desks,DC=corp,DC=example",
    recursive_ad_cleanup: true,
    reusable: true,
    minimum_available_sessions: 7,
    max_simultaneous_sessions_per_server: 9,
    max_simultaneous_users: 8,
    provider_id: providers[1],
    dry_run: true,
    provision_timeout_seconds: 601,
  }),
  "SSH with one key for all": ({ zones, providers }) => ({
    enabled: true,
    deployment_zone_id: zones[0],
    connection_type: "ssh",
    connection_port: 2222,
    connection_credential_type: "static",
    connection_username: "people",
    connection_password: "a password",
    use_user_ssh_key: false,
    connection_private_key: privateKey("a phrase"),
    connection_private_key_passphrase: "a phrase",
    minimum_available_sessions: 0,
    max_simultaneous_sessions_per_server: 3,
    max_simultaneous_users: 2,
    provider_id: providers[0],
  }),
  "SSH with everybody's own key": ({ zones, providers }) => ({
    enabled: true,
    deployment_zone_id: zones[1],
    connection_type: "ssh",
    connection_credential_type: "sso",
    sso_domain: "CORP\\",
    use_user_ssh_key: true,
    provider_id: providers[0],
  }),
  "KasmVNC, planned but not done": ({ zones, providers }) => ({
    enabled: true,
    dry_run: true,
    deployment_zone_id: zones[0],
    connection_type: "kasmvnc",
    connection_credential_type: "static",
    connection_password: "another password",
    connection_info: { note: "passed on" },
    minimum_available_sessions: 1,
    provider_id: providers[1],
  }),
  "VNC": ({ zones, providers }) => ({
    enabled: false,
    deployment_zone_id: zones[0],
    connection_type: "vnc",
    connection_port: 5999,
    connection_credential_type: "static",
    provider_id: providers[1],
  }),
  "RDP with cards": ({ zones, providers }) => ({
    enabled: false,
    deployment_zone_id: zones[0],
    connection_type: "rdp",
    connection_credential_type: "smartcard",
    provider_id: providers[1],
  }),
  "RDP with accounts that are made": ({ zones, providers }) => ({
    enabled: false,
    deployment_zone_id: zones[0],
    connection_type: "rdp",
    connection_credential_type: "dynamic",
    kasm_desktop_service_installed: true,
    provider_id: providers[1],
  }),
};

/** What a document gives to a person who opens a session. */
const REVEALED: Partial<Record<string, (typed: Values) => Values>> = {
  "SSH with one key for all": (typed) => ({
    username: "people",
    password: typed.connection_password,
    private_key: typed.connection_private_key,
    private_key_passphrase: typed.connection_private_key_passphrase,
  }),
  // Everybody has an account and a key of their own: there is nothing to show but how the account is spelt.
  "SSH with everybody's own key": () => ({
    username: `CORP\\${ADMIN.name}`,
    password: null,
    private_key: null,
    private_key_passphrase: null,
  }),
};

test("the fields and their order are those of the specification", async ({ page }) => {
  await open(page, "/admin");
  const form = await api(page, "GET", "/forms/autoscale");
  expect(form.fields.map(({ key, label }: Row) => ({ key, label }))).toEqual(ROWS.map(({ key, label }) => ({ key, label })));
  const used = new Set(Object.values(DOCUMENTS).flatMap((document) => Object.keys(document({ zones: [], providers: [], directory: "" }))));
  // The pool is chosen by the way here, and each document gets a name of its own.
  expect(ROWS.map(({ key }) => key).filter((key) => !used.has(key) && key !== "pool_id" && key !== "name")).toEqual([]);
});

for (const [what, values] of Object.entries(DOCUMENTS)) {
  test(`every value is kept as it was typed: ${what}`, async ({ page }) => {
    await open(page, "/admin");
    const wanted: Values = { name: unique("Config"), ...values(await ground(page)) };
    const id = await pool(page);
    await open(page, `/admin/pools/${id}/scaling/new`);
    await fillIn(page, wanted);
    await finish(page, id);

    const { items } = await api(page, "GET", `/autoscale-configs?pool_id=${id}`);
    expect(items).toHaveLength(1);
    const [saved] = items;
    expect([saved.pool_id, saved.autoscale_type]).toEqual([id, "server"]);
    for (const row of ROWS.filter(({ key }) => key in wanted)) {
      if (row.control === "secret") {
        expect(saved, `${row.key} does not come back`).not.toHaveProperty(row.key);
        expect(saved.secrets, `${row.key} is set`).toHaveProperty(row.key);
      } else {
        expect(saved[row.key], row.key).toEqual(wanted[row.key]);
      }
    }
    // What a hidden field holds is not sent.
    for (const row of ROWS.filter(({ key }) => !isShown(key, { ...saved, ...wanted }))) expect(saved).not.toHaveProperty(row.key);

    // The same wizard over the saved config shows the same values.
    await open(page, `/admin/autoscale/${saved.id}/edit`);
    for (const title of STEPS) {
      await step(page, title);
      for (const row of ROWS.filter(({ key, step }) => step === title && key in wanted)) {
        const [field, value] = [control(page, row), wanted[row.key]];
        if (row.control === "switch") await expect(field, row.key).toBeChecked({ checked: value as boolean });
        else if (row.control === "choice") await expect(field.getByRole("radio", { name: WORDS[value as string], exact: true })).toBeChecked();
        else if (row.control === "json") expect(JSON.parse(await field.inputValue())).toEqual(value);
        else if (row.control === "secret") await expect(page.getByRole("button", { name: `Replace ${row.label}`, exact: true })).toBeVisible();
        else await expect(field, row.key).toHaveValue(String(value));
      }
    }
    // Saved once more it is the same, with its secrets.
    await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
    await expect(page.getByRole("heading", { name: "What happens when you save" })).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
    await page.getByRole("button", { name: "Save scaling" }).click();
    await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
    const again = await api(page, "GET", `/autoscale-configs/${saved.id}`);
    expect(documentOf(again)).toEqual(documentOf(saved));
    expect(Object.keys(again.secrets)).toEqual(Object.keys(saved.secrets));
    expect(again.version).toBe(saved.version + 1);

    const revealed = REVEALED[what]?.(wanted);
    if (revealed) {
      const session = (await api(page, "POST", "/sessions", { data: { pool_id: id } })).id as string;
      await expect(async () => {
        const connection = { protocol: "ssh", port: saved.connection_port, username: revealed.username };
        expect(await api(page, "GET", `/sessions/${session}`)).toMatchObject({ state: "assigned", connection });
      }).toPass({ timeout: 30_000 });
      expect(await api(page, "POST", `/sessions/${session}/reveal`)).toMatchObject(revealed);
    }
  });
}

test("what the way here has decided is locked, and what this version can not do says so", async ({ page }) => {
  await open(page, "/admin");
  const id = await pool(page);
  await open(page, `/admin/pools/${id}/scaling/new?step=basics`);
  await expect(page.getByLabel("Pool", { exact: true })).toBeDisabled();
  await expect(page.getByLabel("Pool", { exact: true })).toHaveValue(id);
  await expect(page.getByRole("radio", { name: "Server", exact: true })).toBeChecked();
  const agents = page.getByRole("radio", { name: "Docker Agent", exact: true });
  await expect(agents).toBeDisabled();
  await expect(agents).toHaveAccessibleDescription("This version scales servers only.");
});

test("a field is there exactly when it applies", async ({ page }) => {
  await open(page, "/admin");
  await open(page, `/admin/pools/${await pool(page)}/scaling/new`);
  const [type, credentials] = ["connection_type", "connection_credential_type"].map((key) => ROWS.find((row) => row.key === key)!);
  const userKey = ROWS.find(({ key }) => key === "use_user_ssh_key")!;

  /** Looks at one step: each of its fields, there or not. */
  const look = async (title: string, values: Values) => {
    for (const row of ROWS.filter((row) => row.step === title)) {
      await expect(control(page, row), `${row.key} with ${JSON.stringify(values)}`).toHaveCount(isShown(row.key, values) ? 1 : 0);
    }
  };

  for (const protocol of Object.keys(TYPES) as Type[]) {
    await step(page, "Connection");
    await enter(page, type, protocol);
    for (const word of Object.keys(CREDENTIALS) as Credentials[]) {
      const choice = control(page, credentials).getByRole("radio", { name: CREDENTIALS[word], exact: true });
      if (!ALLOWED[protocol].includes(word)) {
        await expect(choice, `${word} with ${protocol}`).toBeDisabled();
        // The reason stands where the help would.
        await expect(choice).toHaveAccessibleDescription(/only|know no/i);
        continue;
      }
      await choice.check();
      for (const ownKey of protocol === "ssh" ? [true, false] : [undefined]) {
        if (ownKey !== undefined) await enter(page, userKey, ownKey);
        await look("Connection", { connection_type: protocol, connection_credential_type: word, use_user_ssh_key: ownKey });
      }
    }
    await control(page, credentials).getByRole("radio", { name: CREDENTIALS.static, exact: true }).check();
    await step(page, "Capacity");
    await look("Capacity", { connection_type: protocol });
  }
  await step(page, "Readiness");
  for (const record of [false, true]) {
    await page.getByRole("checkbox", { name: "Create Active Directory Computer Record" }).setChecked(record);
    await step(page, "Readiness");
    await look("Readiness", { create_active_directory_computer_record: record });
  }
});

test("the port follows the protocol until it is typed", async ({ page }) => {
  await open(page, "/admin");
  await open(page, `/admin/pools/${await pool(page)}/scaling/new`);
  await step(page, "Connection");
  const port = page.getByLabel("Connection Port", { exact: true });
  for (const [word, usual] of [["RDP", "3389"], ["VNC", "5901"], ["SSH", "22"], ["KasmVNC", "6901"]]) {
    await page.getByRole("radio", { name: word, exact: true }).check();
    await expect(port).toHaveValue(usual);
  }
  await port.fill("7000");
  await page.getByRole("radio", { name: "SSH", exact: true }).check();
  await expect(port).toHaveValue("7000");
});

test("what was entered for another choice is kept, and not sent", async ({ page }) => {
  await open(page, "/admin");
  const [{ zones, providers }, id] = [await ground(page), await pool(page)];
  await open(page, `/admin/pools/${id}/scaling/new`);
  await fillIn(page, {
    name: unique("Config"),
    deployment_zone_id: zones[0],
    connection_type: "ssh",
    connection_username: "people",
    provider_id: providers[0],
  });
  await step(page, "Connection");
  await page.getByRole("radio", { name: "SSO User Accounts" }).check();
  await expect(page.getByLabel("Connection Username")).toHaveCount(0);
  await page.getByRole("radio", { name: "Static Credentials" }).check();
  await expect(page.getByLabel("Connection Username")).toHaveValue("people");
  await page.getByRole("radio", { name: "SSO User Accounts" }).check();
  await finish(page, id);
  const { items } = await api(page, "GET", `/autoscale-configs?pool_id=${id}`);
  expect(items[0]).not.toHaveProperty("connection_username");
});

test("the buttons stay where they are while the review's preview comes, wherever the page is scrolled to", async ({ page }) => {
  await page.goto("/admin");
  const { config } = await fakePool(page, unique("Steady"), { max_instances: 2, config: { enabled: false } });
  for (const end of [false, true]) {
    await open(page, `/admin/autoscale/${config}/edit?step=capacity`);
    const answers = await holdBack(page, "**/ui/fn/**");
    await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
    await expect(page.getByRole("heading", { name: "Review" })).toBeFocused();
    await page.evaluate((end) => window.scrollTo(0, end ? document.documentElement.scrollHeight : 0), end);
    const place = () => page.getByRole("button", { name: "Save scaling" }).evaluate((button) => button.getBoundingClientRect().y);
    const before = await place();
    answers.letGo();
    await expect(page.getByText("No server is made or removed now.")).toBeVisible();
    expect(await place()).toBe(before);
  }
});

test("a mistake is said on leaving the field, goes while it is mended, and leads back from the review", async ({ page }) => {
  await open(page, "/admin");
  const [{ zones, providers }, id] = [await ground(page), await pool(page)];
  await open(page, `/admin/pools/${id}/scaling/new?step=basics`);
  await page.getByLabel("Deployment Zone", { exact: true }).selectOption(zones[0]);

  const name = page.getByLabel("Name", { exact: true });
  await name.focus();
  await expect(name).not.toHaveAttribute("aria-invalid", "true");
  await name.blur();
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription(/Name/);
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.getByRole("alert")).toBeFocused();
  await expectAccessible(page);
  await page.getByRole("alert").getByRole("link", { name: "Name" }).click();
  await expect(name).toBeFocused();
  await name.fill(unique("Config"));
  await expect(name).not.toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("alert")).toHaveCount(0);

  await step(page, "Capacity");
  await page.getByLabel("Minimum Available Sessions").fill("many");
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  // The review says at once what is missing, and the button to the end says it once more.
  const alert = page.getByRole("alert");
  await expect(alert).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(alert).toBeFocused();
  await expect(alert.getByRole("link")).toHaveText(["Minimum Available Sessions", "Provider"]);
  await alert.getByRole("link", { name: "Minimum Available Sessions" }).click();
  await expect(page.getByLabel("Minimum Available Sessions")).toBeFocused();
  await page.getByLabel("Minimum Available Sessions").fill("0");
  await step(page, "Provider");
  await page.getByLabel("Provider", { exact: true }).selectOption(providers[0]);
  await finish(page, id);
});

test.describe("refused", () => {
  test.use({ refusals: true });

  test("what only the server knows is said at its field", async ({ page }) => {
    await open(page, "/admin");
    const [{ zones, providers }, id] = [await ground(page), await pool(page)];
    const values = { name: unique("Config"), deployment_zone_id: zones[0], provider_id: providers[0] };
    await api(page, "POST", "/autoscale-configs", { data: { ...values, enabled: false, pool_id: await pool(page) } });
    await open(page, `/admin/pools/${id}/scaling/new`);
    await fillIn(page, values);
    await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
    await page.getByRole("button", { name: "Create scaling" }).click();
    await page.getByRole("alert").getByRole("link", { name: "Name" }).click();
    await expect(page.getByLabel("Name", { exact: true })).toBeFocused();
    await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  });
});

test("each value has its effect", async ({ page }) => {
  await open(page, "/admin");
  const [{ zones, providers }, id] = [await ground(page), await pool(page)];
  const config: Values = {
    name: unique("Config"),
    deployment_zone_id: zones[1],
    downscale_backoff_seconds: 0,
    connection_type: "rdp",
    connection_port: 13_389,
    connection_username: "people",
    connection_password: "a password",
    connection_info: { note: "passed on" },
    reusable: true,
    minimum_available_sessions: 3,
    max_simultaneous_sessions_per_server: 2,
    max_simultaneous_users: 2,
    provider_id: providers[1],
    require_checkin: true,
    dry_run: true,
  };
  await open(page, `/admin/pools/${id}/scaling/new`);
  await fillIn(page, config);
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Review" }).click();
  // The forecast is the planner's: three seats in servers of two make two servers, if it were not for the dry run.
  await expect(page.getByText("No server is made or removed now.")).toBeVisible();
  await expect(page.getByText("2 servers would be made: 3 minimum")).toBeVisible();
  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
  const [saved] = (await api(page, "GET", `/autoscale-configs?pool_id=${id}`)).items;
  const servers = async (state?: string) =>
    (await api(page, "GET", `/servers?pool_id=${id}`)).items.filter((server: { state: string }) => !state || server.state === state);

  // Dry Run: decided and recorded, not done.
  await expect(async () => {
    const { items } = await api(page, "GET", `/decisions?pool_id=${id}`);
    expect(JSON.stringify(items)).toContain("held.dry_run");
  }).toPass();
  expect(await servers()).toEqual([]);

  // Enabled, Minimum, the limits, Zone, Provider, Port, Connection Type.
  await change(page, saved.id, { dry_run: false });
  await expect(async () => expect(await servers("running")).toHaveLength(2)).toPass();
  for (const server of await servers()) {
    expect(server).toMatchObject({
      zone_id: zones[1],
      protocol: "rdp",
      limits: { max_sessions: 2, max_users: 2 },
      origin: "scaled",
      config: saved.id,
      provider: providers[1],
    });
  }
  const session = await api(page, "POST", "/sessions", { data: { pool_id: id }, status: 201 });
  expect(session.connection).toMatchObject({ protocol: "rdp", port: 13_389, username: "people", has_credentials: true });
  const revealed = await api(page, "POST", `/sessions/${session.id}/reveal`);
  expect(revealed).toMatchObject({ username: "people", password: "a password", connection_info: { note: "passed on" } });

  // Downscale Backoff of 0: what is not needed goes at once, but not the server in use.
  await change(page, saved.id, { minimum_available_sessions: 0, aggressive_scaling: false });
  await expect(async () => expect((await servers()).map(({ id }: { id: string }) => id)).toEqual([session.server_id])).toPass();

  // Aggressive Scaling off: nothing is coming, so a second desktop for the same person is refused. With Enabled off too,
  // whatever Aggressive Scaling says. On, the person waits, and a server is made for them.
  await api(page, "POST", "/sessions", { data: { pool_id: id }, status: 409 });
  await change(page, saved.id, { aggressive_scaling: true, enabled: false });
  await api(page, "POST", "/sessions", { data: { pool_id: id }, status: 409 });
  await change(page, saved.id, { enabled: true, reusable: false });
  const waiting = await api(page, "POST", "/sessions", { data: { pool_id: id }, status: 202 });
  await expect(async () => expect((await api(page, "GET", `/sessions/${waiting.id}`)).state).toBe("assigned")).toPass();

  // Reusable off: each server goes with its person.
  for (const one of [session.id, waiting.id]) await api(page, "DELETE", `/sessions/${one}`);
  await expect(async () => expect(await servers()).toEqual([])).toPass();
});

test("a server that does not become ready in time has failed", async ({ page }) => {
  await open(page, "/admin");
  const [{ zones }, id, provider_id] = [await ground(page), await pool(page), await slowCloud(page, 3_600_000)];
  await open(page, `/admin/pools/${id}/scaling/new`);
  await fillIn(page, {
    name: unique("Config"),
    deployment_zone_id: zones[0],
    connection_type: "rdp",
    connection_username: "people",
    require_checkin: true,
    minimum_available_sessions: 1,
    provision_timeout_seconds: 10,
    provider_id,
  });
  await finish(page, id);
  await expect(async () => {
    const { items } = await api(page, "GET", `/servers?pool_id=${id}&include_deleted=true`);
    expect(JSON.stringify(items)).toContain("checkin_timeout");
  }).toPass({ timeout: 40_000 });
});

test("a server is ready once it has checked in, or, where nobody asks for that, once its port answers", async ({ page }) => {
  await open(page, "/admin");
  const { zones } = await ground(page);
  /** Makes a pool of one server, and gives a way to look at it. */
  const begin = async (require_checkin: boolean, script_millis: number) => {
    const id = await pool(page);
    const provider_id = await slowCloud(page, script_millis);
    await open(page, `/admin/pools/${id}/scaling/new`);
    await fillIn(page, {
      name: unique("Config"),
      deployment_zone_id: zones[0],
      connection_type: "rdp",
      connection_username: "people",
      require_checkin,
      minimum_available_sessions: 1,
      provider_id,
    });
    await finish(page, id);
    return async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items[0];
  };

  // The check-in is an hour away.
  const answering = await begin(false, 3_600_000);
  await expect(async () => expect(await answering()).toMatchObject({ state: "running", checked_in_at: null })).toPass({ timeout: 30_000 });

  // Four reports in so many seconds, of which the last one is the check-in. Its history tells what a look could miss.
  const reporting = await begin(true, 4_000);
  await expect(async () => expect((await reporting()).state).toBe("running")).toPass({ timeout: 30_000 });
  const server = await reporting();
  expect(server.checked_in_at).toBe(server.state_since);
  const { steps } = await api(page, "GET", `/servers/${server.id}/history`);
  expect(steps).toContainEqual(expect.objectContaining({ state: "booting", progress_percent: 75 }));
  expect(steps.at(-1)).toMatchObject({ state: "running", progress_percent: 100 });
});
