import { type Browser, chromium } from "playwright-core";

export type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";

/** Starts a Chromium without a window that talks to nobody but the pages it is sent to. @param executablePath of Chromium or Chrome */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
