import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientBrowser, launchBrowser } from "./support/browser-client.ts";
import { describeClient } from "./support/client.suite.ts";
import { describeRawSockets } from "./support/raw-socket.suite.ts";
import { describeReconnect } from "./support/reconnect.suite.ts";
import { Rest } from "./support/rest.ts";
import { startService } from "./support/service.ts";
import { chromium } from "./support/system-parts.ts";
import { combinations } from "./support/test-client.ts";
import { clientToken, clientUrl } from "./support/token.ts";

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

    it("serves a web worker over every transport and protocol", async () => {
      await using service = await startService();
      const [url, accessToken] = [clientUrl(service, "chat"), clientToken(service, "chat", {})];
      for (const combination of combinations) {
        const client = await browser.connectInWorker({ ...combination, url, accessToken });
        await new Rest(service, "chat").send("", "message", "grüße");
        await expect.poll(() => client.messages()).toEqual([["grüße"]]);
        await client.stop();
      }
    });
  });
  describe("with WebSocket", () => describeRawSockets("Node 26", (url, protocols) => browser.openRaw(url, protocols)));
});
