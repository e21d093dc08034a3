import { afterAll, beforeAll, describe } from "vitest";
import { type ClientBrowser, launchBrowser } from "./support/browser-client.ts";
import { describeClient } from "./support/client.suite.ts";
import { describeRawSockets } from "./support/raw-socket.suite.ts";
import { describeReconnect } from "./support/reconnect.suite.ts";
import { chromium } from "./support/system-parts.ts";

const path = chromium.find();

describe.skipIf(path === undefined)("Chromium, its page on another origin than the service", () => {
  let browser: ClientBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(path!);
  });
  afterAll(() => browser?.close());

  describe("with @microsoft/signalr", () => {
    describeClient("Node 26", (options) => browser.connect(options));
    describeReconnect("Node 26", (options) => browser.connect(options));
  });
  describe("with WebSocket", () => describeRawSockets("Node 26", (url, protocols) => browser.openRaw(url, protocols)));
});
