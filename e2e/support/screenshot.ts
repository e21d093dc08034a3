import type { Page } from "playwright-core";

/** Whether the pictures in the documents are taken anew: `SCREENSHOTS=1 vitest run samples`. Otherwise tests leave them alone. */
const wanted = process.env.SCREENSHOTS === "1";

/** Takes the picture of a page for a document, in a colour scheme, when pictures are wanted. @param path a .png file */
export async function takeScreenshot(page: Page, path: string, colorScheme: "light" | "dark" = "light"): Promise<void> {
  if (!wanted) return;
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.screenshot({ path, animations: "disabled" });
}
