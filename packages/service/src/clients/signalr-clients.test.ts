import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  type IHubProtocol,
  JsonHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { invocationPayload, MessageType, signToken } from "@signalbox/protocol";
import {
  ClientEndpoint,
  type ClientMessage,
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  type Listener,
  listen,
} from "@signalbox/transport";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import WebSocket from "ws";
import { OwnHosts } from "../auth/own-hosts.ts";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import type { Client } from "../hub/hub-connection.ts";
import { ClientDoor, type ClientDoorOptions } from "./client-door.ts";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const token = (claims: object = {}) =>
  signToken({ aud: "http://localhost/client/?hub=obs", exp: inAnHour(), ...claims }, { key });

/** A hub that says back what it hears. */
class Echo implements ConnectionHandler {
  readonly open = new Map<string, Connection>();
  opening() {
    return "answer" as const;
  }
  opened(connection: Connection) {
    this.open.set(connection.id, connection);
  }
  message(connection: Connection, { message }: ClientMessage) {
    if (message.type === MessageType.Invocation) connection.send(invocationPayload("echo", message.arguments));
  }
  closed(connection: Connection, _reason: CloseReason) {
    this.open.delete(connection.id);
  }
}

const limits = {
  negotiateTimeout: 5_000,
  handshakeTimeout: 15_000,
  keepAliveInterval: 15_000,
  clientTimeout: 30_000,
  maxLifetime: 0,
  maxMessageBytes: 1_048_576,
  maxPendingBytes: 1_048_576,
  sendTimeout: 10_000,
  reconnectBufferBytes: 100_000,
  reconnectWindow: 30_000,
  pollTimeout: 90_000,
  pollInterval: 5_000,
};
const defaults: ClientDoorOptions = { ownHosts: new OwnHosts(), corsOrigins: ["*"], maxConnections: 0, draining: false };
const echo = new Echo();
const errors: unknown[] = [];
let options = defaults;
let endpoint: ClientEndpoint;
let listener: Listener;

beforeAll(async () => {
  const onError = (error: unknown) => void errors.push(error);
  endpoint = new ClientEndpoint({ limits: () => limits, onError, sweepInterval: 20 });
  const verifier = createTokenVerifier({ keys: () => [key], clockSkewSeconds: () => 0 });
  const door = new ClientDoor({ endpoint, handler: echo, verifier, options: () => options });
  listener = await listen({
    port: 0,
    host: "127.0.0.1",
    maxHeaderBytes: 16_384,
    maxMessageBytes: 1_048_576,
    handler: {
      fetch: (request, peer) => door.fetch(request, peer) ?? new Response(null, { status: 404 }),
      upgrade: (request) => door.upgrade(request) ?? { refuse: new Response(null, { status: 404 }) },
      onError,
    },
  });
});
afterAll(async () => {
  await endpoint.stop();
  await listener.close();
  expect(errors).toEqual([]);
});
beforeEach(() => {
  options = defaults;
});

const url = (path: string) => `http://127.0.0.1:${listener.port}${path}`;

function client(path: string, settings: IHttpConnectionOptions, protocol: IHubProtocol = new JsonHubProtocol()): HubConnection {
  return new HubConnectionBuilder()
    .withUrl(url(path), { accessTokenFactory: () => token(), ...settings })
    .withHubProtocol(protocol)
    .configureLogging(LogLevel.None)
    .build();
}

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

describe("SignalR clients", () => {
  it.each([
    ["WebSockets", "json", { transport: WebSockets }],
    ["WebSockets, negotiation skipped", "json", { transport: WebSockets, skipNegotiation: true }],
    ["server-sent events", "json", { transport: ServerSentEvents }],
    ["long polling", "json", { transport: LongPolling }],
    ["WebSockets", "messagepack", { transport: WebSockets }],
    ["long polling", "messagepack", { transport: LongPolling }],
  ])("come in by %s with %s", async (_, protocol, settings) => {
    const connection = client(
      "/client/?hub=obs&room=x%20y",
      settings,
      protocol === "json" ? undefined : new MessagePackHubProtocol(),
    );
    const heard = new Promise<unknown[]>((resolve) => connection.on("echo", (...args) => resolve(args)));
    await connection.start();
    await connection.send("say", 1, "ü", [null]);
    expect(await heard).toEqual([1, "ü", [null]]);
    const [served] = [...echo.open.values()];
    const known = served?.context as Client;
    expect(known).toMatchObject({ hub: "obs", hubName: "obs", userId: undefined });
    expect(known.query).toMatch(/^\?hub=obs&room=x%20y(&_=\d+)?$/);
    await connection.stop();
    await vi.waitFor(() => expect(echo.open.size).toBe(0));
  });

  it("are offered the transports that their token allows", async () => {
    const connection = client("/client/?hub=obs", { accessTokenFactory: () => token({ "asrs.s.htt": "4" }) });
    await connection.start();
    expect([...echo.open.values()][0]?.transport).toBe("LongPolling");
    await connection.stop();
    const forbidden = client("/client/?hub=obs", {
      transport: WebSockets,
      accessTokenFactory: () => token({ "asrs.s.htt": "4" }),
    });
    await expect(forbidden.start()).rejects.toThrow();
  });

  it.each([
    ["without a valid token", "/client/?hub=obs", "abc", /401/],
    ["with a token for another hub", "/client/?hub=other", undefined, /401/],
    ["without a hub", "/client/", undefined, /400/],
    ["at no hub's address", "/client/x?hub=obs", undefined, /404/],
  ])("are told the status: %s", async (_, path, bearer, status) => {
    const connection = client(path, { accessTokenFactory: () => bearer ?? token() });
    await expect(connection.start()).rejects.toThrow(status);
  });

  it("do not overrun the limit when all negotiate at once", async () => {
    await vi.waitFor(() => expect(endpoint.size + endpoint.negotiating).toBe(0));
    options = { ...defaults, maxConnections: 3 };
    const rush = Array.from({ length: 10 }, () => client("/client/?hub=obs", {}));
    const starts = await Promise.allSettled(rush.map((one) => one.start()));
    await Promise.all(rush.map((one) => one.stop()));
    expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    await vi.waitFor(() => expect(endpoint.size).toBe(0));
  });

  it("are refused while the service is full or shuts down", async () => {
    const first = client("/client/?hub=obs", {});
    await first.start();
    options = { ...defaults, maxConnections: 1 };
    await expect(client("/client/?hub=obs", {}).start()).rejects.toThrow(/429/);
    await expect(client("/client/?hub=obs", { transport: WebSockets, skipNegotiation: true }).start()).rejects.toThrow();
    options = { ...defaults, draining: true };
    await expect(client("/client/?hub=obs", {}).start()).rejects.toThrow(/503/);
    await first.send("say", "still here");
    await first.stop();
    options = defaults;
    const later = client("/client/?hub=obs", {});
    await vi.waitFor(() => later.start());
    await later.stop();
  });
});

/** Body of a negotiate answer. */
async function negotiate(query = "negotiateVersion=1"): Promise<Record<string, unknown>> {
  const answer = await fetch(url(`/client/negotiate?hub=obs&${query}`), {
    method: "POST",
    headers: { authorization: `Bearer ${token()}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

function ask(method: string, query: string, { accept, bearer = token() }: { accept?: string; bearer?: string } = {}) {
  const headers = { authorization: `Bearer ${bearer}`, ...(accept === undefined ? {} : { accept }) };
  return fetch(url(`/client/?hub=obs${query}`), { method, headers });
}

/** Status of a WebSocket upgrade; an accepted socket is handed to `use` and then closed. */
function openSocket(query: string, use: (socket: WebSocket) => Promise<void> = async () => {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url(`/client/?hub=obs${query}`).replace("http", "ws"), {
      headers: { authorization: `Bearer ${token()}` },
    });
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("error", reject);
    socket.on("open", () =>
      use(socket).then(() => {
        socket.on("close", () => resolve(101));
        socket.close();
      }, reject),
    );
  });
}

describe("transport requests through the door (emulator-observed §1)", () => {
  it.each([
    ["GET", "", 400, "Connection ID required"],
    ["POST", "", 400, "Connection ID required"],
    ["DELETE", "", 400, "Connection ID required"],
    ["GET", "&id=unknown", 404, "No Connection with that ID"],
    ["POST", "&id=unknown", 404, "No Connection with that ID"],
    ["DELETE", "&id=unknown", 404, "No Connection with that ID"],
  ])("%s %j answers %i %s", async (method, query, status, text) => {
    const answer = await ask(method, query);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(text);
  });

  it.each([
    ["negotiateVersion=1", 1],
    ["negotiateVersion=2", 1],
    ["negotiateVersion=0", 0],
    ["", 0],
  ])("negotiate with %j answers version %i", async (query, version) => {
    const answer = await negotiate(query);
    expect(answer.negotiateVersion).toBe(version);
    expect("connectionToken" in answer).toBe(version === 1);
    expect(answer.availableTransports).toEqual([
      { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
      { transport: "ServerSentEvents", transferFormats: ["Text"] },
      { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
    ]);
  });

  it.each([
    ["negotiateVersion=-1", "The client requested version '-1', but the server does not support this version."],
    ["negotiateVersion=abc", "The client requested a non-integer protocol version."],
    ["negotiateVersion=", "The client requested a non-integer protocol version."],
  ])("negotiate with %j answers an error", async (query, error) => {
    expect(await negotiate(query)).toEqual({ error });
  });

  it("a WebSocket takes its token, once, and the other requests do not fit it", async () => {
    const { connectionId, connectionToken } = await negotiate();
    expect(await openSocket("&id=unknown")).toBe(404);
    expect(await openSocket(`&id=${connectionId}`)).toBe(404);
    const id = `&id=${connectionToken}`;
    const status = await openSocket(id, async () => {
      expect(await openSocket(id)).toBe(409);
      expect((await ask("POST", id)).status).toBe(405);
      expect((await ask("DELETE", id)).status).toBe(400);
      expect((await ask("GET", id)).status).toBe(400);
      expect((await ask("GET", id, { accept: "text/event-stream" })).status).toBe(400);
    });
    expect(status).toBe(101);
  });

  it("the connection token of one hub is unknown in another", async () => {
    const { connectionToken } = await negotiate();
    const other = signToken({ aud: "http://localhost/client/?hub=other", exp: inAnHour() }, { key });
    const answer = await fetch(url(`/client/?hub=other&id=${connectionToken}`), {
      headers: { authorization: `Bearer ${other}` },
    });
    expect(answer.status).toBe(404);
  });

  it("polls are refused once the token has expired, an event stream lives on", async () => {
    const soon = token({ exp: Math.floor(Date.now() / 1000) + 4 });
    const id = async () => `&id=${(await negotiate()).connectionToken}`;
    const [polled, streamed] = [await id(), await id()];
    expect((await ask("GET", polled, { bearer: soon })).status).toBe(200);
    const stream = await ask("GET", streamed, { bearer: soon, accept: "text/event-stream" });
    expect(stream.status).toBe(200);
    await vi.waitFor(async () => expect((await ask("DELETE", streamed, { bearer: soon })).status).toBe(401));
    expect((await ask("GET", polled, { bearer: soon })).status).toBe(401);
    expect((await ask("POST", polled, { bearer: soon })).status).toBe(401);
    const send = await fetch(url(`/client/?hub=obs${streamed}`), {
      method: "POST",
      headers: { authorization: `Bearer ${token()}` },
      body: '{"protocol":"json","version":1}\u001e',
    });
    expect(send.status).toBe(200);
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("data: {}")) text += (await reader.read()).value;
    await reader.cancel();
  });

  it("the user is the one of the token that connected, not of the one that negotiated", async () => {
    const { connectionToken } = await negotiate();
    const socket = new WebSocket(url(`/client/?hub=obs&id=${connectionToken}`).replace("http", "ws"), {
      headers: { authorization: `Bearer ${token({ nameid: "u2" })}` },
    });
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send('{"protocol":"json","version":1}\u001e');
    await vi.waitFor(() => expect([...echo.open.values()].map(({ context }) => (context as Client).userId)).toContain("u2"));
    socket.close();
    await vi.waitFor(() => expect(echo.open.size).toBe(0));
  });
});
