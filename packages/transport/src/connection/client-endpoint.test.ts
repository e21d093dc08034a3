import * as signalR from "@microsoft/signalr";
import { afterEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import { ClientConnection } from "./client-connection.ts";
import { CloseReasons } from "./close-reason.ts";

let started: StartedEndpoint;

afterEach(async () => {
  vi.restoreAllMocks();
  await started.stop();
});

async function connect(count: number): Promise<WebSocketClient[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await WebSocketClient.open(started.webSocketUrl);
      client.send(handshakeOf("json"));
      await client.until("{}");
      return client;
    }),
  );
}

describe("an endpoint that drains", () => {
  it("closes in slices, with reconnect permission, and resolves when all have gone", async () => {
    started = await StartedEndpoint.start();
    const clients = await connect(10);
    const unshaken = await WebSocketClient.open(started.webSocketUrl);
    const times: number[] = [];
    const closing = ClientConnection.prototype.close;
    vi.spyOn(ClientConnection.prototype, "close").mockImplementation(function (this: ClientConnection, reason) {
      times.push(performance.now());
      closing.call(this, reason);
    });
    await started.endpoint.closeAll(CloseReasons.drain, { slice: 4, pauseMs: 50 });
    await Promise.all(clients.map(({ ended }) => ended));
    for (const first of [4, 8]) expect(times[first]! - times[first - 1]!).toBeGreaterThan(40);
    expect(started.endpoint.size).toBe(0);
    expect(await unshaken.ended).toEqual({ code: 1000 });
    for (const client of clients) expect(client.records).toEqual(["{}", '{"type":7,"allowReconnect":true}']);
    expect(started.handler.ends.map(({ reason }) => reason.name)).toEqual(clients.map(() => "drain"));
  });

  it.each([
    ["WebSockets", signalR.HttpTransportType.WebSockets],
    ["server-sent events", signalR.HttpTransportType.ServerSentEvents],
    ["long polling", signalR.HttpTransportType.LongPolling],
  ])("is left by %s clients, which come back", async (_, transport) => {
    started = await StartedEndpoint.start();
    const connection = new signalR.HubConnectionBuilder()
      .withUrl(started.url, { transport })
      .withAutomaticReconnect([0])
      .configureLogging(signalR.LogLevel.None)
      .build();
    await connection.start();
    const before = connection.connectionId;
    const back = new Promise<string | undefined>((resolve) => connection.onreconnected(resolve));
    started.handler.one.close(CloseReasons.drain);
    expect(await back).not.toBe(before);
    await connection.stop();
  });

  it("stops within a grace although a client does not answer", async () => {
    started = await StartedEndpoint.start();
    const [client] = await connect(1);
    client!.pause();
    const token = (await started.negotiate()).connectionToken;
    await fetch(`${started.url}&id=${token}`);
    expect(started.endpoint.size).toBe(2);
    await started.endpoint.stop();
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.stopped }]);
  });
});
