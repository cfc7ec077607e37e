import type { Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

/** A pool with nothing in it. */
const pool = async (page: Page): Promise<string> => (await api(page, "POST", "/pools", { data: { name: unique("Pool") } })).id;

const template = (page: Page, name: string) =>
  page.getByRole("group", { name: "Begin with" }).getByRole("radio", { name, exact: true });

/** Goes to a step by the list of steps. */
async function step(page: Page, title: string): Promise<void> {
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: title }).click();
  await expect(page.getByRole("heading", { level: 2, name: title, exact: true })).toBeVisible();
}

/** The draft that the address names has this value. */
async function expectKept(page: Page, key: string, value: unknown): Promise<void> {
  await expect(async () => {
    const id = new URL(page.url()).searchParams.get("draft");
    expect((await api(page, "GET", `/drafts/${id}`)).values[key]).toEqual(value);
  }).toPass();
}

/** Everybody can use the page as it is, in both themes. */
async function expectAccessibleInBoth(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await expectAccessible(page, colorScheme === "light" ? "everything" : "colours");
  }
}

/** The forecast, opened where it is a bar. */
async function forecast(page: Page) {
  const forecast = page.getByRole("region", { name: "Forecast" });
  const more = forecast.getByText("How is this computed?");
  await expect(async () => {
    if (!(await more.isVisible())) await forecast.getByText("Forecast:").click();
    await expect(more).toBeVisible({ timeout: 1000 });
  }).toPass();
  return forecast;
}

test("a template fills in what was not typed, and the review tells what differs", async ({ page }) => {
  await open(page, "/admin");
  await open(page, `/admin/pools/${await pool(page)}/scaling/new`);
  await expect(page.getByRole("heading", { level: 2, name: "Start" })).toBeVisible();
  await expect(template(page, "Blank")).toBeChecked();
  await template(page, "Shared Linux shells over SSH").check();
  const filled = page.getByRole("region", { name: "What it fills in" });
  await expect(filled).toContainText("Minimum Available Sessions");
  await expect(filled).toContainText("4 sessions");
  await expectAccessibleInBoth(page);

  await step(page, "Capacity");
  const minimum = page.getByLabel("Minimum Available Sessions");
  await expect(minimum).toHaveValue("4");
  await expect(page.getByLabel("Max Simultaneous Users")).toHaveValue("8");
  await minimum.fill("5");

  // Another template leaves what was typed, and what the first one had filled in goes.
  await step(page, "Start");
  await template(page, "Windows desktops over RDP").check();
  await expect(page.getByText("What you have typed is kept")).toBeVisible();
  await expect(page.getByText("Minimum Available Sessions: 5 sessions. Here it would be 2 sessions.")).toBeVisible();
  await expectAccessibleInBoth(page);
  await step(page, "Capacity");
  await expect(minimum).toHaveValue("5");
  await expect(page.getByLabel("Max Simultaneous Users")).toHaveValue("1");
  await step(page, "Connection");
  await expect(page.getByRole("radio", { name: "RDP", exact: true })).toBeChecked();

  await step(page, "Review");
  const capacity = page.getByRole("region", { name: "Capacity" });
  await expect(capacity.getByText("5 sessions, was 2 sessions")).toBeVisible();
  await expect(capacity.getByText("Max Simultaneous Users")).toBeHidden();
  await capacity.getByText(/values as suggested$/).click();
  await expect(capacity.getByText("Max Simultaneous Users")).toBeVisible();

  // The draft knows what it was begun from.
  await expectKept(page, "begun_from", "rdp-desktops");
  await step(page, "Start");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(template(page, "Windows desktops over RDP")).toBeChecked();
  await template(page, "Single-use Linux desktops over KasmVNC").check();
  await page.getByRole("button", { name: "Replace what I typed" }).click();
  await expect(page.getByText("What you have typed is kept")).toBeHidden();
  await step(page, "Capacity");
  await expect(minimum).toHaveValue("2");
});

test("a config is copied without its name, and a pool takes what has its Connection Type", async ({ page }) => {
  await open(page, "/admin");
  const source = await fakePool(page, unique("Source"), {
    max_instances: 2,
    config: { enabled: false, minimum_available_sessions: 7, max_simultaneous_sessions_per_server: 9 },
  });
  await open(page, `/admin/pools/${await pool(page)}/scaling/new`);
  await template(page, "Copy an existing config").check();
  await page.getByLabel("Config to copy").selectOption({ label: source.name });
  await step(page, "Basics");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("");
  await expect(page.getByRole("checkbox", { name: "Enabled" })).not.toBeChecked();
  await step(page, "Capacity");
  await expect(page.getByLabel("Minimum Available Sessions")).toHaveValue("7");
  await step(page, "Connection");
  await expect(page.getByLabel("Connection Username")).toHaveValue("people");
  await expectKept(page, "begun_from", source.config);

  await open(page, `/admin/pools/${source.id}/scaling/new`);
  const windows = template(page, "Windows desktops over RDP");
  await expect(windows).toBeDisabled();
  await expect(windows).toHaveAccessibleDescription("The servers of this pool have the Connection Type SSH.");
  await expect(template(page, "Shared Linux shells over SSH")).toBeEnabled();
  await step(page, "Connection");
  const vnc = page.getByRole("radio", { name: "VNC", exact: true });
  await expect(vnc).toBeDisabled();
  await expect(vnc).toHaveAccessibleDescription("The servers of this pool have the Connection Type SSH.");
  await expect(page.getByRole("radio", { name: "SSH", exact: true })).toBeChecked();
});

test("the forecast follows each key without asking the server, and warns without forbidding", async ({ page }) => {
  await open(page, "/admin");
  const name = unique("Small");
  const { id } = await fakePool(page, name, { max_instances: 2, config: { enabled: false } });
  // The only one would be chosen already.
  await api(page, "POST", "/providers", { data: { name: unique("Other"), kind: "fake", max_instances: 9, settings: {} } });
  await open(page, `/admin/pools/${id}/scaling/new?step=capacity`);
  await expect(page.getByLabel("Minimum Available Sessions")).toBeEnabled();
  const beside = await forecast(page);
  await expect(beside).toContainText("no server is kept ready");
  await expect(beside).toContainText("Too few starts are recorded to say how long.");
  await page.getByRole("checkbox", { name: "Reusable" }).check();
  await page.getByLabel("Max Simultaneous Sessions Per Server").fill("4");
  await page.getByLabel("Max Simultaneous Users").fill("4");

  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const minimum = page.getByLabel("Minimum Available Sessions");
  await minimum.fill("");
  await expect(beside).toContainText("computed once the numbers of the step Capacity are right");
  await minimum.press("1");
  await expect(beside).toContainText("1 server ready, 4 sessions.");
  await minimum.press("0");
  await expect(beside).toContainText("3 servers ready, 12 sessions.");
  expect(asked.filter((path) => path.includes("autoscale"))).toEqual([]);

  await step(page, "Provider");
  await page.getByLabel("Provider", { exact: true }).selectOption({ label: name });
  await expect(beside).toContainText("2 servers ready, 8 sessions.");
  await expect(beside).toContainText("At most 2 servers, 8 sessions.");
  await expect(beside).toContainText("10 sessions can never be kept ready: this provider's limit of 2 servers allows 8 sessions.");
  await beside.getByText("How is this computed?").click();
  await expect(beside).toContainText("the lower of 4 sessions and 4 people");
  await expectAccessibleInBoth(page);
  // It forbids nothing.
  await step(page, "Capacity");
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Readiness" })).toBeVisible();
});

test("what a config points at is made beside it, by keyboard alone", async ({ page }) => {
  await open(page, "/admin/scaling/new?step=basics");
  const [name, zone] = [unique("Config"), unique("Zone")];
  await page.getByLabel("Name", { exact: true }).fill(name);
  // Not the one of the dialog, which is gone a moment after it was closed.
  const own = page.getByRole("textbox", { name: "Name", exact: true });
  const button = page.getByRole("button", { name: "New zone" });
  const dialog = page.getByRole("dialog", { name: "New zone" });
  const enter = async () => {
    await button.focus();
    await page.keyboard.press("Enter");
    await expect(dialog.getByRole("heading", { name: "New zone" })).toBeFocused();
    await expect(dialog.getByLabel("Name", { exact: true })).toBeEnabled();
    await page.keyboard.press("Tab");
    await expect(dialog.getByLabel("Name", { exact: true })).toBeFocused();
  };

  // Its mistakes are its own, and given up it leaves everything as it was.
  await enter();
  await page.keyboard.type(zone);
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toBeFocused();
  await expect(page.getByRole("alert")).toHaveCount(1);
  await expectAccessibleInBoth(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(button).toBeFocused();
  await expect(own).toHaveValue(name);
  await expect(page.getByRole("alert")).toHaveCount(0);

  // Made, it is chosen.
  await enter();
  await page.keyboard.type(zone);
  await page.keyboard.press("Tab");
  await page.keyboard.type("weir.example");
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(button).toBeFocused();
  const chosen = page.getByLabel("Deployment Zone", { exact: true });
  await expect(chosen.locator("option:checked")).toHaveText(zone);
  await expect(own).toHaveValue(name);
  await expectKept(page, "deployment_zone_id", await chosen.inputValue());
});

test("a config can begin without a pool: the pool and the provider config are made on the way", async ({ page }) => {
  await open(page, "/admin");
  await api(page, "POST", "/zones", { data: { name: unique("Zone"), upstream_auth_address: "weir.example" } });
  await open(page, "/admin/pools");
  await page.getByRole("link", { name: "Set up scaling" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "Start" })).toBeVisible();
  await step(page, "Basics");
  const [name, cloud] = [unique("Begun anywhere"), unique("Cloud")];
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Deployment Zone", { exact: true }).selectOption({ index: 1 });
  await page.getByRole("button", { name: "New pool" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("button", { name: "Create pool" }).click();
  await expect(dialog).toHaveCount(0);
  const pool = page.getByLabel("Pool", { exact: true });
  await expect(pool.locator("option:checked")).toHaveText(name);
  const id = await pool.inputValue();

  await step(page, "Provider");
  await page.getByRole("button", { name: "New provider config" }).click();
  await dialog.getByLabel("Name", { exact: true }).fill(cloud);
  await dialog.getByRole("radio", { name: "Fake cloud", exact: true }).check();
  await dialog.getByLabel("Max Instances").fill("3");
  await expectAccessibleInBoth(page);
  await dialog.getByRole("button", { name: "Create provider" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel("Provider", { exact: true }).locator("option:checked")).toHaveText(cloud);
  await expect(await forecast(page)).toContainText("At most 3 servers, 3 sessions.");

  await step(page, "Review");
  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
  // Opened from its pool, the next one stays there.
  await open(page, `/admin/pools/${id}/scaling/new?step=basics`);
  await expect(page.getByLabel("Pool", { exact: true })).toBeDisabled();
  await expect(page.getByRole("button", { name: "New pool" })).toHaveCount(0);
});

test("Enter leads on, and from a text of many lines with Ctrl", async ({ page }) => {
  await open(page, "/admin");
  await open(page, `/admin/pools/${await pool(page)}/scaling/new?step=connection`);
  await page.getByText("More options", { exact: true }).click();
  const info = page.getByLabel("Connection Info (JSON)", { exact: true });
  await info.fill("{");
  await info.press("Enter");
  await info.press("}");
  await expect(info).toHaveValue("{\n}");
  await info.press("Control+Enter");
  await expect(page.getByRole("heading", { level: 2, name: "Capacity" })).toBeFocused();
  await page.getByLabel("Minimum Available Sessions").press("Enter");
  await expect(page.getByRole("heading", { level: 2, name: "Readiness" })).toBeFocused();
});

test("a new config is created enabled, as a dry run or paused, and the review follows", async ({ page }) => {
  await open(page, "/admin");
  const name = unique("Modes");
  const { id } = await fakePool(page, name, { max_instances: 3, config: { enabled: false } });
  const config = unique("Mode");
  await open(page, `/admin/pools/${id}/scaling/new?step=basics`);
  await page.getByLabel("Name", { exact: true }).fill(config);
  await page.getByLabel("Deployment Zone", { exact: true }).selectOption({ label: name });
  await step(page, "Connection");
  await page.getByLabel("Connection Username").fill("people");
  await step(page, "Capacity");
  await page.getByLabel("Minimum Available Sessions").fill("1");
  await step(page, "Provider");
  await page.getByLabel("Provider", { exact: true }).selectOption({ label: name });
  await step(page, "Review");

  const as = page.getByRole("group", { name: "Create it as" });
  const mode = (name: string) => as.getByRole("radio", { name, exact: true });
  const preview = page.getByRole("region", { name: "What happens when you save" });
  const basics = page.getByRole("region", { name: "Basics" });
  await page.getByText("Copy as", { exact: true }).click();
  const document = async () => JSON.parse(await page.getByLabel("JSON", { exact: true }).innerText());
  await expect(mode("Enabled")).toBeChecked();
  await expect(mode("Enabled")).toHaveAccessibleDescription("Servers are made and removed by these rules at once.");
  await expect(preview).toContainText("1 server is made now.");
  await expectAccessibleInBoth(page);

  await mode("Dry run").check();
  await expect(mode("Dry run")).toHaveAccessibleDescription("The loop decides and records what it would do. It makes and removes no server.");
  await expect(preview).toContainText("No server is made or removed now.");
  await expect(preview).toContainText("Dry run: 1 server would be made");
  await expect(basics).toContainText("On, was Off");
  expect(await document()).toMatchObject({ enabled: true, dry_run: true });

  // A dry run that is paused stays one, and says so.
  await mode("Paused").check();
  await expect(preview).toContainText("The config is disabled; enabled, it makes 1 server");
  await expect(mode("Paused")).toHaveAccessibleDescription(/until you choose Resume on the pool's page\. Then it is a dry run\.$/);
  expect(await document()).toMatchObject({ enabled: false, dry_run: true });

  // The switches and the choice are one.
  await step(page, "Basics");
  await expect(page.getByRole("checkbox", { name: "Enabled" })).not.toBeChecked();
  await page.getByText("More options", { exact: true }).click();
  await page.getByRole("checkbox", { name: "Dry Run" }).uncheck();
  await step(page, "Review");
  await expect(mode("Paused")).toBeChecked();
  await expect(mode("Paused")).toHaveAccessibleDescription("The loop makes and removes no server until you choose Resume on the pool's page.");
  await expectKept(page, "dry_run", false);

  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${id}$`));
  const { items } = await api(page, "GET", `/autoscale-configs?pool_id=${id}`);
  expect(items.find((one: { name: string }) => one.name === config)).toMatchObject({ enabled: false, dry_run: false });
  expect((await api(page, "GET", `/servers?pool_id=${id}`)).items).toEqual([]);
  await page.getByRole("navigation", { name: "Parts of the pool" }).getByRole("link", { name: "Config" }).click();
  await page.getByRole("button", { name: `Resume ${config}` }).click();
  await expect(async () => expect((await api(page, "GET", `/servers?pool_id=${id}`)).items).toHaveLength(1)).toPass();
});

test("Connection Info says where it is wrong, is set out on demand, and loses nothing", async ({ page }) => {
  await open(page, "/admin");
  await open(page, `/admin/pools/${await pool(page)}/scaling/new?step=connection`);
  await page.getByText("More options", { exact: true }).click();
  const info = page.getByLabel("Connection Info (JSON)", { exact: true });
  const format = page.getByRole("button", { name: "Format Connection Info (JSON)" });
  const [wrong, said] = ['{"b": 1.50\n  "a": [1, {}]}', "Line 2, column 3: a comma or } is missing before this."];

  // Quiet while it is typed, said on leaving.
  await info.fill(wrong);
  await expect(info).not.toHaveAttribute("aria-invalid", "true");
  await info.blur();
  await expect(info).toHaveAttribute("aria-invalid", "true");
  await expect(info).toHaveAccessibleDescription(new RegExp(said.replace("}", "\\}")));
  await expectAccessibleInBoth(page);
  // What is no object cannot be set out: it stays, and so does what is wrong with it.
  await format.click();
  await expect(info).toBeFocused();
  await expect(info).toHaveValue(wrong);
  await expectKept(page, "connection_info", wrong);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await page.getByText("More options", { exact: true }).click();
  await expect(info).toHaveValue(wrong);

  // It does not fold away while it is put right.
  await info.focus();
  await info.blur();
  await expect(info).toHaveAttribute("aria-invalid", "true");
  await info.fill('{"b": 1.50,\n  "a": [1, {}]}');
  await expect(info).not.toHaveAttribute("aria-invalid", "true");
  await expect(info).toBeVisible();
  await format.focus();
  await page.keyboard.press("Enter");
  await expect(info).toHaveValue('{\n  "b": 1.50,\n  "a": [\n    1,\n    {}\n  ]\n}');
  await expectKept(page, "connection_info", { a: [1, {}], b: 1.5 });
  await info.fill('{"a": 1, "a": 2}');
  await info.blur();
  await expect(info).toHaveAccessibleDescription(/the key "a" stands twice/);

  // The API says the same.
  const { errors } = await api(page, "POST", "/autoscale-configs", { data: { connection_info: wrong }, status: 422 });
  expect(errors).toContainEqual({ pointer: "/connection_info", code: "bad_format", message: said });
});
