import type { Browser, Page } from "playwright-core";

/** Whether the pictures in the documents are taken anew: `SCREENSHOTS=1 vitest run samples`. Otherwise tests leave them alone. */
export const screenshotsWanted = process.env.SCREENSHOTS === "1";

/** Takes the picture of a page for a document, in a colour scheme, when pictures are wanted. @param path a .png file */
export async function takeScreenshot(page: Page, path: string, colorScheme: "light" | "dark" = "light"): Promise<void> {
  if (!screenshotsWanted) return;
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.screenshot({ path, animations: "disabled" });
}

/** Takes a picture of several pages beside each other. @param path a .png file */
export async function takeScreenshotOfAll(browser: Browser, pages: readonly Page[], path: string): Promise<void> {
  const shots = await Promise.all(pages.map((page) => page.screenshot({ animations: "disabled" })));
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot.toString("base64")}">`);
  const sheet = await browser.newPage();
  await sheet.setContent(
    `<body style="margin:0;display:inline-flex;gap:16px;padding:16px;background:#8b90a6">${images.join("")}`,
  );
  await sheet.locator("body").screenshot({ path });
  await sheet.close();
}
