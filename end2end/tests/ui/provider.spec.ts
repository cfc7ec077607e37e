import { api, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

// The browser reports a refused question by itself.
test.use({ refusals: true });

test("what a provider offers can be chosen, and anything else typed", async ({ page }) => {
  await open(page, "/admin/providers/new");
  const name = unique("This machine");
  await page.getByLabel("Name", { exact: true }).fill(name);
  const shell = page.getByLabel("Login shell", { exact: true });
  const offered = page.getByText(/^\d+ choices?$/);
  await expect(offered).toBeVisible();
  await expect(page.getByText(/loaded (just now|.* ago)$/)).toBeVisible();
  const { login_shell } = await api(page, "POST", "/providers/choices", { data: { kind: "local" } });
  const values = login_shell.map(({ value }: { value: string }) => value);
  expect(values.length).toBeGreaterThan(0);
  const list = page.locator(`datalist#${await shell.getAttribute("list")} option`);
  expect(await list.evaluateAll((options) => options.map((option) => option.getAttribute("value")))).toEqual(values);
  await expectAccessible(page);

  // Without a list it is a text field like any other, and says why.
  await page.getByLabel("Boot delay").fill("601");
  const again = page.getByRole("button", { name: "Load again: Login shell" });
  await again.click();
  await expect(page.getByText("There is no new list while a field is wrong.")).toBeVisible();
  await expect(offered).toHaveCount(0);
  await shell.fill("/opt/no/such/shell");
  await expectAccessible(page);
  await page.getByLabel("Boot delay").fill("0");
  await again.click();
  await expect(offered).toBeVisible();
  await expect(shell).toHaveValue("/opt/no/such/shell");
  await page.getByRole("button", { name: "Create provider" }).click();
  await expect(page).toHaveURL(/\/admin\/providers$/);

  const { items } = await api(page, "GET", "/providers?limit=200");
  const saved = items.find((one: { name: string }) => one.name === name);
  expect(saved.settings).toEqual({ boot_delay_seconds: 0, login_shell: "/opt/no/such/shell" });
  const checks = await api(page, "POST", `/providers/${saved.id}/test`);
  expect(checks).toContainEqual({
    name: "the login shell is installed",
    passed: false,
    detail: expect.stringContaining("there is no program /opt/no/such/shell on this computer"),
  });

  await open(page, `/admin/providers/${saved.id}/edit`);
  await expect(shell).toHaveValue("/opt/no/such/shell");
  await shell.fill(values[0]);
  await page.getByRole("button", { name: "Save provider" }).click();
  await expect(page).toHaveURL(/\/admin\/providers$/);
  expect((await api(page, "GET", `/providers/${saved.id}`)).settings.login_shell).toBe(values[0]);
});
