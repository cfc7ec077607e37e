import { expect, type Page } from "@playwright/test";

/** Waits until the review shows all that it has. What the server says of the answers comes last, and moves the buttons below it where the
 * page is short: a pointer would miss them. */
export async function reviewed(page: Page): Promise<void> {
  const preview = page.getByRole("region", { name: "What happens when you save" });
  await expect(preview).toBeVisible();
  await expect(preview.getByText("Loading", { exact: true })).toHaveCount(0);
}

/** Presses the last button of the wizard. */
export async function send(page: Page, button: "Create scaling" | "Save scaling"): Promise<void> {
  await reviewed(page);
  await page.getByRole("button", { name: button }).click();
}
