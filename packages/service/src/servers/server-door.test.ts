import { once } from "node:events";
import {
  encodeServiceMessage,
  pingValue,
  type ServiceMessage,
  ServiceMessageReader,
  type ServicePingMessage,
} from "@signalbox/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type WebSocket from "ws";
import {
  openServerSocket,
  ScriptedServer,
  type SocketOptions,
  serverToken,
} from "../backends/app-servers/scripted-server.suite.ts";
import { StartedService } from "../started-service.suite.ts";

let started: StartedService;

beforeAll(async () => {
  started = await StartedService.start({
    modes: '{"plain":"serverless"}',
    "servers.maxMessageBytes": "64KiB",
    "servers.maxPendingBytes": "64KiB",
  });
});
afterAll(() => started.stop());

/** 101, or the status and text of the refusal. */
function knock(options: SocketOptions): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = openServerSocket(started.service, options);
    socket.on("open", () => {
      socket.terminate();
      resolve({ status: 101, text: "" });
    });
    socket.on("unexpected-response", async (_, response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    socket.on("error", reject);
  });
}

const token = (claims: object) => serverToken("chat", "s", claims);
const aud = (text: string) => token({ aud: text });

describe("The door of app servers", () => {
  it.each<[string, SocketOptions, number]>([
    ["a good token", {}, 101],
    ["an audience with port and path in another letter case", { token: aud("http://127.0.0.1:1234/Server?hub=Chat") }, 101],
    ["a hub in another letter case", { path: "/server/?hub=Chat&cid=x" }, 101],
    ["a path without its slash", { path: "/Server?hub=chat" }, 101],
    ["an application's hub", { hub: "app_chat" }, 101],
    ["no token", { token: undefined }, 401],
    ["nonsense for a token", { token: "nonsense" }, 401],
    ["another key", { token: serverToken("chat", "s", {}, "another-key-another-key-another-key-another") }, 401],
    ["an expired token", { token: token({ exp: 1 }) }, 401],
    ["a client's token", { token: aud("http://localhost/client/?hub=chat") }, 401],
    ["another hub's token", { token: serverToken("other", "s") }, 401],
    ["another host's token", { token: aud("http://elsewhere.example/server/?hub=chat") }, 401],
    ["no hub", { path: "/server/" }, 400],
    ["two hubs", { path: "/server/?hub=chat&hub=other" }, 400],
    ["no name of a hub", { path: "/server/?hub=1%20x" }, 400],
    ["a hub in serverless mode", { hub: "plain" }, 403],
    ["a path below", { path: "/server/x?hub=chat" }, 404],
  ])("answers %s", async (_, options, status) => {
    expect((await knock(options)).status).toBe(status);
  });

  it("says what is wrong", async () => {
    expect((await knock({ hub: "plain" })).text).toContain("serverless mode");
    expect((await knock({ path: "/server/?hub=chat&hub=other" })).text).toContain("must be given once");
    const response = await fetch(`${started.service.url}/server/?hub=chat`);
    expect([response.status, await response.text()]).toEqual([400, "App servers connect here by WebSocket."]);
  });

  it("takes a token of the secondary key", async () => {
    const other = await StartedService.start({ "accessKeys.secondary": "a-second-key-a-second-key-a-second-key" });
    const socket = openServerSocket(other.service, {
      token: serverToken("chat", "s", {}, "a-second-key-a-second-key-a-second-key"),
    });
    await once(socket, "open");
    socket.terminate();
    await other.stop();
  });
});

/** What a bare socket hears, and the code it is closed with. */
class Listening {
  readonly socket: WebSocket;
  readonly messages: ServiceMessage[] = [];
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const reader = new ServiceMessageReader(Number.POSITIVE_INFINITY);
    socket.on("message", (data: Buffer) => reader.read(data, (message) => this.messages.push(message)));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", resolve));
  }

  static async open(): Promise<Listening> {
    const listening = new Listening(openServerSocket(started.service));
    await once(listening.socket, "open");
    return listening;
  }

  static async shaken(): Promise<Listening> {
    const listening = await Listening.open();
    listening.socket.send(encodeServiceMessage(hello));
    await vi.waitFor(() => expect(listening.messages.length).toBeGreaterThan(0));
    listening.messages.length = 0;
    return listening;
  }
}

const hello: ServiceMessage = {
  type: 1,
  version: 1,
  connectionType: 0,
  target: "",
  migrationLevel: 0,
  allowStatefulReconnects: false,
};

describe("The handshake of app servers", () => {
  it("answers with a name for the connection, also to older servers", async () => {
    for (const bytes of [encodeServiceMessage(hello), Buffer.from("0796010100a00080", "hex"), Buffer.from("03920101", "hex")]) {
      const server = await Listening.open();
      server.socket.send(bytes);
      await vi.waitFor(() => expect(server.messages).toMatchObject([{ type: 2, error: "", connectionId: expect.any(String) }]));
      server.socket.terminate();
    }
  });

  it("may come byte by byte", async () => {
    const server = await Listening.open();
    for (const byte of encodeServiceMessage(hello)) server.socket.send(Uint8Array.of(byte));
    await vi.waitFor(() => expect(server.messages).toHaveLength(1));
    server.socket.terminate();
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["another version", encodeServiceMessage({ ...hello, version: 2 } as ServiceMessage), /version 2 is not supported/],
    [
      "another message",
      encodeServiceMessage({ type: 3, values: [] }),
      /Expected a handshake request, found a message of type 3/,
    ],
    ["malformed bytes", Buffer.from("0391c101", "hex"), /Expected an integer/],
    ["too much", Buffer.from("ffff7f94", "hex"), /maximum message size/],
  ])("refuses %s, telling why", async (_, bytes, error) => {
    const server = await Listening.open();
    server.socket.send(bytes);
    await server.closed;
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]).toMatchObject({ type: 2, error: expect.stringMatching(error) });
  });
});

describe("A hostile app server", () => {
  it("is closed for malformed bytes with a ServiceError, and its clients with it", async () => {
    const server = await ScriptedServer.start(started.service);
    const client = await started.connect();
    server.connection.sendBytes(Buffer.from("0794", "hex"));
    server.connection.sendBytes(Buffer.from("06ffffffffff", "hex"));
    expect(await server.connection.until(15)).toMatchObject({ error: expect.stringContaining("ConnectionData.connectionId") });
    expect(await server.connection.closed).toBe(1002);
    expect((await client.closed)?.message).toContain("The connection to the app server was lost.");
  });

  it("is closed for a message over the limit, in one frame or in many", async () => {
    const one = await Listening.shaken();
    one.socket.send(Buffer.concat([Buffer.from("ffff7f", "hex"), Buffer.alloc(100)]));
    expect(await one.closed).toBe(1009);
    expect(one.messages).toMatchObject([{ type: 15, error: "The maximum message size of 65536B was exceeded." }]);
    const many = await Listening.shaken();
    many.socket.send(Buffer.alloc(70_000));
    expect(await many.closed).toBe(1009);
  });

  it("costs nobody else anything, whatever it sends", async () => {
    const good = await ScriptedServer.start(started.service);
    const sticky = { claims: { "asrs.s.sn": good.serverId, "asrs.s.ssticky": "Required" } };
    const client = await started.connect(sticky);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), fc.boolean(), async (pieces, shakes) => {
        const server = shakes ? await Listening.shaken() : await Listening.open();
        for (const piece of pieces) server.socket.send(piece);
        server.socket.close();
        await server.closed;
      }),
      { numRuns: 60 },
    );
    expect(await client.connection.invoke("echo", "still here")).toBe("still here");
    await client.connection.stop();
    await good.stop();
  });

  it("is heard in full when it sends types that nobody knows, or that only the service sends", async () => {
    const server = await Listening.shaken();
    server.socket.send(Buffer.from("03926401", "hex"));
    for (const message of [
      hello,
      { type: 2, error: "" },
      { type: 4, connectionId: "c", claims: [], headers: new Map() },
      { type: 20, ackId: 1, status: 1 },
      { type: 37, invocationId: "i", connectionId: "c", instanceId: "i" },
      { type: 38, connectionId: "c" },
      { type: 6, connectionId: "nobody", payload: new Uint8Array(3) },
      { type: 5, connectionId: "nobody", headers: new Map() },
      { type: 39, connectionId: "nobody", connectionType: 1, operation: 2 },
      { type: 39, connectionId: "nobody", connectionType: 9, operation: 9 },
    ] as ServiceMessage[]) {
      server.socket.send(encodeServiceMessage(message));
    }
    server.socket.send(encodeServiceMessage({ type: 25, userId: "nobody", ackId: 9 }));
    await vi.waitFor(() =>
      expect(server.messages).toContainEqual({
        type: 20,
        ackId: 9,
        status: 2,
        message: "",
        extensions: undefined,
        payload: undefined,
      }),
    );
    server.socket.terminate();
  });

  it("that floods is answered all the same", async () => {
    const server = await ScriptedServer.start(started.service);
    const questions = Array.from({ length: 20_000 }, (_, ackId): ServiceMessage => ({ type: 25, userId: "nobody", ackId }));
    for (let at = 0; at < questions.length; at += 1_000) server.connection.send(...questions.slice(at, at + 1_000));
    await vi.waitFor(() => expect(server.received.filter(({ type }) => type === 20)).toHaveLength(questions.length));
    await server.stop();
  });

  it("that asks and asks and never reads is given up", async () => {
    const watcher = await ScriptedServer.start(started.service);
    const { connection } = await ScriptedServer.start(started.service, { serverId: "s".repeat(4_000) });
    connection.socket.pause();
    for (let sent = 0; sent < 20_000; sent += 1_000) {
      connection.send(...Array.from({ length: 1_000 }, (): ServiceMessage => ({ type: 3, values: ["servers", ""] })));
    }
    const isAlone = (ping: ServicePingMessage) => pingValue(ping, "servercount") === "1";
    await vi.waitFor(() => {
      watcher.send({ type: 3, values: ["status", "1"] });
      expect(watcher.received.some((message) => message.type === 3 && isAlone(message))).toBe(true);
    });
    connection.socket.terminate();
    await watcher.stop();
  });

  it("that sends a hub message without end loses the client it is for", async () => {
    const server = await ScriptedServer.start(started.service);
    const [client, other] = [await started.connect(), await started.connect()];
    const piece: ServiceMessage = { type: 6, connectionId: client.id, payload: Buffer.alloc(40_000, "x") };
    server.send(piece);
    server.send(piece);
    expect((await client.closed)?.message).toContain("The maximum message size of 65536B was exceeded.");
    expect(await other.connection.invoke("echo", 1)).toBe(1);
    await other.connection.stop();
    await server.stop();
  });

  it("that answers a handshake with too much loses its client only", async () => {
    const server = await ScriptedServer.start(started.service);
    server.onHandshake = () => "x".repeat(40_000);
    const opening = started.connect();
    const { connectionId } = await server.connection.until(4);
    server.send({ type: 6, connectionId, payload: Buffer.alloc(40_000, "x") });
    await expect(opening).rejects.toThrow("maximum message size");
    server.onHandshake = () => "{}\u001e";
    const client = await started.connect();
    expect(await client.connection.invoke("echo", 1)).toBe(1);
    await client.connection.stop();
    await server.stop();
  });
});
