import { afterEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import { CloseReasons } from "./close-reason.ts";
import type { ConnectionLimits } from "./connection.ts";

let started: StartedEndpoint;

afterEach(async () => {
  vi.useRealTimers();
  await started.stop();
});

async function connect(limits: Partial<ConnectionLimits>, protocol: "json" | "messagepack" = "json"): Promise<WebSocketClient> {
  started = await StartedEndpoint.start(limits);
  const client = await WebSocketClient.open(started.webSocketUrl);
  client.send(handshakeOf(protocol));
  await client.until("{}");
  return client;
}

const closeText = (error: string) => `{"type":7,"error":"${error}","allowReconnect":true}`;

describe("time limits", () => {
  it("cancel a handshake that does not come", async () => {
    started = await StartedEndpoint.start({ handshakeTimeout: 50 });
    const client = await WebSocketClient.open(started.webSocketUrl);
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.records).toEqual(['{"error":"Handshake was canceled."}']);
    expect(started.handler.ends).toEqual([]);
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it("of an admission take the place of the endpoint's", async () => {
    started = await StartedEndpoint.start();
    started.admission = { limits: { handshakeTimeout: 50 } };
    const client = await WebSocketClient.open(started.webSocketUrl);
    await client.until('{"error":"Handshake was canceled."}');
  });

  it("ping every keep-alive interval, whether the client talks or not", async () => {
    const client = await connect({ keepAliveInterval: 40 });
    await client.when(() => client.records.length > 3);
    expect(client.records.slice(0, 4)).toEqual(["{}", '{"type":6}', '{"type":6}', '{"type":6}']);
  });

  it("ping in MessagePack", async () => {
    const client = await connect({ keepAliveInterval: 40 }, "messagepack");
    await client.when(() => client.frames.length >= 2);
    expect(client.frames[1]).toEqual({ data: Buffer.from([0x02, 0x91, 0x06]), isBinary: true });
  });

  it("end a client that falls silent", async () => {
    const client = await connect({ clientTimeout: 80 });
    client.send('{"type":6}\u001e');
    await client.until(closeText("Connection closed with an error."));
    expect(await client.ended).toEqual({ code: 1000 });
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientTimeout }]);
  });

  it("do not end a client that has said nothing since the handshake, nor one that goes on talking", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const client = await connect({ clientTimeout: 100, keepAliveInterval: 30 });
    const pings = () => client.records.filter((record) => record === '{"type":6}').length;
    const aWhile = async () => {
      const before = pings();
      vi.advanceTimersByTime(60);
      await client.when(() => pings() > before);
    };
    for (let i = 0; i < 4; i++) await aWhile();
    for (let i = 0; i < 8; i++) {
      client.send(`{"type":6}\u001e{"type":1,"invocationId":"${i}","target":"echo","arguments":[1]}\u001e`);
      await client.until(`{"type":3,"invocationId":"${i}","result":1}`);
      await aWhile();
    }
    expect(started.handler.ends).toEqual([]);
  });

  it("do not end a client that is not being listened to", async () => {
    const client = await connect({ clientTimeout: 60, keepAliveInterval: 30 });
    started.handler.whenMessage = (connection) => connection.pause();
    client.send('{"type":1,"target":"m","arguments":[]}\u001e');
    await client.when(() => client.records.filter((record) => record === '{"type":6}').length >= 8);
    expect(started.handler.ends).toEqual([]);
    started.handler.one.resume();
    await client.until(closeText("Connection closed with an error."));
  });

  it("end a connection of the greatest age", async () => {
    const client = await connect({ maxLifetime: 50 });
    await client.until(closeText("The connection reached its maximum lifetime."));
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.lifetimeExceeded }]);
  });

  it("end a connection whose authentication expires", async () => {
    started = await StartedEndpoint.start();
    started.admission = { expiresAt: Date.now() + 50 };
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(handshakeOf("json"));
    await client.until(closeText("The authentication of this connection has expired."));
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.authenticationExpired }]);
  });

  it("are read anew", async () => {
    const client = await connect({});
    started.limits = { ...started.limits, keepAliveInterval: 20 };
    await client.until('{"type":6}');
  });
});
