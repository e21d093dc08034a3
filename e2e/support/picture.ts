import type { Browser, Page } from "playwright-core";

/** Takes a picture of several windows beside each other, for a README. @param path of the PNG file */
export async function takePicture(browser: Browser, windows: readonly Page[], path: string): Promise<void> {
  const shots = await Promise.all(windows.map((window) => window.screenshot({ animations: "disabled", caret: "initial" })));
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot.toString("base64")}">`);
  const sheet = await browser.newPage();
  await sheet.setContent(
    `<body style="margin:0;display:inline-flex;gap:16px;padding:16px;background:#8b90a6">${images.join("")}`,
  );
  await sheet.locator("body").screenshot({ path });
  await sheet.close();
}
