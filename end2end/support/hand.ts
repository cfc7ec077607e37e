import { expect, type Locator, type Page } from "@playwright/test";
import { adminTest } from "./test.ts";

/** What a person works with. */
type Kind = "keyboard" | "mouse";

/**
 * What a person does with a page, counted in actions. An action is one thing done: something pressed, a text put into a field, a
 * page gone to. The way to it is part of it: with the mouse the way of the pointer, with the keyboard the keys that move the focus
 * there. Ctrl+K is an action of its own, and the words that follow it, with the Enter behind them, are the next.
 */
export interface Hand {
  /** Presses a link or a button, or chooses one of several. */
  press(target: Locator): Promise<void>;
  /** Puts a text into a field, in place of what stands there. */
  type(field: Locator, text: string): Promise<void>;
  /** Goes to a page: the mouse by a link that is in sight, the keyboard by what Ctrl+K finds first for `words`. */
  go(link: Locator, words: string): Promise<void>;
  /** Notes in the test's report how many actions it took so far to get this, and fails where they were more than `most`. */
  expectTook(what: string, most: number | Limits): void;
}

/** Actions that something takes at most. */
interface Limits extends Record<Kind, number> {
  /** Keys beside what is typed, where the pages hold nothing of other tests. */
  keys?: number;
}

/** Tests of what people do, each by one hand. */
export const handTest = adminTest.extend<{ by: Kind; hand: Hand }>({
  by: ["mouse", { option: true }],
  hand: async ({ page, by }, use) => use(by === "keyboard" ? new Keyboard(page) : new Mouse(page)),
});

/** Declares tests twice: they are done by keyboard alone, and by mouse. */
export function byEachHand(test: Pick<typeof handTest, "describe" | "use">, tests: () => void): void {
  for (const by of ["keyboard", "mouse"] as const) {
    test.describe(`by ${by}`, () => {
      test.use({ by });
      tests();
    });
  }
}

/** What both hands have in common. */
abstract class Counted {
  protected readonly page: Page;
  protected actions = 0;
  /** Keys that were pressed beside what was typed. */
  protected keys = 0;
  protected abstract readonly kind: Kind;

  constructor(page: Page) {
    this.page = page;
  }

  expectTook(what: string, most: number | Limits): void {
    const limits = typeof most === "number" ? { mouse: most, keyboard: most } : most;
    const keys = this.keys > 0 ? `, with ${this.keys} keys beside what was typed` : "";
    const description = `${what}: ${this.actions} by ${this.kind}, of at most ${limits[this.kind]}${keys}`;
    handTest.info().annotations.push({ type: "actions", description });
    expect(this.actions, `actions by ${this.kind} to get ${what}`).toBeLessThanOrEqual(limits[this.kind]);
    expect(this.keys, `keys to get ${what}`).toBeLessThanOrEqual(limits.keys ?? Infinity);
  }
}

/** A mouse, and the keyboard beside it where a text is typed. */
class Mouse extends Counted implements Hand {
  protected readonly kind = "mouse";

  async press(target: Locator): Promise<void> {
    await target.click();
    this.actions += 1;
  }

  async type(field: Locator, text: string): Promise<void> {
    await field.click();
    await field.fill(text);
    this.actions += 1;
  }

  go(link: Locator, _words: string): Promise<void> {
    return this.press(link);
  }
}

/** Keys that it takes at most to get the focus somewhere. The pages of a Weir that other tests have filled are long. */
const MOST_KEYS = 300;

/** Keys alone. Nothing here gives the focus to an element or presses it but a key does. */
class Keyboard extends Counted implements Hand {
  protected readonly kind = "keyboard";

  async press(target: Locator): Promise<void> {
    await this.reach(target);
    const key = await target.evaluate((element) => {
      if (!(element instanceof HTMLInputElement)) return "Enter";
      // The arrow that has reached one of several has chosen it too.
      return element.type === "radio" && element.checked ? undefined : "Space";
    });
    if (key !== undefined) await this.key(key);
    this.actions += 1;
  }

  async type(field: Locator, text: string): Promise<void> {
    await this.reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
    this.actions += 1;
  }

  async go(_link: Locator, words: string): Promise<void> {
    await this.key("ControlOrMeta+k");
    this.actions += 1;
    await expect(this.page.getByRole("combobox", { name: "Search pages, pools and actions" })).toBeFocused();
    await this.page.keyboard.type(words);
    // Behind it stands what kind of thing it is.
    await expect(this.page.getByRole("dialog").getByRole("option").first()).toHaveText(new RegExp(`^${words} [A-Z][a-z]+$`));
    await this.key("Enter");
    this.actions += 1;
  }

  private async key(key: string): Promise<void> {
    await this.page.keyboard.press(key);
    this.keys += 1;
  }

  /** Moves the focus to an element that is in sight: forward or back, as it stands there. */
  private async reach(target: Locator): Promise<void> {
    // What is disabled no key gets to.
    await expect(target).toBeEnabled();
    const passed: string[] = [];
    for (let keys = 0; keys <= MOST_KEYS; keys += 1) {
      const { next, here } = await target.evaluate(wayTo);
      if (next === undefined) return;
      passed.push(here);
      await this.key(next);
    }
    throw new Error(`${MOST_KEYS} keys do not get the focus to ${target}. It was last on: ${passed.slice(-5).join(", ")}`);
  }
}

/** The key that leads from the element with the focus towards another, none where it is the same; and what has the focus. It runs
 * in the page. */
async function wayTo(wanted: Element): Promise<{ next?: string; here: string }> {
  // A page that has just changed may be about to move the focus itself, which a person sees.
  for (let frame = 0; frame < 2 && document.activeElement === wanted; frame += 1) await new Promise(requestAnimationFrame);
  const focused = document.activeElement ?? document.body;
  const here = `${focused.localName} “${focused.ariaLabel ?? focused.textContent?.trim().slice(0, 30)}”`;
  if (focused === wanted) return { here };
  const isBehind = (wanted.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const isOneOf = (element: Element): element is HTMLInputElement => element instanceof HTMLInputElement && element.type === "radio";
  // Tab gets to one of a group, arrows to the others.
  if (isOneOf(focused) && isOneOf(wanted) && focused.name === wanted.name && focused.form === wanted.form) {
    return { next: isBehind ? "ArrowUp" : "ArrowDown", here };
  }
  return { next: isBehind ? "Shift+Tab" : "Tab", here };
}
