import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, expectFits, test } from "../../support/test.ts";

// Only debug builds have the gallery. The one that `cargo test` makes brings no bundle, so the style sheet comes from the sources.
test.use({ build: "debug" });

/** Where `make test` has written the style sheet. */
const STYLE = process.env.WEIR_STYLE ?? join(import.meta.dirname, "../../../target/weir.css");

/** The pictures are written in fonts that `make test` installs, whatever else is on the machine. */
const FONTS = ':root { --font: "DejaVu Sans"; --mono: "DejaVu Sans Mono"; }';

/** The states that the address makes others of, by the words above them. */
const BY_ADDRESS = {
  narrowed: "What narrows a list",
  sorted: "Sorted by a column",
  "later-page": "A page of a long list",
  "page-without-a-row": "The last page",
  "nothing-left": "Nothing is left of a list",
};

/** The dialogs, in their order. The third question can not be asked yet. */
const DIALOGS = ["question", "question-about-one", undefined, "palette", "palette-typed", "palette-nothing"];

/** Opens the gallery as the server has made it: no script changes it afterwards. */
async function visit(page: Page, query = ""): Promise<void> {
  const style = await readFile(STYLE, "utf8");
  await page.route("**/gallery.css", (route) => route.fulfill({ contentType: "text/css", body: style + FONTS }));
  await page.route(/\/gallery(\?.*)?$/, async (route) => {
    const response = await route.fetch();
    const html = await response.text();
    const body = html
      .replace(/<script\b[^]*?<\/script>/g, "")
      .replace(/<link rel="(stylesheet|preload|modulepreload)"[^>]*>/g, "")
      .replace("</head>", '<link rel="stylesheet" href="/gallery.css"></head>');
    await route.fulfill({ response, body });
  });
  await page.goto(`/gallery${query}`);
  await expectFits(page);
  // For the camera: a section is scrolled to the window's edge, where all of it is taken; and the edge of a dialog may lie between
  // two pixels, where nothing behind it shines through.
  await page.evaluate(() => {
    const plain = new CSSStyleSheet();
    plain.replaceSync(":root { scroll-padding: 0 !important } dialog::backdrop { background: Canvas }");
    document.adoptedStyleSheets = [plain];
  });
}

const section = (page: Page, name: string): Locator => page.locator(`section[aria-labelledby="gallery-${name}"]`);

for (const theme of ["light", "dark"] as const) {
  test(`every component looks as it did, ${theme}`, async ({ page }, { project }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const taken: string[] = [];
    // All that differ are told, not only the first.
    const compare = async (thing: Locator, name: string) => {
      const picture = `${name}-${theme}.png`;
      taken.push(picture);
      // What stands at the end of the window would cover what it is no part of.
      await thing.evaluate((thing) => {
        for (const bar of document.querySelectorAll<HTMLElement>(".forecast")) bar.style.visibility = thing.contains(bar) ? "" : "hidden";
      });
      await expect.soft(thing).toHaveScreenshot(picture);
    };

    await visit(page);
    await expectAccessible(page, theme === "light" ? "everything" : "colours");
    const names = await page.locator("main > section").evaluateAll((sections) =>
      sections.map((section) => section.getAttribute("aria-labelledby")?.replace("gallery-", "") ?? ""),
    );
    for (const name of names) await compare(section(page, name), name);

    await unfold(page);
    await compare(section(page, "folded").locator(".fold"), "folded-open");
    await compare(section(page, "clash").locator("details"), "copy-as-open");

    const dialogs = section(page, "asking").locator("dialog");
    await expect(dialogs).toHaveCount(DIALOGS.length);
    for (const [at, name] of DIALOGS.entries()) {
      if (name) await compare(await shown(dialogs.nth(at)), `dialog-${name}`);
    }

    await visit(page, "?step=review&sort=-name&q=nothing&cursor=2&open=side");
    await unfold(page);
    for (const [name, words] of Object.entries(BY_ADDRESS)) {
      await compare(section(page, "lists").locator(".card", { hasText: words }), `list-${name}`);
    }
    await compare(section(page, "wizard"), "wizard-review");
    await compare(await shown(page.locator("dialog.side")), "dialog-side");
    await expectAccessible(page, theme === "light" ? "everything" : "colours");

    const kept = await readdir(join(import.meta.dirname, "../../pictures", project.name));
    const ofTheme = kept.filter((picture) => picture.endsWith(`-${theme}.png`));
    expect(ofTheme.sort(), "`make pictures` removes those of what is gone").toEqual(taken.sort());
  });
}

/** Opens all that is folded away. */
async function unfold(page: Page): Promise<void> {
  await page.locator("main details").evaluateAll((folded) => folded.forEach((one) => one.setAttribute("open", "")));
}

/** Opens a dialog alone, as its button does. */
async function shown(dialog: Locator): Promise<Locator> {
  await dialog.evaluate((dialog: HTMLDialogElement) => {
    document.querySelectorAll<HTMLDialogElement>("dialog[open]").forEach((other) => other.close());
    dialog.showModal();
  });
  return dialog;
}
