import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientBrowser, launchBrowser } from "./support/browser-client.ts";
import { type HubServer, startSelfHosted, startWithService } from "./support/hub-server.ts";
import { control, unique } from "./support/hub-suite/stage.ts";
import { chromium } from "./support/system-parts.ts";
import { combinations } from "./support/test-client.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

const path = chromium.find();

/** Ways to start the hub of `test-hub.md`. */
const hosts = {
  "self-hosted": () => startSelfHosted(typeScriptHub()),
  "behind the service": () => startWithService(typeScriptHub()),
};

describe.skipIf(path === undefined)("@microsoft/signalr in Chromium, its page on another origin than the hub", () => {
  let browser: ClientBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(path!);
  });
  afterAll(() => browser?.close());

  describe.each(Object.keys(hosts) as (keyof typeof hosts)[])("a hub of @signalbox/hub, %s", (host) => {
    let server: HubServer;
    beforeAll(async () => {
      server = await hosts[host]();
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    it.each(combinations)("serves it over $transport with $protocol", async (combination) => {
      const user = unique("user");
      const options = { ...combination, accessToken: "" };
      const ann = await browser.connect({ ...options, url: `${server.clientUrl}/testhub?user=${user}&team=red` });
      const bob = await browser.connect({ ...options, url: `${server.clientUrl}/testhub` });
      expect(await ann.invoke("Echo", { text: "grüße" })).toEqual({ text: "grüße" });
      expect(await ann.invoke("Teams")).toEqual(["red"]);
      expect(await ann.invoke("Header", "Origin")).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      await bob.invoke("SendToUser", user, "hello");
      await control(server, "POST", `/send?text=outside&user=${user}`);
      await expect.poll(() => ann.messages()).toEqual([["hello"], ["outside"]]);
      expect(await ann.stream("Count", 3)).toEqual({ items: [1, 2, 3], error: undefined });
      await ann.stop();
      await bob.stop();
    });

    it.each(combinations)("knows it by its token over $transport with $protocol", async (combination) => {
      const accessToken = await (await control(server, "POST", "/token?user=ann")).text();
      const client = await browser.connect({ ...combination, accessToken, url: `${server.clientUrl}/authorizedhub` });
      expect(await client.invoke("UserId")).toBe("ann");
      await client.stop();
    });

    it("keeps it over a broken network under stateful reconnect", async () => {
      const user = unique("user");
      const url = `${server.clientUrl}/testhub?user=${user}`;
      const client = await browser.connect({ ...combinations[0]!, accessToken: "", url, reconnect: "stateful" });
      server.clientPath.cut();
      await control(server, "POST", `/send?text=meanwhile&user=${user}`);
      server.clientPath.release();
      await expect.poll(() => client.messages()).toEqual([["meanwhile"]]);
      expect(await client.reconnections()).toEqual([]);
      await client.stop();
    });
  });
});
