import * as signalR from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { CloseReasons } from "./close-reason.ts";

const ways = [
  { transport: signalR.HttpTransportType.WebSockets, name: "WebSockets", protocol: "json" },
  { transport: signalR.HttpTransportType.WebSockets, name: "WebSockets", protocol: "messagepack" },
  { transport: signalR.HttpTransportType.ServerSentEvents, name: "ServerSentEvents", protocol: "json" },
  { transport: signalR.HttpTransportType.LongPolling, name: "LongPolling", protocol: "json" },
  { transport: signalR.HttpTransportType.LongPolling, name: "LongPolling", protocol: "messagepack" },
] as const;

let started: StartedEndpoint;

beforeEach(async () => {
  started = await StartedEndpoint.start();
});

afterEach(async () => {
  await started.stop();
  expect(started.errors).toEqual([]);
});

function client(way: (typeof ways)[number]): signalR.HubConnection {
  const builder = new signalR.HubConnectionBuilder()
    .withUrl(started.url, { transport: way.transport })
    .configureLogging(signalR.LogLevel.None);
  if (way.protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
  return builder.build();
}

describe.each(ways)("@microsoft/signalr over $name with $protocol", (way) => {
  it("calls, is called, in order, and leaves", async () => {
    const connection = client(way);
    const received: unknown[] = [];
    connection.on("news", (item) => received.push(item));
    await connection.start();
    expect(connection.connectionId).toBe(started.handler.one.id);
    expect(started.handler.one).toMatchObject({ transport: way.name, context: "context" });
    expect(started.handler.one.protocol.name).toBe(way.protocol);

    expect(await connection.invoke("echo", "ü")).toBe("ü");
    for (let i = 0; i < 20; i++) void connection.send("count", i);
    for (let i = 0; i < 20; i++) started.handler.broadcast(invocation("news", i));
    await vi.waitFor(() => expect(received).toHaveLength(20));
    await vi.waitFor(() => expect(started.handler.calls("count")).toHaveLength(20));
    const inOrder = Array.from({ length: 20 }, (_, i) => i);
    expect(received).toEqual(inOrder);
    expect(started.handler.calls("count")).toEqual(inOrder);

    await connection.stop();
    await vi.waitFor(() => expect(started.handler.ends).toHaveLength(1));
    expect(started.handler.ends[0]).toMatchObject({ reason: CloseReasons.clientLeft, error: undefined });
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it("is told why it was closed", async () => {
    const connection = client(way);
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    const received: unknown[] = [];
    connection.on("news", (item) => received.push(item));
    await connection.start();
    started.handler.one.send(invocation("news", "last"));
    started.handler.one.close(CloseReasons.closedByBackend, "out");
    expect((await closed)?.message).toBe("Server returned an error on close: out");
    expect(received).toEqual(["last"]);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.closedByBackend, error: undefined }]);
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it("receives a message of a megabyte", async () => {
    const connection = client(way);
    const big = "x".repeat(1_000_000);
    await connection.start();
    expect(await connection.invoke("echo", big)).toBe(big);
    await connection.stop();
  });
});
