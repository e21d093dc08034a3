import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Upstream } from "../backends/upstream/upstream-fixture.suite.ts";
import { StartedAdmin } from "./started-admin.suite.ts";

/** As the raw-WebSocket preview's page took it. */
const pasted = `{
  "templates": [
    {
      "hubPattern": "advanced_chat_demo",
      "categoryPattern": "*",
      "eventPattern": "*",
      "urlTemplate": "http://(id).ngrok.io/api/{event}"
    }
  ]
}`;
const any = { hubPattern: "*", categoryPattern: "*", eventPattern: "*" };
const fromSettings = { "upstream.templates": "http://127.0.0.1:1/settings/{event}?code=settings-key" };

describe("the upstream templates, by the admin API", () => {
  it("are those of the settings at first, with the name of the source", async () => {
    const admin = await StartedAdmin.start(fromSettings);
    const { json, headers } = await admin.call("GET", "/api/upstream");
    expect(json).toMatchObject({
      source: "settings",
      durable: false,
      templates: [{ ...any, urlTemplate: "http://127.0.0.1:1/settings/{event}?code=***" }],
      appended: [],
      settings: { origin: "--upstream-templates" },
    });
    expect(headers.etag).toBe(`"${json.version}"`);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("are replaced by saved ones, in force at once, until somebody goes back to the settings", async () => {
    const admin = await StartedAdmin.start(fromSettings);
    const saved = await admin.save([{ hubPattern: "a", urlTemplate: "http://127.0.0.1:1/a" }, "http://127.0.0.1:1/b"]);
    expect(saved.json).toMatchObject({ source: "dashboard", savedAt: expect.any(Number) });
    expect(admin.service.templates).toEqual([
      { ...any, hubPattern: "a", urlTemplate: "http://127.0.0.1:1/a" },
      { ...any, urlTemplate: "http://127.0.0.1:1/b" },
    ]);
    const cleared = await admin.call("DELETE", "/api/upstream", { headers: { "if-match": saved.headers.etag } });
    expect(cleared.json.source).toBe("settings");
    expect(admin.service.templates).toHaveLength(1);
  });

  it("may be saved as a bare list, or as none at all", async () => {
    const admin = await StartedAdmin.start(fromSettings);
    const answer = await admin.call("PUT", "/api/upstream", { body: [], headers: { "if-match": "*" } });
    expect(answer.json).toMatchObject({ source: "dashboard", templates: [] });
    expect(admin.service.templates).toEqual([]);
  });

  it("outlive a restart, names and versions too, and settings that change meanwhile do not touch them", async () => {
    const data = { inMemory: false, data: join(mkdtempSync(join(tmpdir(), "signalbox-admin-")), "data.db") };
    const first = await StartedAdmin.start(data);
    const { json } = await first.save([{ urlTemplate: "http://127.0.0.1:1/kept?code=k" }]);
    expect(json.durable).toBe(true);
    await first.stop();
    const second = await StartedAdmin.start({ ...data, ...fromSettings });
    expect((await second.call("GET", "/api/upstream")).json).toMatchObject({
      version: json.version,
      templates: json.templates,
    });
    expect(second.service.templatesAreSaved).toBe(true);
    expect(second.service.templates[0]!.urlTemplate).toBe("http://127.0.0.1:1/kept?code=k");
  });

  it("that the program appended come last, cannot be edited and stay", async () => {
    const admin = await StartedAdmin.start();
    admin.service.appendTemplate({ ...any, urlTemplate: "http://127.0.0.1:1/dev?code=k" }, "signalbox dev");
    await admin.save(["http://127.0.0.1:1/mine"]);
    const { json } = await admin.call("GET", "/api/upstream");
    expect(json.templates).toHaveLength(1);
    expect(json.appended).toMatchObject([{ origin: "signalbox dev", urlTemplate: "http://127.0.0.1:1/dev?code=***" }]);
    expect(admin.service.templates.map(({ urlTemplate }) => urlTemplate)).toEqual([
      "http://127.0.0.1:1/mine",
      "http://127.0.0.1:1/dev?code=k",
    ]);
  });
});

describe("two edits at a time", () => {
  it("the later one is refused and told why", async () => {
    const admin = await StartedAdmin.start();
    const { etag } = (await admin.call("GET", "/api/upstream")).headers;
    expect((await admin.save(["http://127.0.0.1:1/first"], { "if-match": etag })).status).toBe(200);
    const second = await admin.save(["http://127.0.0.1:1/second"], { "if-match": etag });
    expect(second.status).toBe(412);
    expect(second.json.error).toBe("The templates were changed elsewhere in the meantime. Nothing was saved.");
    expect((await admin.call("DELETE", "/api/upstream", { headers: { "if-match": etag } })).status).toBe(412);
    expect(admin.service.templates[0]!.urlTemplate).toBe("http://127.0.0.1:1/first");
  });

  it("an edit that does not say where it starts from is refused", async () => {
    const admin = await StartedAdmin.start();
    expect((await admin.save([], {})).status).toBe(428);
    expect((await admin.call("DELETE", "/api/upstream")).status).toBe(428);
  });
});

describe("secrets in URLs", () => {
  const secret = "https://me:password@127.0.0.1:1/{hub}?code=key&name={event}";
  const hidden = "https://***@127.0.0.1:1/{hub}?code=***&name={event}";

  it("are hidden unless asked for", async () => {
    const admin = await StartedAdmin.start();
    const { json } = await admin.save([secret]);
    expect(json.templates[0].urlTemplate).toBe(hidden);
    expect((await admin.call("GET", "/api/upstream")).text).not.toMatch(/password|key&/);
    expect((await admin.call("GET", "/api/upstream?reveal=true")).json.templates[0].urlTemplate).toBe(secret);
  });

  it("come back when the rest is edited, by id; without one where the URL looks the same", async () => {
    const admin = await StartedAdmin.start();
    const [{ id }] = (await admin.save([secret])).json.templates;
    await admin.save([
      { id, hubPattern: "a", urlTemplate: hidden.replace("/{hub}", "/moved") },
      { hubPattern: "b", urlTemplate: hidden },
    ]);
    expect(admin.service.templates.map(({ urlTemplate }) => urlTemplate)).toEqual([secret.replace("/{hub}", "/moved"), secret]);
  });

  it("that nobody knows are asked for", async () => {
    const admin = await StartedAdmin.start();
    const { status, json } = await admin.save(["http://127.0.0.1:1/?code=***"]);
    expect(status).toBe(422);
    expect(json.problems).toEqual([
      { position: 0, field: "urlTemplate", message: "has a hidden value ***: type the real one" },
    ]);
  });

  it("stay hidden in what is pasted, matched and tested", async () => {
    const admin = await StartedAdmin.start();
    await admin.save([secret]);
    const { json } = await admin.call("POST", "/api/upstream/parse", { body: { text: JSON.stringify([hidden]) } });
    expect(json.templates).toEqual([{ ...any, urlTemplate: hidden, id: expect.any(String) }]);
    const event = { hub: "h", category: "messages", event: "e" };
    expect((await admin.call("POST", "/api/upstream/match", { body: event })).json.url).toBe(
      "https://***@127.0.0.1:1/h?code=***&name=e",
    );
    expect(
      (await admin.call("POST", "/api/upstream/test", { body: { ...event, templates: json.templates } })).text,
    ).not.toMatch(/password|=key/);
  });
});

describe("a text that is pasted", () => {
  it.each([
    ["the document's", pasted],
    ["a bare list", JSON.stringify(JSON.parse(pasted).templates)],
    [
      "the emulator's",
      `{ "UpstreamSettings": { "Templates": [ { "HubPattern": "advanced_chat_demo", "UrlTemplate": "http://(id).ngrok.io/api/{event}" }, ] } } // comment`,
    ],
    ["Azure's", `{"properties":{"upstream":{"templates":${JSON.stringify(JSON.parse(pasted).templates)}}}}`],
  ])("in %s spelling gives templates that can be saved", async (_, text) => {
    const admin = await StartedAdmin.start();
    const { status, json } = await admin.call("POST", "/api/upstream/parse", { body: { text } });
    expect([status, json.templates]).toEqual([
      200,
      [{ ...any, hubPattern: "advanced_chat_demo", urlTemplate: "http://(id).ngrok.io/api/{event}" }],
    ]);
    expect((await admin.save(json.templates)).status).toBe(200);
  });

  it.each([
    ["{", /is no valid JSON/],
    ["[1]", /^Template 1: must be a object/],
    ["{}", /^There are no templates in the text/],
    ["42", /must hold a JSON object/],
    ['{"templates":[{}]}', /^Template 1: urlTemplate is missing/],
    ['{"templates":[{"urlTemplate":"http://h/","hubs":"x"}]}', /^Template 1: has the unknown key hubs/],
    ['{"templats":[]}', /^templats in the text is no setting/],
  ])("%s is refused with a sentence", async (text, sentence) => {
    const { status, json } = await (await StartedAdmin.start()).call("POST", "/api/upstream/parse", { body: { text } });
    expect(status).toBe(422);
    expect(json.error).toMatch(sentence);
  });
});

describe("templates that do not keep the rules", () => {
  it("are named by place and field, and none is saved", async () => {
    const admin = await StartedAdmin.start();
    const { status, json } = await admin.save([
      "http://127.0.0.1:1/",
      { hubPattern: 7, urlTemplate: "ftp://host/" },
      { urlTemplate: "{@Microsoft.KeyVault(SecretUri=x)}", auth: { type: "ManagedIdentity" } },
    ]);
    expect(status).toBe(422);
    expect(json.problems).toEqual(
      expect.arrayContaining([
        { position: 1, field: "hubPattern", message: "must be a string" },
        { position: 1, field: "urlTemplate", message: expect.stringContaining("absolute http or https URL") },
        { position: 2, field: "auth", message: expect.stringContaining("must be None") },
      ]),
    );
    expect(json.error).toBe("Template 2: hubPattern must be a string.");
    expect(admin.service.templates).toEqual([]);
  });
});

describe("hostile bodies", () => {
  const routes = [
    ["PUT", "/api/upstream"],
    ["POST", "/api/upstream/parse"],
    ["POST", "/api/upstream/match"],
    ["POST", "/api/upstream/test"],
    ["POST", "/api/session"],
  ] as const;

  it.each(routes)("%s %s: no JSON, wrong types, another content type, too large", async (method, path) => {
    const admin = await StartedAdmin.start();
    const headers = { "if-match": "*" };
    for (const body of [
      "",
      "{",
      "\u0000",
      "[".repeat(100_000),
      "null",
      "1",
      '"x"',
      '{"templates":7,"hub":1,"text":[],"token":{}}',
    ]) {
      const answer = await admin.call(method, path, { headers, body });
      expect([400, 422], body.slice(0, 20)).toContain(answer.status);
      expect(answer.json.error).toMatch(/\.$/);
    }
    const form = { headers: { ...headers, "content-type": "text/plain" }, body: "{}" };
    expect((await admin.call(method, path, form)).status).toBe(415);
    const large = { headers, body: { text: "x".repeat(600 * 1024) } };
    expect((await admin.call(method, path, large)).status).toBe(413);
    expect((await admin.call("GET", "/health/live")).text).toBe("live");
  });

  it("of any shape are answered with a status below 500 and change nothing", async () => {
    const admin = await StartedAdmin.start();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), fc.json(), async ([method, path], body) => {
        const answer = await admin.call(method, path, { body, headers: { "if-match": '"nonsense"' } });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
    expect(admin.service.templatesAreSaved).toBe(false);
  });

  it("paths outside of the page lead nowhere", async () => {
    const admin = await StartedAdmin.start();
    for (const path of [
      "/assets/../../index.js",
      "/assets/%2e%2e/index.html",
      "/assets/..%2f..%2findex.js",
      "/package.json",
      "/assets/",
      "/nowhere",
    ])
      expect((await admin.call("GET", path)).status, path).toBe(404);
  });
});

describe("which template takes an event", () => {
  it("is answered by the rules of real events, for those in force or for others", async () => {
    const admin = await StartedAdmin.start();
    admin.service.appendTemplate({ ...any, urlTemplate: "http://dev/{category}" }, "signalbox dev");
    await admin.save([{ hubPattern: "chat", eventPattern: "a, b", urlTemplate: "http://h/{hub}/{event}" }]);
    const match = async (event: object) => (await admin.call("POST", "/api/upstream/match", { body: event })).json;
    expect(await match({ hub: "chat", category: "messages", event: "b" })).toEqual({ position: 0, url: "http://h/chat/b" });
    expect(await match({ hub: "Chat", category: "messages", event: "b" })).toEqual({ position: 1, url: "http://dev/messages" });
    expect(
      await match({
        hub: "chat",
        category: "messages",
        event: "c",
        templates: [{ eventPattern: "c", urlTemplate: "http://x/{event}" }],
      }),
    ).toEqual({
      position: 0,
      url: "http://x/c",
    });
    const climbing = await match({ hub: "chat", category: "messages", event: "..", templates: ["http://x/{event}"] });
    expect(climbing.error).toContain("would leave the path");
  });

  it("is nobody when none matches", async () => {
    const admin = await StartedAdmin.start();
    const body = { hub: "chat", category: "connections", event: "connected" };
    expect((await admin.call("POST", "/api/upstream/match", { body })).json).toEqual({});
    expect((await admin.call("POST", "/api/upstream/test", { body })).json).toEqual({});
  });
});

describe("a test event", () => {
  it("reaches the upstream signed and with the headers of a real one; its answer comes back whole, whatever the status", async () => {
    const upstream = await Upstream.start(
      (_, response) => void response.writeHead(418, { "X-Tea": "green" }).end("short and stout"),
    );
    const admin = await StartedAdmin.start({ "upstream.templates": `${upstream.origin}/{hub}/{event}?code=k` });
    const body = { hub: "chat", category: "messages", event: "hello", userId: "ann" };
    const { json } = await admin.call("POST", "/api/upstream/test", { body });
    expect(json).toMatchObject({
      position: 0,
      url: `${upstream.origin}/chat/hello?code=***`,
      answer: { status: 418, body: "short and stout", durationMs: expect.any(Number) },
    });
    expect(json.answer.headers).toContainEqual(["x-tea", "green"]);
    const [request] = upstream.requests;
    expect(request!.url).toBe("/chat/hello?code=k");
    expect(request!.body.toString()).toBe('{"type":1,"target":"hello","arguments":["test"]}');
    expect(request!.header("x-asrs-connection-id")).toMatch(/^test-/);
    expect(request!.header("x-asrs-user-id")).toBe("ann");
    expect(request!.header("x-asrs-signature")).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(json.sent.headers).toMatchObject({ "X-ASRS-Hub": "chat", "Content-Type": "application/json" });
  });

  it("carries a given body and content type, and the bodies of real events otherwise", async () => {
    const upstream = await Upstream.start((_, response) => void response.end());
    const admin = await StartedAdmin.start({ "upstream.templates": upstream.origin });
    const send = (event: object) =>
      admin.call("POST", "/api/upstream/test", { body: { hub: "h", category: "connections", ...event } });
    await send({ event: "connected" });
    await send({ event: "disconnected" });
    await send({ event: "message", category: "messages", body: "plain", contentType: "text/plain; charset=utf-8" });
    await send({ event: "connect" });
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual(['{"type":10}', '{"Type":11}', "plain", ""]);
    expect(upstream.requests[3]!.header("content-type")).toBeUndefined();
    expect(upstream.requests[2]!.header("content-type")).toBe("text/plain; charset=utf-8");
    expect((await send({ event: "e", contentType: "a\r\nX-Evil: 1" })).status).toBe(400);
  });

  it("that gets no answer, or too large a one, says why", async () => {
    const upstream = await Upstream.start((_, response) => void response.end("x".repeat(100_000)));
    const admin = await StartedAdmin.start({ "upstream.templates": upstream.origin });
    const body = { hub: "h", category: "connections", event: "connected" };
    expect((await admin.call("POST", "/api/upstream/test", { body })).json.answer).toMatchObject({
      status: 200,
      error: "The answer is larger than 65536 bytes",
    });
    await upstream.stop();
    const { answer } = (await admin.call("POST", "/api/upstream/test", { body })).json;
    expect(answer.status).toBeUndefined();
    expect(answer.error).toMatch(/ECONNREFUSED|socket hang up|ECONNRESET/);
  });
});

describe("live updates", () => {
  it("tell the state first and then every change, as server-sent events", async () => {
    const admin = await StartedAdmin.start();
    const aborted = new AbortController();
    const response = await fetch(`${admin.service.adminUrl}/api/upstream/live`, { signal: aborted.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    const reading = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    })().catch(() => {});
    await vi.waitFor(() => expect(text).toContain("event: changed"));
    const { json } = await admin.save(["http://127.0.0.1:1/"]);
    await vi.waitFor(() => expect(text).toContain(JSON.stringify({ version: json.version })));
    await vi.waitFor(() => expect(text).toContain(`event: calls\ndata: {"${json.templates[0].id}":[]}`));
    aborted.abort();
    await reading;
  });

  it("tell of events that no template takes, until one does", async () => {
    const admin = await StartedAdmin.start();
    const aborted = new AbortController();
    const response = await fetch(`${admin.service.adminUrl}/api/upstream/live`, { signal: aborted.signal });
    let text = "";
    const reading = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    })().catch(() => {});
    await vi.waitFor(() => expect(text).toContain("event: untaken\ndata: []\n"));
    const socket = new WebSocket(`${admin.service.url.replace("http", "ws")}/ws/client/hubs/Chat`);
    await new Promise((resolve) => socket.addEventListener("error", resolve));
    const missed = /event: untaken\ndata: \[{"hub":"Chat","category":"connections","event":"connect","count":\d+,"at":\d+}]\n/;
    await vi.waitFor(() => expect(text).toMatch(missed));
    text = "";
    await admin.save(["http://127.0.0.1:1/"]);
    await vi.waitFor(() => expect(text).toContain("event: untaken\ndata: []\n"));
    aborted.abort();
    await reading;
  });
});
