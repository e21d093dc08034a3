import { readFileSync } from "node:fs";
import { decodeMessagePack, jsonProtocol, messagePackProtocol } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  AuthenticationError,
  EndpointUnreachableError,
  InvalidArgumentError,
  RequestTimeoutError,
  SignalRServiceError,
} from "../errors.ts";
import type { ServiceClientOptions } from "../options.ts";
import { ServiceClient } from "../service-client.ts";
import { type Script, ScriptedServer } from "./scripted-server.suite.ts";
import { version } from "./user-agent.ts";

let server: ScriptedServer;
beforeEach(async () => {
  server = await ScriptedServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

function hubOf(options?: ServiceClientOptions, connectionString = server.connectionString) {
  return ServiceClient.fromConnectionString(connectionString, options).hub("Chat");
}

describe("the wire", () => {
  it("is that of the .NET SDK: paths, queries, versions", async () => {
    server.script = ({ url }) => (url.includes("/groups/g/connections?") ? { status: 200, body: '{"value":[]}' } : 200);
    const hub = hubOf({ application: "App" });
    await hub.all.send("t");
    await hub.allExcept(["c/1", "c&2"]).send("t");
    await hub.user("a/ü b").send("t");
    await hub.group("g").send("t");
    await hub.groupExcept("g", ["c"]).send("t");
    await hub.connection("c").send("t");
    await hub.groups.add("c", "g");
    await hub.groups.remove("c", "g");
    await hub.groups.removeFromAll("c");
    await hub.userGroups.add("u", "g");
    await hub.userGroups.add("u", "g", { ttl: 5 });
    await hub.userGroups.has("u", "g");
    await hub.userGroups.remove("u", "g");
    await hub.userGroups.removeFromAll("u");
    await hub.close.connection("c", { reason: "so & so" });
    await hub.close.user("u", { except: ["c"] });
    await hub.close.group("g", { reason: "r" });
    await hub.close.all();
    await hub.connectionExists("c");
    await hub.userExists("u");
    await hub.groupExists("g");
    for await (const member of hub.listConnectionsInGroup("g", { top: 5, maxPageSize: 2 })) expect(member).toBeUndefined();
    await hub.connection("c").invoke("t");
    await hub.connection("c").sendStreamItem("1", 1, { completed: true });
    await hub.connection("c").completeStream("1", "why");
    const query = "?application=app&api-version=2022-06-01";
    const newer = "?application=app&api-version=2024-12-01";
    expect(server.requests).toEqual(
      [
        `POST /:send${query}`,
        `POST /:send${query}&excluded=c%2F1&excluded=c%262`,
        `POST /users/a%2F%C3%BC%20b/:send${query}`,
        `POST /groups/g/:send${query}`,
        `POST /groups/g/:send${query}&excluded=c`,
        `POST /connections/c/:send${query}`,
        `PUT /groups/g/connections/c${query}`,
        `DELETE /groups/g/connections/c${query}`,
        `DELETE /connections/c/groups${query}`,
        `PUT /users/u/groups/g${query}`,
        `PUT /users/u/groups/g${query}&ttl=5`,
        `GET /users/u/groups/g${query}`,
        `DELETE /users/u/groups/g${query}`,
        `DELETE /users/u/groups${query}`,
        `DELETE /connections/c${query}&reason=so%20%26%20so`,
        `POST /users/u/:closeConnections${query}&excluded=c`,
        `POST /groups/g/:closeConnections${query}&reason=r`,
        `POST /:closeConnections${query}`,
        `HEAD /connections/c${query}`,
        `HEAD /users/u${query}`,
        `HEAD /groups/g${query}`,
        `GET /groups/g/connections${newer}&top=5&maxpagesize=2`,
        `POST /connections/c/:invoke${newer}`,
        `POST /connections/c/streams/1/:send${newer}&completed=true`,
        `POST /connections/c/streams/1/:complete${newer}&error=why`,
      ].map((request) => request.replace(" ", " /api/hubs/chat")),
    );
  });

  it("carries JSON", async () => {
    await hubOf().all.send("Target", 1, "ü", [null]);
    const [{ headers, body } = expect.fail()] = server.seen;
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body.toString())).toEqual({ target: "Target", arguments: [1, "ü", [null]] });
  });

  it("carries frames when protocols are chosen", async () => {
    await hubOf({ protocols: ["json", "messagepack"] }).all.send("t", 1);
    const [{ headers, body } = expect.fail()] = server.seen;
    expect(headers["content-type"]).toBe("application/octet-stream");
    const frames = decodeMessagePack(body) as Record<string, Uint8Array>;
    expect(Object.keys(frames)).toEqual(["json", "messagepack"]);
    const invocation = { type: 1, target: "t", arguments: [1] };
    expect(jsonProtocol.decode(frames.json!)).toMatchObject(invocation);
    expect(messagePackProtocol.decode(frames.messagepack!)).toMatchObject(invocation);
  });

  it("refuses protocols that do not exist", () => {
    expect(() => hubOf({ protocols: [] })).toThrow(InvalidArgumentError);
    expect(() => hubOf({ protocols: ["blazorpack" as "json"] })).toThrow(
      "protocols must name some of json, messagepack, not blazorpack.",
    );
  });

  it("names the caller, and marks calls when asked", async () => {
    await hubOf({ userAgent: "my-app/2", messageTracing: true }).all.send("t");
    await hubOf().all.send("t");
    const [first, second] = server.seen;
    expect(first!.headers["asrs-user-agent"]).toMatch(/^signalbox-management\/\S+ \((Node|Bun) \S+; \S+; \S+\) my-app\/2$/);
    expect(first!.headers["x-asrs-message-tracing-id"]).toMatch(/^\d{1,20}$/);
    expect(second!.headers["x-asrs-message-tracing-id"]).toBeUndefined();
    expect(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version).toBe(version);
  });

  it("goes to ServerEndpoint, with a token for Endpoint", async () => {
    const elsewhere = `Endpoint=https://a.example:444;ServerEndpoint=${server.origin}/inside/;AccessKey=k`;
    server.script = ({ url }) =>
      url.includes("continuationToken")
        ? { status: 200, body: JSON.stringify({ value: [{ connectionId: "b" }] }) }
        : {
            status: 200,
            body: JSON.stringify({
              value: [{ connectionId: "a", userId: "ann" }],
              nextLink: "https://a.example/api/hubs/chat/groups/g/connections?api-version=2024-12-01&continuationToken=a",
            }),
          };
    const members = [];
    for await (const member of hubOf({}, elsewhere).listConnectionsInGroup("g")) members.push(member);
    expect(members).toEqual([{ connectionId: "a", userId: "ann" }, { connectionId: "b" }]);
    expect(server.requests).toEqual([
      "GET /inside/api/hubs/chat/groups/g/connections?api-version=2024-12-01",
      "GET /inside/api/hubs/chat/groups/g/connections?api-version=2024-12-01&continuationToken=a",
    ]);
    for (const { claims } of server.seen) expect(claims.aud).toBe("https://a.example/api/hubs/chat/groups/g/connections");
  });
});

describe("connections", () => {
  it("are used again", async () => {
    const hub = hubOf();
    for (let i = 0; i < 3; i++) await hub.all.send("t");
    expect(server.connections).toBe(1);
  });

  it("that the service closes just when a call comes do no harm: the call goes out again, once, messages too", async () => {
    const hub = hubOf();
    await hub.all.send("first");
    server.script = (_, number) => (number === 2 ? "reset" : 202);
    await hub.all.send("closing");
    expect(server.seen).toHaveLength(3);
    server.script = () => "reset";
    await expect(hub.all.send("lost")).rejects.toThrow(EndpointUnreachableError);
    expect(server.seen.length).toBeLessThanOrEqual(5);
  });

  it("may be those of a fetch that the application brings", async () => {
    const fetched: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      fetched.push(String(input));
      return globalThis.fetch(input, init);
    };
    const hub = hubOf({ fetch });
    await hub.all.send("t");
    server.script = () => "hang";
    await expect(hub.with({ timeoutMs: 1_000 }).all.send("t")).rejects.toThrow(RequestTimeoutError);
    server.script = () => "reset";
    await expect(hub.all.send("t")).rejects.toThrow(EndpointUnreachableError);
    server.script = () => ({ status: 302, headers: { Location: "/elsewhere" } });
    await expect(hub.all.send("t")).rejects.toMatchObject({ status: 302 });
    expect(fetched).toEqual(Array(4).fill(`${server.origin}/api/hubs/chat/:send?api-version=2022-06-01`));
    expect(server.seen).toHaveLength(4);
  });
});

describe("retries", () => {
  const retry = { maxRetries: 2, delayMs: 1 };
  const times =
    (failures: number, how: ReturnType<Script>, then = 200): Script =>
    (_, number) =>
      number <= failures ? how : then;

  it("are off unless asked for", async () => {
    server.script = () => 503;
    await expect(hubOf().userExists("u")).rejects.toMatchObject({ status: 503 });
    await expect(hubOf().all.send("t")).rejects.toMatchObject({ status: 503 });
    expect(server.seen).toHaveLength(2);
  });

  it.each<[string, ReturnType<Script>]>([
    ["500", 500],
    ["502", 502],
    ["408", 408],
    ["a cut connection", "reset"],
  ])("repeat what is no message after %s", async (_, how) => {
    server.script = times(2, how);
    expect(await hubOf({ retry }).userExists("u")).toBe(true);
    expect(server.seen).toHaveLength(3);
  });

  it("repeat what is no message after a time-out", async () => {
    server.script = times(1, "hang");
    expect(await hubOf({ retry, timeoutMs: 1_000 }).userExists("u")).toBe(true);
  });

  it.each([501, 502, 503, 504])("repeat a message after %d", async (status) => {
    server.script = times(2, status, 202);
    await hubOf({ retry }).all.send("t");
    expect(server.seen).toHaveLength(3);
  });

  it.each<[string, ReturnType<Script>]>([
    ["500, which may come after delivery", 500],
    ["408", 408],
    ["a cut connection", "reset"],
    ["429", 429],
    ["400", 400],
  ])("do not repeat a message after %s", async (_, how) => {
    server.script = () => how;
    await expect(hubOf({ retry }).all.send("t")).rejects.toThrow(SignalRServiceError);
    expect(server.seen).toHaveLength(1);
  });

  it("do not ask a client twice", async () => {
    server.script = () => 500;
    await expect(hubOf({ retry }).connection("c").invoke("t")).rejects.toThrow(SignalRServiceError);
    expect(server.seen).toHaveLength(1);
  });

  it("give up after as many as were asked for", async () => {
    server.script = () => 503;
    await expect(hubOf({ retry }).userExists("u")).rejects.toMatchObject({ status: 503 });
    expect(server.seen).toHaveLength(3);
  });

  it("stop waiting when the caller gives up", async () => {
    server.script = () => 503;
    const controller = new AbortController();
    const hub = hubOf({ retry: { delayMs: 60_000 } }).with({ signal: controller.signal });
    const call = hub.userExists("u");
    call.catch(() => {});
    await expect.poll(() => server.seen).toHaveLength(1);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
  });
});

describe("giving up", () => {
  it("rejects with the reason of the signal", async () => {
    server.script = () => "hang";
    const controller = new AbortController();
    const call = hubOf().with({ signal: controller.signal }).all.send("t");
    call.catch(() => {});
    await expect.poll(() => server.seen).toHaveLength(1);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    await expect(hubOf().with({ signal: controller.signal }).all.send("t")).rejects.toThrow("enough");
    expect(server.seen).toHaveLength(1);
  });

  it("follows the time-out", async () => {
    server.script = () => "hang";
    await expect(hubOf({ timeoutMs: 50 }).all.send("t")).rejects.toThrow(RequestTimeoutError);
    const sentence = `${server.origin} did not answer within 0.05 s.`;
    await expect(hubOf().with({ timeoutMs: 50 }).all.send("t")).rejects.toThrow(sentence);
  });
});

describe("errors", () => {
  it.each([
    [400, '{"code":"Error.Request.Invalid","message":"The ttl is odd."}', InvalidArgumentError, "400: The ttl is odd."],
    [400, '{"title":"One or more …","errors":{"hub":["Invalid hub name."]}}', InvalidArgumentError, "400: Invalid hub name."],
    [400, '{"error":{"code":"X","message":"Inner."}}', InvalidArgumentError, "400: Inner."],
    [400, "plain", InvalidArgumentError, "400: plain"],
    [400, "null", InvalidArgumentError, "400: null"],
    [401, "", AuthenticationError, "was answered with 401."],
    [403, "", AuthenticationError, "was answered with 403."],
    [404, "", EndpointUnreachableError, "it is no SignalR service"],
    [302, "", SignalRServiceError, "was answered with 302."],
    [413, "", SignalRServiceError, "was answered with 413."],
    [429, '"slow down"', SignalRServiceError, "429: slow down"],
  ])("%d %s", async (status, body, type, sentence) => {
    server.script = () => ({ status, body });
    const failure = await hubOf()
      .all.send("t")
      .catch((failure: unknown) => failure);
    expect(failure).toBeInstanceOf(type);
    expect(failure).toMatchObject({ status, endpoint: server.origin, message: expect.stringContaining(sentence) });
  });

  it("have the challenge of a refused token", async () => {
    server.script = () => ({ status: 401, headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' } });
    await expect(hubOf().all.send("t")).rejects.toThrow('Bearer error="invalid_token"');
  });

  it("have a code; 404 is a plain no only with the right one, in any letter case", async () => {
    let code = "warning.user.notexisted";
    server.script = () => ({ status: 404, headers: { "x-ms-error-code": code } });
    expect(await hubOf().userExists("u")).toBe(false);
    code = "Warning.Group.NotExisted";
    await expect(hubOf().userExists("u")).rejects.toMatchObject({ status: 404, code });
  });

  it("tell of an endpoint where nothing listens", async () => {
    const hub = hubOf({}, "Endpoint=http://127.0.0.1:1;AccessKey=k");
    const failure = await hub.all.send("t").catch((failure: unknown) => failure);
    expect(failure).toBeInstanceOf(EndpointUnreachableError);
    expect(failure).toMatchObject({ endpoint: "http://127.0.0.1:1", status: undefined });
    expect(String(failure)).toContain("http://127.0.0.1:1 cannot be reached: ");
    expect(String(failure)).toContain("ECONNREFUSED");
  });
});
