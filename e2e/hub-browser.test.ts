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

    it.each(combinations)("serves it in a web worker, over $transport with $protocol", async (combination) => {
      const url = `${server.clientUrl}/testhub`;
      const client = await browser.connectInWorker({ ...combination, accessToken: "", url });
      expect(await client.invoke("Echo", { text: "grüße" })).toEqual({ text: "grüße" });
      await client.invoke("SendToCaller", "hello");
      await expect.poll(() => client.messages()).toEqual([["hello"]]);
      expect(await client.stream("Count", 3)).toEqual({ items: [1, 2, 3], error: undefined });
      await client.stop();
    });

    it.each(combinations.filter(({ transport }) => transport !== "WebSockets"))(
      "serves it by XMLHttpRequest, over $transport with $protocol",
      async (combination) => {
        const url = `${server.clientUrl}/testhub`;
        const client = await browser.connectByXhr({ ...combination, accessToken: "", url });
        expect(await client.invoke("Echo", { text: "grüße" })).toEqual({ text: "grüße" });
        await client.invoke("SendToCaller", "hello");
        await expect.poll(() => client.messages()).toEqual([["hello"]]);
        await client.stop();
      },
    );

    it("hears its headers where the browser lets it send some", async () => {
      for (const [transport, own, userAgent] of [
        ["LongPolling", "mine", expect.stringMatching(/^Microsoft SignalR\//)],
        ["ServerSentEvents", null, null],
        ["WebSockets", null, null],
      ] as const) {
        const client = await browser.connect({
          transport,
          protocol: "json",
          accessToken: "",
          url: `${server.clientUrl}/testhub`,
          headers: { "X-Custom": "mine" },
        });
        expect((await client.invoke("Header", "X-Custom")) ?? null, transport).toEqual(own);
        expect((await client.invoke("Header", "X-SignalR-User-Agent")) ?? null, transport).toEqual(userAgent);
        await client.stop();
      }
    });

    it.each(["LongPolling", "ServerSentEvents"] as const)(
      "gets its cookies only with credentials, over %s",
      async (transport) => {
        const cookies = async (withCredentials: boolean) => {
          const options = { transport, protocol: "json", accessToken: "", withCredentials } as const;
          const client = await browser.connect({ ...options, url: `${server.clientUrl}/testhub` });
          const header = await client.invoke("Header", "Cookie");
          await client.stop();
          return header ?? null;
        };
        expect(await cookies(true)).toBe("flavour=oat; colour=blue");
        expect(await cookies(false)).toBeNull();
      },
    );

    it("answers its bare WebSocket", async () => {
      const negotiation = await fetch(`${server.clientUrl}/testhub/negotiate?negotiateVersion=1`, { method: "POST" });
      const { url = `${server.clientUrl}/testhub`, accessToken } = (await negotiation.json()) as Record<string, string>;
      const target = new URL(url);
      target.protocol = "ws:";
      if (accessToken !== undefined) target.searchParams.set("access_token", accessToken);
      const socket = await browser.openRaw(target.href, []);
      await socket.send('{"protocol":"json","version":1}\u001e');
      await expect.poll(async () => (await socket.messages())[0]).toBe("{}\u001e");
      await socket.send('{"type":1,"target":"SendToCaller","arguments":["hello"]}\u001e');
      await expect.poll(() => socket.messages()).toContainEqual('{"type":1,"target":"message","arguments":["hello"]}\u001e');
      await socket.close();
      await expect.poll(() => socket.closed()).toEqual({ code: 1000, text: "" });
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
