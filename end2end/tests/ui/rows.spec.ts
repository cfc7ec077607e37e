import { api, change, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

test("a row stays with its server: its dialog deletes what it asks about, whatever goes from above it", async ({ page }) => {
  await page.goto("/admin");
  const { id, config } = await fakePool(page, unique("Rows"), { max_instances: 3, config: { minimum_available_sessions: 3 } });
  const servers = async () => (await api(page, "GET", `/servers?pool_id=${id}`)).items as { id: string; name: string; state: string }[];
  await expect.poll(async () => (await servers()).map(({ state }) => state), { timeout: 30_000 }).toEqual(["running", "running", "running"]);
  // Nothing comes in the place of what goes.
  await change(page, config, { enabled: false });
  await open(page, `/admin/pools/${id}?tab=servers`);
  const rows = page.getByRole("group", { name: "Servers" }).getByRole("row");
  await expect(rows).toHaveCount(4);
  // Somebody is on the last of them: only then is there a question.
  const session = await api(page, "POST", "/sessions", { data: { pool_id: id } });
  expect(session.state).toBe("assigned");
  const last = (await servers()).find((server) => server.id === session.server_id)!.name;
  const names = (await rows.getByRole("rowheader").allInnerTexts()).map((name) => name.trim());
  const [first, second] = names.filter((name) => name !== last);
  const gone = async (name: string) => {
    const of = (await servers()).find((server) => server.name === name)!;
    await api(page, "DELETE", `/servers/${of.id}`);
    await expect(page.getByRole("link", { name, exact: true })).toHaveCount(0);
  };

  const drain = page.getByRole("button", { name: `Drain ${last}` });
  await drain.focus();
  await gone(first);
  await expect(drain).toBeFocused();

  await page.getByRole("button", { name: `Delete ${last}` }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Delete ${last}?`);
  await gone(second);
  await expect(dialog).toContainText(`Delete ${last}?`);
  await dialog.getByRole("button", { name: "Delete server" }).click();
  await expect(page.getByRole("link", { name: last, exact: true })).toHaveCount(0, { timeout: 30_000 });
  await expect.poll(servers, { timeout: 30_000 }).toEqual([]);
});

test("a page that was left asks for nothing any more", async ({ page }) => {
  await open(page, "/admin/servers");
  const menu = page.getByRole("navigation", { name: "Admin" });
  for (const word of ["Sessions", "Queue", "Pools"]) {
    await menu.getByRole("link", { name: word, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: word, exact: true })).toBeVisible();
  }
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
  const asked: string[] = [];
  page.on("request", (request) => void asked.push(new URL(request.url()).pathname));
  const { name } = await fakePool(page, unique("Left"), { max_instances: 1, config: { minimum_available_sessions: 1 } });
  // By then this page has followed changes of pools, servers and sessions, and so would the others have.
  await expect(page.getByRole("row").filter({ hasText: name })).toContainText("Ready", { timeout: 30_000 });
  expect(asked).toContain("/ui/fn/pool_list");
  expect(asked.filter((path) => /server_list|session_list/.test(path))).toEqual([]);
});
