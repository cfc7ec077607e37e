import type { Browser, Page } from "@playwright/test";
import { api, fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, expectAccessible, expectFits, open, openMenu } from "../../support/test.ts";

const NO_KEY = "You have no SSH key in your profile yet. Add one, then come back here.";

/** The name of a new pool of shells that take people's own keys. */
async function shells(page: Page): Promise<{ id: string; name: string }> {
  await page.goto("/admin");
  return fakePool(page, unique("Shells"), {
    max_instances: 2,
    config: { use_user_ssh_key: true, minimum_available_sessions: 1 },
  });
}

/** Has the person on this page open something of the pool, and waits until they may connect. */
async function opened(page: Page, pool_id: string): Promise<string> {
  const { id } = await api(page, "POST", "/sessions", { data: { pool_id } });
  await expect(async () => expect((await api(page, "GET", `/sessions/${id}`)).connection?.access_ready).toBe(true)).toPass({ timeout: 30_000 });
  return `/portal/sessions/${id}`;
}

/** A page of the same person in a browser without scripts. */
async function withoutScripts(browser: Browser, page: Page): Promise<Page> {
  const storageState = await page.context().storageState();
  const context = await browser.newContext({
    storageState,
    baseURL: new URL(page.url()).origin,
    viewport: page.viewportSize(),
    javaScriptEnabled: false,
  });
  return context.newPage();
}

test("who has no key is told so before the command, adds one and comes back", async ({ page, browser, signIn }) => {
  const pool = await shells(page);
  const { page: person } = await signIn("user");
  const session = await opened(person, pool.id);
  const plain = await withoutScripts(browser, person);
  await plain.goto(session);
  await expect(plain.getByText(NO_KEY)).toBeVisible();
  await expect(plain.getByRole("link", { name: "Add an SSH key" })).toHaveAttribute("href", `/portal/profile?back=${session}`);
  await plain.context().close();

  await open(person, session);
  await expect(person.getByText(NO_KEY)).toBeVisible();
  const [note, command] = [person.getByText(NO_KEY), person.locator("pre").filter({ hasText: /^ssh / })];
  expect((await note.boundingBox())!.y).toBeLessThan((await command.boundingBox())!.y);
  await expectAccessible(person);
  await person.getByRole("link", { name: "Add an SSH key" }).click();
  await expect(person.getByRole("heading", { level: 1 })).toHaveText("Profile");
  await expect(person.getByRole("link", { name: "Back to the session" })).toHaveCount(0);
  await person.getByLabel("Name").fill("laptop");
  await person.getByRole("button", { name: "Add key" }).click();
  await person.getByRole("link", { name: "Back to the session" }).click();
  await expect(person).toHaveURL(new RegExp(`${session}$`));
  await expect(command).toBeVisible();
  await expect(note).toHaveCount(0);

  // The way out stands behind what is done there, and the way back above it.
  const end = person.getByRole("button", { name: `End ${pool.name}` });
  expect((await end.boundingBox())!.y).toBeGreaterThan((await command.boundingBox())!.y);
  await person.getByRole("link", { name: "All your computers" }).click();
  await expect(person.getByRole("heading", { level: 1 })).toHaveText("Your computers");
  await expect(person.getByRole("heading", { name: "What you can open" })).toBeVisible();
});

test("the profile leads back to sessions alone", async ({ page }) => {
  for (const back of ["https://elsewhere.example/", "//elsewhere.example/portal/sessions/", "/admin", "javascript:alert(1)"]) {
    await open(page, `/portal/profile?back=${encodeURIComponent(back)}`);
    await expect(page.getByRole("link", { name: "Cancel" })).toHaveAttribute("href", "/portal");
  }
});

test("cards beside each other have their buttons on one line", async ({ page }) => {
  await page.goto("/admin");
  const named = async (description: string) =>
    (await api(page, "POST", "/pools", { data: { name: unique("Card"), description } })).name as string;
  const names = [await named(""), await named("A longer word about what is in it.")];
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page, "/portal");
  const [one, other] = names.map((name) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) }));
  const [first, second] = [(await one!.boundingBox())!, (await other!.boundingBox())!];
  const ends = await Promise.all([one!, other!].map(async (card) => (await card.getByRole("button").boundingBox())!));
  // Each stands as far from the end of its own card: in a row the cards are as high as each other.
  const [below, besides] = [first.y + first.height - ends[0]!.y, second.y + second.height - ends[1]!.y];
  expect(Math.abs(below - besides)).toBeLessThan(1);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  for (const theme of ["light", "dark"] as const) {
    test(`the head is one row and the console's menu another, in the ${theme} theme`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      for (const path of ["/portal", "/admin", "/admin/api-keys"]) {
        await open(page, path);
        await expectFits(page);
        await expectAccessible(page);
        const head = (await page.getByRole("banner").boundingBox())!;
        expect(head.height, `the head of ${path}`).toBeLessThan(60);
        // The title comes at once: below the head and one row of the menu.
        expect((await page.getByRole("heading", { level: 1 }).boundingBox())!.y, `the title of ${path}`).toBeLessThan(140);
        for (const target of await page.locator("header :is(a, button), .admin-nav a").all()) {
          const box = await target.boundingBox();
          if (box && (await target.isVisible())) {
            expect(Math.min(box.width, box.height), await target.innerText()).toBeGreaterThanOrEqual(24);
          }
        }
      }
      // What is beyond the edge is reached by the keyboard, and seen then.
      const last = page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name: "API keys" });
      await page.getByRole("navigation", { name: "Admin" }).getByRole("link", { name: "People" }).focus();
      await page.keyboard.press("Tab");
      await expect(last).toBeFocused();
      await expect(last).toBeInViewport({ ratio: 1 });
    });
  }

  test("what belongs to the person is in a menu, with and without scripts", async ({ page, browser, signIn }) => {
    const { name, page: person } = await signIn("user");
    await person.setViewportSize({ width: 390, height: 844 });
    await open(person, "/portal");
    const menu = person.getByRole("button", { name: `Menu of ${name}` });
    await menu.focus();
    await person.keyboard.press("Enter");
    await expect(person.getByRole("button", { name: "Sign out" })).toBeVisible();
    await expectFits(person);
    await expectAccessible(person);
    await person.getByRole("radio", { name: "Dark" }).check();
    await expect(person.locator("html")).toHaveAttribute("data-theme", "dark");
    await person.keyboard.press("Escape");
    await expect(person.getByRole("button", { name: "Sign out" })).toBeHidden();
    await expect(menu).toBeFocused();
    await menu.click();
    await person.getByRole("link", { name: `Profile of ${name}` }).click();
    await expect(person.getByRole("heading", { level: 1 })).toHaveText("Profile");
    await expect(person.getByRole("button", { name: "Sign out" })).toBeHidden();

    const plain = await withoutScripts(browser, person);
    await plain.goto("/portal");
    await openMenu(plain);
    await plain.getByRole("button", { name: "Sign out" }).click();
    await expect(plain.getByRole("heading", { level: 1 })).toHaveText("Sign in");
    await plain.context().close();
    // Their pages are gone with the sign-in, which the admin's are not.
    await page.goto("/admin");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  });
});
