import { createHmac } from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import type { TriggerHost } from "../../contracts/binding.ts";
import type { FunctionDefinition } from "../../contracts/function-definition.ts";
import type { FunctionCall } from "../../contracts/function-runner.ts";
import type { InvocationResponse } from "../../contracts/invocation.ts";
import { fromTypedData, toTypedData } from "../../contracts/typed-data.ts";
import { binding, indexing, settingsOf } from "../bindings.suite.ts";
import { SignalRConnections } from "./connections.ts";
import { SignalRTrigger } from "./signalr-trigger.ts";

const keys = ["primary-key-of-at-least-32-characters", "another-key-of-at-least-32-characters"];
const settings = settingsOf({
  AzureSignalRConnectionString: `Endpoint=http://localhost;AccessKey=${keys[0]};Version=1.0;`,
  "Azure:SignalR:Endpoints:second": `Endpoint=http://127.0.0.1;AccessKey=${keys[1]};Version=1.0;`,
  Hub: "Chat",
});

const sign = (key: string, connectionId = "c1") => `sha256=${createHmac("sha256", key).update(connectionId).digest("hex")}`;

/** A webhook with one function. The runner stands in for an app: what the app makes of a call is tested with real ones. */
function webhook(properties: Readonly<Record<string, unknown>>, result: unknown = undefined) {
  const calls: FunctionCall[] = [];
  const trigger = new SignalRTrigger(new SignalRConnections(settings));
  const definition = {
    name: "f",
    bindings: [binding("signalRTrigger", { hubName: "%Hub%", ...properties })],
  } as unknown as FunctionDefinition;
  const host: TriggerHost = {
    ...indexing(settings),
    log: () => {},
    runner: {
      async run(_name, call): Promise<InvocationResponse> {
        calls.push(call);
        if (result instanceof Error) {
          return { invocationId: "", outputs: {}, error: { failure: "function", name: "Error", message: result.message } };
        }
        return { invocationId: "", outputs: {}, ...(result === undefined ? {} : { returnValue: toTypedData(result) }) };
      },
    },
  };
  trigger.check(definition.bindings[0]!, host);
  const running = trigger.start(definition, host);
  return { trigger, running, definition, host, calls, post: (request: Request) => trigger.handle(request) };
}

interface Event {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array | string;
}

function event(name: string, category: string, { headers = {}, body = "" }: Event): Request {
  const all = new Headers({
    "X-ASRS-Connection-Id": "c1",
    "X-ASRS-Hub": "chat",
    "X-ASRS-Category": category,
    "X-ASRS-Event": name,
    "X-ASRS-Signature": sign(keys[0]!),
    "Content-Type": "application/json",
  });
  for (const [header, value] of Object.entries(headers)) {
    if (value === undefined) all.delete(header);
    else all.set(header, value);
  }
  return new Request("http://host/runtime/webhooks/signalr", { method: "POST", headers: all, body: body as string });
}

const message = (target: string, args: unknown[], more: Event & { invocationId?: string } = {}) =>
  event(target, "messages", {
    body: JSON.stringify({ type: 1, invocationId: more.invocationId, target, arguments: args }),
    ...more,
  });
const connected = (more: Event = {}) => event("connected", "connections", { body: '{"type":10}', ...more });
const disconnected = (more: Event = {}) => event("disconnected", "connections", { body: '{"type":11}', ...more });

const onSend = { category: "messages", event: "send" };
const onConnected = { category: "connections", event: "connected" };
const onDisconnected = { category: "connections", event: "disconnected" };

describe("The webhook of signalRTrigger answers", () => {
  it("415 for another media type", async () => {
    const { post } = webhook(onSend);
    expect((await post(message("send", [], { headers: { "Content-Type": "text/plain" } }))).status).toBe(415);
    expect((await post(message("send", [], { headers: { "Content-Type": undefined } }))).status).toBe(415);
    expect((await post(message("send", [], { headers: { "Content-Type": "application/json; charset=utf-8" } }))).status).toBe(
      200,
    );
  });

  it("400 for an empty required header, 500 without it", async () => {
    const { post } = webhook(onSend);
    expect((await post(message("send", [], { headers: { "X-ASRS-Event": "" } }))).status).toBe(400);
    expect((await post(message("send", [], { headers: { "X-ASRS-Event": undefined } }))).status).toBe(500);
  });

  it("404 where no function waits for hub, category and event, whose letter case does not matter", async () => {
    const { post, running } = webhook(onSend);
    expect((await post(message("other", []))).status).toBe(404);
    expect((await post(connected())).status).toBe(404);
    expect((await post(message("send", [], { headers: { "X-ASRS-Hub": "other" } }))).status).toBe(404);
    expect((await post(message("send", [], { headers: { "X-ASRS-Hub": "CHAT" } }))).status).toBe(200);
    await running.stop();
    expect((await post(message("send", []))).status).toBe(404);
  });

  it("401 unless one signature is of a configured key, whichever and in any letter case", async () => {
    const { post, calls } = webhook(onSend);
    for (const signature of ["", "sha256=00", sign("x".repeat(40)), sign(keys[0]!, "c2"), undefined]) {
      expect((await post(message("send", [], { headers: { "X-ASRS-Signature": signature } }))).status).toBe(401);
    }
    expect(calls).toHaveLength(0);
    for (const signature of [`sha256=00,${sign(keys[1]!)}`, `${sign(keys[0]!).toUpperCase()}, x`]) {
      expect((await post(message("send", [], { headers: { "X-ASRS-Signature": signature } }))).status).toBe(200);
    }
  });

  it("without a look at the signature for a service of an identity, which has no key", async () => {
    const identity = settingsOf({ Hub: "Chat", AzureSignalRConnectionString__serviceUri: "https://x.test" });
    const { trigger, definition, host } = webhook(onSend);
    expect((await trigger.handle(message("send", [], { headers: { "X-ASRS-Signature": "sha256=00" } }))).status).toBe(401);
    const unsigned = new SignalRTrigger(new SignalRConnections(identity, { getToken: async () => null }));
    unsigned.start(definition, host);
    expect((await unsigned.handle(message("send", [], { headers: { "X-ASRS-Signature": "sha256=00" } }))).status).toBe(200);
  });

  it.each([
    ["no JSON", "{"],
    ["no invocation", '{"type":3,"invocationId":"1"}'],
    ["no target", '{"type":1,"arguments":[]}'],
    ["another target than the event", '{"type":1,"target":"other","arguments":[]}'],
    ["arguments that are no array", '{"type":1,"target":"send","arguments":{}}'],
    ["an array", "[]"],
    ["nothing", ""],
    ["bytes that are no UTF-8", new Uint8Array([0xff, 0xfe])],
  ])("500 with a reason for a body with %s", async (_, body) => {
    const { post, calls } = webhook(onSend);
    const response = await post(event("send", "messages", { body }));
    expect(response.status).toBe(500);
    expect(response.statusText).not.toBe("");
    expect(calls).toHaveLength(0);
  });
});

describe("connected", () => {
  it("is answered by 200, or 403 when its function failed", async () => {
    expect((await webhook(onConnected).post(connected())).status).toBe(200);
    expect((await webhook(onConnected, new Error("no")).post(connected())).status).toBe(403);
  });

  it("gives the function the connection, absent things as null", async () => {
    const { post, calls } = webhook(onConnected);
    const headers = { "X-ASRS-User-Id": "ada", "X-ASRS-Client-Query": "?a=1", "X-ASRS-User-Claims": "admin: true" };
    await post(connected({ headers }));
    await post(connected());
    expect(fromTypedData(calls[0]!.data)).toEqual({
      Arguments: null,
      Error: null,
      Category: "connections",
      Event: "connected",
      Hub: "chat",
      ConnectionId: "c1",
      UserId: "ada",
      Headers: expect.objectContaining({ "x-asrs-connection-id": "c1", "content-type": "application/json" }),
      Query: { a: "1" },
      Claims: { admin: "true" },
    });
    expect(fromTypedData(calls[1]!.data)).toMatchObject({ UserId: null, Query: null, Claims: null });
  });
});

describe("disconnected", () => {
  it("is answered by 200 even when its function failed, and tells the error of the close", async () => {
    const { post, calls } = webhook(onDisconnected, new Error("no"));
    expect((await post(disconnected())).status).toBe(200);
    expect((await post(disconnected({ body: '{"Type":11,"Error":"lost"}' }))).status).toBe(200);
    expect(calls.map(({ data }) => (fromTypedData(data) as { Error: unknown }).Error)).toEqual([null, "lost"]);
  });
});

describe("A message", () => {
  it("without an invocation id is answered by an empty 200, even when its function failed", async () => {
    for (const result of ["ignored", new Error("no")]) {
      const response = await webhook(onSend, result).post(message("send", ["hi"]));
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
  });

  it.each([
    ["what the function returned", { a: 1 }, { result: { a: 1 } }],
    ["null for nothing", undefined, { result: null }],
    ["the error's message", new Error("not today"), { error: "not today" }],
  ])("with an invocation id is answered by a completion with %s", async (_, result, expected) => {
    const response = await webhook(onSend, result).post(message("send", [], { invocationId: "7" }));
    expect(response.headers.get("content-type")).toBe("application/json");
    const text = await response.text();
    expect(text.endsWith("\u001e")).toBe(true);
    expect(JSON.parse(text.slice(0, -1))).toEqual({ type: 3, invocationId: "7", ...expected });
  });

  it("in MessagePack is answered in MessagePack", async () => {
    const { post, calls } = webhook(onSend, ["pong"]);
    const body = encode([1, {}, "9", "send", ["ping", new Uint8Array([1, 2])], []]);
    const response = await post(event("send", "messages", { body, headers: { "Content-Type": "application/x-msgpack" } }));
    expect(response.headers.get("content-type")).toBe("application/x-msgpack");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes[0]).toBe(bytes.length - 1);
    expect(decode(bytes.subarray(1))).toEqual([3, {}, "9", 3, ["pong"]]);
    expect(fromTypedData(calls[0]!.data)).toMatchObject({ Arguments: ["ping", "AQI="] });
  });

  it("hands its arguments over under their parameter names", async () => {
    const { post, calls } = webhook({ ...onSend, parameterNames: ["Message", "count"] });
    await post(message("send", ["hi", 3]));
    expect(calls[0]!.bindingData).toEqual({ Message: "hi", count: 3 });
    expect(fromTypedData(calls[0]!.data)).toMatchObject({ Arguments: ["hi", 3] });
  });

  it("fails without a call when its arguments are more or fewer than the names", async () => {
    const { post, calls } = webhook({ ...onSend, parameterNames: ["message"] });
    const response = await post(message("send", ["a", "b"], { invocationId: "1" }));
    expect(JSON.parse((await response.text()).slice(0, -1)).error).toMatch(/takes 1 arguments \(message\); the event has 2/);
    expect(calls).toHaveLength(0);
  });

  it("keeps the digits of long integers", async () => {
    const { post, calls } = webhook(onSend);
    await post(event("send", "messages", { body: '{"type":1,"target":"send","arguments":[9007199254740993]}' }));
    expect(calls[0]!.data.json).toContain("9007199254740993");
  });
});

describe("A signalRTrigger is refused at start-up", () => {
  it.each([
    [{ category: "connections", event: "connect" }, /there are connected and disconnected/],
    [{ category: "connection", event: "connected" }, /must be connections or messages/],
    [{ category: "messages" }, /has no "event"/],
    [{ ...onSend, hubName: "%No%" }, /No/],
  ])("with %j", (properties, sentence) => {
    expect(() => webhook(properties)).toThrow(sentence);
  });

  it("when another function takes the same event", () => {
    const { trigger, definition, host } = webhook(onSend);
    expect(() => trigger.start(definition, { ...host, functionName: "g" })).toThrow(
      'The function "f" already takes the event "send" (messages) of the hub "Chat".',
    );
  });
});
