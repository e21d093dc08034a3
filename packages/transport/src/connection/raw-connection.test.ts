import { invocationPayload } from "@signalbox/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clientFrame, Opcode, RawClient, upgradeRequest } from "../../test/raw-client.ts";
import { binaryOf, StartedRaw, textOf } from "../../test/started-raw.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import { CloseReasons } from "./close-reason.ts";

let started: StartedRaw;

beforeEach(async () => {
  started = await StartedRaw.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await started.stop();
  expect(started.errors).toEqual([]);
});

const connect = () => WebSocketClient.open(started.url);
const texts = (client: WebSocketClient) => client.frames.map(({ data }) => data.toString());
const until = (assertion: () => void) => vi.waitFor(assertion);

describe("connecting", () => {
  it("waits for the handler, which selects the subprotocol", async () => {
    started.handler.whenConnecting = async ([first]) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { subprotocol: first! };
    };
    const client = await WebSocketClient.open(started.url, ["a", "b"]);
    expect(client.subprotocol).toBe("a");
    expect(started.handler.one).toMatchObject({ transport: "WebSockets", context: "context" });
  });

  it("is refused with the handler's response, and then nothing is left of it", async () => {
    started.handler.whenConnecting = () => ({ refuse: new Response("no", { status: 403 }) });
    await expect(connect()).rejects.toThrow("403");
    expect(started.endpoint.size).toBe(0);
    expect(started.handler.ends).toEqual([]);
  });

  it("is refused with 500 when the handler fails", async () => {
    started.handler.whenConnecting = () => Promise.reject(new Error("defect"));
    await expect(connect()).rejects.toThrow("500");
    expect(started.endpoint.size).toBe(0);
    expect(started.errors.splice(0)).toHaveLength(1);
  });

  it("ends with `closed` when the client leaves before the answer", async () => {
    let decide = () => {};
    started.handler.whenConnecting = () => new Promise((resolve) => (decide = () => resolve({})));
    const client = await RawClient.open(started.port);
    client.write(upgradeRequest("/ws/client"));
    await until(() => expect(started.endpoint.size).toBe(1));
    client.reset();
    await new Promise((resolve) => setTimeout(resolve, 50));
    decide();
    await until(() => expect(started.handler.ends).toEqual([{ reason: CloseReasons.transportLost, error: undefined }]));
    expect(started.endpoint.size).toBe(0);
  });

  it("ends with 503 and `closed` when all connections are closed meanwhile", async () => {
    let decide = () => {};
    started.handler.whenConnecting = () => new Promise((resolve) => (decide = () => resolve({})));
    const refused = expect(connect()).rejects.toThrow("503");
    await until(() => expect(started.endpoint.size).toBe(1));
    const closed = started.endpoint.closeAll(CloseReasons.drain, { slice: 10, pauseMs: 0 });
    decide();
    await refused;
    await closed;
    expect(started.handler.ends).toEqual([{ reason: CloseReasons.drain, error: undefined }]);
  });

  it("ends with `closed` when the handshake is malformed", async () => {
    const client = await RawClient.open(started.port);
    client.write(upgradeRequest("/ws/client").replace("dGhlIHNhbXBsZSBub25jZQ==", "short"));
    await until(() => expect(client.received).toMatch(/^HTTP\/1\.1 4/));
    await until(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.transportLost }]));
    expect(started.endpoint.size).toBe(0);
  });
});

describe("messages of a client", () => {
  it("are handed over whole, in order, text as text and binary as binary, empty ones too", async () => {
    const client = await connect();
    for (const data of ["grüße 🎉", Buffer.from([0, 255]), "", Buffer.alloc(0), "x".repeat(100_000)]) client.send(data);
    await until(() => expect(started.handler.messages).toHaveLength(5));
    expect(started.handler.messages.map(({ kind }) => kind)).toEqual(["text", "binary", "text", "binary", "text"]);
    expect(started.handler.texts[0]).toBe("grüße 🎉");
    expect(started.handler.messages[1]!.content).toEqual(Buffer.from([0, 255]));
    expect(started.handler.texts[4]).toHaveLength(100_000);
  });

  it("wait while the connection is paused; the socket is not read, and nothing is lost", async () => {
    const client = await connect();
    const connection = started.handler.one;
    connection.pause();
    connection.pause();
    for (let i = 0; i < 200; i++) client.send(`${i} ${"x".repeat(50_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(started.handler.messages).toEqual([]);
    connection.resume();
    expect(started.handler.messages).toEqual([]);
    connection.resume();
    await until(() => expect(started.handler.messages).toHaveLength(200));
    expect(started.handler.texts.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("come through before the end of a client that leaves while it is paused", async () => {
    const client = await connect();
    started.handler.one.pause();
    const { one } = started.handler;
    client.send("last words");
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(started.handler.ends).toEqual([]);
    one.resume();
    await until(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft }]));
    expect(started.handler.texts).toEqual(["last words"]);
  });

  it("beyond the limit end the connection with 1009, after those before", async () => {
    started.limits = { ...started.limits, maxMessageBytes: 1000 };
    const client = await connect();
    client.send("x".repeat(1000));
    client.send("x".repeat(1001));
    client.send("unheard");
    expect(await client.ended).toEqual({ code: 1009 });
    expect(started.handler.ends).toEqual([{ reason: CloseReasons.messageTooLarge, error: "The message is too large." }]);
    expect(started.handler.messages).toHaveLength(1);
  });

  it("of which no end comes are not collected far beyond the limit", async () => {
    started.limits = { ...started.limits, maxMessageBytes: 1000 };
    const client = await RawClient.open(started.port);
    client.write(upgradeRequest("/ws/client"));
    await until(() => expect(started.handler.open.size).toBe(1));
    client.write(clientFrame(Opcode.text, "x".repeat(1000), { isFinal: false }));
    client.write(clientFrame(Opcode.continuation, "x".repeat(1001), { isFinal: false }));
    await until(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.messageTooLarge }]));
  });

  it("that the handler throws at are reported, and the connection goes on", async () => {
    started.handler.whenMessage = () => {
      throw new Error("defect");
    };
    const client = await connect();
    client.send("a");
    client.send("b");
    await until(() => expect(started.handler.texts).toEqual(["a", "b"]));
    expect(started.errors.splice(0)).toHaveLength(2);
  });
});

describe("messages to a client", () => {
  it("arrive one by one in the order of the calls, whatever their kinds", async () => {
    const kinds = fc.array(fc.tuple(fc.boolean(), fc.string({ unit: "grapheme" })), { minLength: 1, maxLength: 20 });
    const client = await connect();
    await fc.assert(
      fc.asyncProperty(kinds, async (list) => {
        client.frames.length = 0;
        for (const [isText, text] of list) {
          expect(started.handler.one.send(isText ? textOf(text) : binaryOf(...Buffer.from(text)))).toBe(true);
        }
        await client.when(() => client.frames.length === list.length);
        expect(client.frames.map(({ data, isBinary }) => [!isBinary, data.toString()])).toEqual(list);
      }),
      { numRuns: 30 },
    );
  });

  it("are shared by everybody they go to, also when several leave together", async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, connect));
    const both = [textOf("one"), textOf("two ü")];
    for (const connection of started.handler.open.values()) for (const payload of both) connection.send(payload);
    for (const client of clients) await client.when(() => client.frames.length === 2);
    for (const client of clients) expect(texts(client)).toEqual(["one", "two ü"]);
  });

  it("are raw ones: what is for a hub protocol does not arrive", async () => {
    const client = await connect();
    expect(started.handler.one.send(invocationPayload("m", []))).toBe(false);
    started.handler.one.send(textOf("mine"));
    await client.when(() => client.frames.length > 0);
    expect(texts(client)).toEqual(["mine"]);
  });

  it("go out before a close with the code and text of its reason", async () => {
    const client = await connect();
    const { one } = started.handler;
    one.send(textOf("goodbye"));
    one.close(CloseReasons.closedByBackend, "go away");
    expect(one.send(textOf("too late"))).toBe(false);
    one.close(CloseReasons.drain);
    expect(await client.ended).toEqual({ code: 1000 });
    expect([client.closeText, texts(client)]).toEqual(["go away", ["goodbye"]]);
    await until(() => expect(started.handler.ends).toEqual([{ reason: CloseReasons.closedByBackend, error: undefined }]));
    await until(() => expect(started.endpoint.size).toBe(0));
  });

  it("that it does not read end it as too slow, by their amount", async () => {
    started.limits = { ...started.limits, maxPendingBytes: 100_000 };
    const client = await connect();
    client.pause();
    const { one } = started.handler;
    const flood = textOf("x".repeat(1024 * 1024));
    const timer = setInterval(() => one.send(flood), 5);
    await until(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.slowConsumer }]));
    clearInterval(timer);
    client.resume();
    expect((await client.ended).code).toBe(1008);
    expect(client.closeText).toBe("The client reads too slowly.");
  });

  it("that it does not read end it as too slow, by the time they wait", async () => {
    started.limits = { ...started.limits, sendTimeout: 200, maxPendingBytes: 64 * 1024 * 1024 };
    const client = await connect();
    client.pause();
    for (let i = 0; i < 16; i++) started.handler.one.send(textOf("x".repeat(1024 * 1024)));
    await until(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.slowConsumer }]));
    client.abort();
  });
});

describe("time", () => {
  it("does not end a client that only answers pings", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    started.limits = { ...started.limits, clientTimeout: 200, keepAliveInterval: 15_000 };
    const client = await connect();
    for (let i = 0; i < 5; i++) {
      const pinged = client.pinged();
      vi.advanceTimersByTime(120);
      await pinged;
      // The pong is on its way before this request is, so it is read first.
      await fetch(`http://127.0.0.1:${started.port}/`);
    }
    started.handler.one.send(textOf("still there"));
    await client.when(() => client.frames.length === 1);
  });

  it("ends a client that shows no sign of life", async () => {
    started.limits = { ...started.limits, clientTimeout: 200 };
    const client = await WebSocketClient.open(started.url, [], { autoPong: false });
    expect(await client.ended).toEqual({ code: 1008 });
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientTimeout }]);
  });

  it("ends a client whose time is over", async () => {
    started.limits = { ...started.limits, maxLifetime: 100 };
    const client = await connect();
    expect(await client.ended).toEqual({ code: 1001 });
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.lifetimeExceeded }]);
  });

  it("ends a client whose authentication expires", async () => {
    started.admission = { expiresAt: Date.now() + 100 };
    const client = await connect();
    expect(await client.ended).toEqual({ code: 1008 });
    expect(client.closeText).toBe("The authentication of this connection has expired.");
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.authenticationExpired }]);
  });
});

describe("the end", () => {
  it.each([
    ["1000", 1000, CloseReasons.clientLeft],
    ["a code of its own", 4321, CloseReasons.clientLeft],
    ["no code", undefined, CloseReasons.clientLeft],
  ])("by the client with %s", async (_, code, reason) => {
    const client = await connect();
    client.close(code);
    await client.ended;
    await until(() => expect(started.handler.ends).toEqual([{ reason, error: undefined }]));
    expect(started.endpoint.size).toBe(0);
  });

  it("by a broken socket", async () => {
    (await connect()).abort();
    await until(() => expect(started.handler.ends).toEqual([{ reason: CloseReasons.transportLost, error: undefined }]));
  });

  it("of many at once, in slices", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, connect));
    await started.endpoint.closeAll(CloseReasons.drain, { slice: 20, pauseMs: 5 });
    for (const client of clients) expect(await client.ended).toEqual({ code: 1001 });
    expect(started.handler.ends).toHaveLength(50);
    expect(started.endpoint.size).toBe(0);
  });
});
