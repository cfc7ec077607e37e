import { adminTest as test, expect, expectAccessible, open } from "../../support/test.ts";

test("a pool is made on its pages alone, with a mistake on the way, and a person gets a computer of it", async ({ page }) => {
  const name = `By hand ${process.pid}`;
  const field = (label: string) => page.getByLabel(label, { exact: true });

  await open(page, "/admin/zones");
  await page.getByRole("link", { name: "New zone" }).click();
  await field("Name").fill(name);
  await field("Upstream Auth Address").fill("weir.example");
  await page.getByRole("button", { name: "Create zone" }).click();
  await expect(page).toHaveURL(/\/admin\/zones$/);
  await expect(page.getByRole("link", { name, exact: true })).toBeVisible();

  await open(page, "/admin/providers");
  await page.getByRole("link", { name: "New provider" }).click();
  await field("Name").fill(name);
  await page.getByRole("radio", { name: "Fake cloud", exact: true }).check();
  await field("Max Instances").fill("1");
  await field("Boot time").fill("0");
  await field("Script time").fill("0");
  await field("Startup Script").fill("echo '{servr_id}'");
  await page.getByRole("button", { name: "Create provider" }).click();
  const alert = page.getByRole("alert");
  await expect(alert).toBeFocused();
  await expect(alert).toContainText("{servr_id} is not a tag. Did you mean {server_id}?");
  await expectAccessible(page);
  await alert.getByRole("link", { name: "Startup Script" }).click();
  await expect(field("Startup Script")).toBeFocused();
  await expect(field("Startup Script")).toHaveAccessibleDescription(/line 1, column 7: .* Did you mean \{server_id\}\?/);
  await field("Startup Script").fill("echo '{server_id}'");
  await expect(alert).toHaveCount(0);
  await page.getByRole("button", { name: "Create provider" }).click();
  await expect(page).toHaveURL(/\/admin\/providers$/);
  await expect(page.getByRole("link", { name, exact: true })).toBeVisible();

  await open(page, "/admin/pools");
  await page.getByRole("link", { name: "New pool" }).click();
  await field("Name").fill(name);
  await page.getByRole("button", { name: "Create pool" }).click();
  // It leads into the wizard, since a pool alone makes nothing.
  await expect(page.getByRole("heading", { level: 1, name: "Set up scaling" })).toBeVisible();
  const pool = /\/admin\/pools\/(pool_[^/]+)\/scaling\/new/.exec(page.url())?.[1];
  const next = async (title: string) => {
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await expect(page.getByRole("heading", { level: 2, name: title, exact: true })).toBeVisible();
  };
  await next("Basics");
  await field("Name").fill(name);
  await field("Deployment Zone").selectOption(name);
  await next("Connection");
  await page.getByRole("radio", { name: "RDP", exact: true }).check();
  await field("Connection Username").fill("people");
  await next("Capacity");
  await next("Readiness");
  await next("Provider");
  await field("Provider").selectOption(name);
  await next("Review");
  await page.getByRole("button", { name: "Create scaling" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/pools/${pool}$`));
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();

  await open(page, "/portal");
  await page.getByRole("button", { name: `Open ${name}`, exact: true }).click();
  await expect(page).toHaveURL(/\/portal\/sessions\/ses_/);
  await expect(page.getByRole("heading", { name: "Connect", exact: true })).toBeVisible({ timeout: 30_000 });
  // Other tests share the person, who may have only so many.
  await page.getByRole("button", { name: `End ${name}` }).click();
  await expect(page.getByText("You ended this session.")).toBeVisible();
});
