import * as signalR from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { jsonProtocol, MessageType, messagePayload } from "@signalbox/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CutProxy } from "../../test/cut-proxy.ts";
import { invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import { CloseReasons } from "./close-reason.ts";

const record = (text: string) => jsonProtocol.encode({ type: MessageType.Invocation, target: text, arguments: [] });
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

let started: StartedEndpoint;
let proxy: CutProxy | undefined;

afterEach(async () => {
  proxy?.stop();
  proxy = undefined;
  await started.stop();
  expect(started.errors).toEqual([]);
});

describe.each(["json", "messagepack"] as const)("@microsoft/signalr with stateful reconnect and %s", (protocol) => {
  async function connect(limits: Parameters<typeof StartedEndpoint.start>[0] = {}) {
    started = await StartedEndpoint.start(limits);
    proxy = await CutProxy.start(started.port);
    const builder = new signalR.HubConnectionBuilder()
      .withUrl(`http://127.0.0.1:${proxy.port}/client/?hub=chat`)
      .withStatefulReconnect()
      .configureLogging(signalR.LogLevel.None);
    if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    const connection = builder.build();
    const news: unknown[] = [];
    let closed = false;
    connection.on("news", (item) => news.push(item));
    connection.onclose(() => {
      closed = true;
    });
    await connection.start();
    return { connection, news, isClosed: () => closed };
  }

  /** Breaks the line until every number has arrived on both sides. */
  async function exchangeWhile(count: number, connection: signalR.HubConnection, breakLine: (step: number) => void) {
    const results: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      results.push(connection.invoke("echo", i));
      started.handler.one.send(invocation("news", i));
      if (i % 50 === 25) {
        breakLine(i);
        await vi.waitFor(() => expect(started.handler.calls("echo").length).toBeGreaterThan(i - 25));
      }
    }
    return Promise.all(results);
  }

  it("loses and doubles nothing when the line is cut again and again", async () => {
    const { connection, news, isClosed } = await connect();
    const id = started.handler.one.id;
    const answers = await exchangeWhile(400, connection, () => proxy!.cut());
    await vi.waitFor(() => expect(news).toHaveLength(400));
    expect(answers).toEqual(numbers(400));
    expect(news).toEqual(numbers(400));
    expect(started.handler.calls("echo")).toEqual(numbers(400));
    expect(started.handler.one.id).toBe(id);
    expect(started.handler.ends).toEqual([]);
    expect(isClosed()).toBe(false);
    await connection.stop();
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft }]));
  });

  it.each([
    ["what the client sends", { up: true, down: false }],
    ["what it is sent", { up: false, down: true }],
    ["both directions", { up: true, down: true }],
  ])("repeats what a dying line swallowed: %s", async (_, direction) => {
    const { connection, news } = await connect();
    for (let round = 0; round < 3; round++) {
      proxy!.swallow(direction);
      const calls = [connection.invoke("echo", round * 2), connection.invoke("echo", round * 2 + 1)];
      started.handler.one.send(invocation("news", round));
      if (!direction.up) await vi.waitFor(() => expect(started.handler.calls("echo")).toHaveLength(round * 2 + 2));
      proxy!.cut();
      expect(await Promise.all(calls)).toEqual([round * 2, round * 2 + 1]);
      await vi.waitFor(() => expect(news).toHaveLength(round + 1));
    }
    expect(news).toEqual([0, 1, 2]);
    expect(started.handler.calls("echo")).toEqual([0, 1, 2, 3, 4, 5]);
    await connection.stop();
  });

  it("delivers what was sent while the client was away", async () => {
    const { connection, news } = await connect();
    const { one } = started.handler;
    proxy!.swallow({ up: true, down: true });
    for (let i = 0; i < 10; i++) one.send(invocation("news", i));
    proxy!.cut();
    for (let i = 10; i < 20; i++) one.send(invocation("news", i));
    await vi.waitFor(() => expect(news).toEqual(numbers(20)));
    await connection.stop();
  });

  it("counts messages sent together with the handshake answer", async () => {
    started = await StartedEndpoint.start();
    started.handler.whenOpening = (connection) => {
      connection.send(invocation("news", 0));
      connection.send(invocation("news", 1));
      return "answer";
    };
    proxy = await CutProxy.start(started.port);
    const builder = new signalR.HubConnectionBuilder()
      .withUrl(`http://127.0.0.1:${proxy.port}/client/?hub=chat`)
      .withStatefulReconnect()
      .configureLogging(signalR.LogLevel.None);
    if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    const connection = builder.build();
    const news: unknown[] = [];
    connection.on("news", (item) => news.push(item));
    await connection.start();
    await vi.waitFor(() => expect(news).toEqual([0, 1]));
    proxy.cut();
    started.handler.one.send(invocation("news", 2));
    await vi.waitFor(() => expect(news).toEqual([0, 1, 2]));
    proxy.cut();
    started.handler.one.send(invocation("news", 3));
    await vi.waitFor(() => expect(news).toEqual([0, 1, 2, 3]));
    await connection.stop();
  });

  it("sends more than the replay buffer holds, as acknowledgements come", async () => {
    const { connection, news } = await connect({ reconnectBufferBytes: 5_000 });
    const text = "x".repeat(1_000);
    for (let i = 0; i < 12; i++) started.handler.one.send(invocation("news", text + i));
    await vi.waitFor(() => expect(news).toEqual(numbers(12).map((i) => text + i)));
    await connection.stop();
  });
});

describe("a client with stateful reconnect", () => {
  async function connect(limits: Parameters<typeof StartedEndpoint.start>[0] = {}) {
    started = await StartedEndpoint.start(limits);
    const { connectionToken } = await started.negotiate("negotiateVersion=1&useStatefulReconnect=true");
    const url = `${started.webSocketUrl}&id=${connectionToken}`;
    const client = await WebSocketClient.open(url);
    client.send('{"protocol":"json","version":2}\u001e{"type":6}\u001e');
    await client.until("{}");
    return { client, url };
  }

  it("gets acknowledgements of types 1 to 5 alone, one for all that came", async () => {
    const { client } = await connect();
    client.send('{"type":6}\u001e{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    await client.until('{"type":8,"sequenceId":2}');
    client.send('{"type":6}\u001e{"type":3,"invocationId":"9"}\u001e');
    await client.until('{"type":8,"sequenceId":3}');
    expect(client.records.filter((text) => text.includes('"type":8'))).toHaveLength(2);
  });

  it("is told where the replay begins, and is sent only what it has not acknowledged", async () => {
    const { client, url } = await connect();
    for (const target of ["a", "b", "c"]) started.handler.one.send(invocation(target));
    await client.until('{"type":1,"target":"c","arguments":[]}');
    client.send('{"type":8,"sequenceId":2}\u001e{"type":1,"target":"x","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(1));
    const second = await WebSocketClient.open(url);
    await second.until('{"type":1,"target":"c","arguments":[]}');
    expect(second.records.slice(0, 2)).toEqual(['{"type":9,"sequenceId":3}', '{"type":1,"target":"c","arguments":[]}']);
    // The former socket is gone, the connection is not.
    expect((await client.ended).code).toBe(1006);
    expect(started.handler.ends).toEqual([]);
    expect(started.endpoint.size).toBe(1);
  });

  it("is not listened to before its Sequence, and its repetitions are dropped", async () => {
    const { client, url } = await connect();
    client.send('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(2));
    const second = await WebSocketClient.open(url);
    second.send('{"type":1,"target":"early","arguments":[]}\u001e{"type":9,"sequenceId":2}\u001e');
    second.send('{"type":1,"target":"b","arguments":[]}\u001e{"type":1,"target":"c","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(3));
    expect(started.handler.messages.map(({ message }) => (message as { target: string }).target)).toEqual(["a", "b", "c"]);
  });

  it("that leaves a gap is closed", async () => {
    const { url } = await connect();
    const second = await WebSocketClient.open(url);
    second.send('{"type":9,"sequenceId":2}\u001e');
    await second.until('{"type":7,"error":"Connection closed with an error.","allowReconnect":true}');
    expect(started.handler.ends).toMatchObject([
      { reason: CloseReasons.malformedMessage, error: "Sequence ID greater than amount of messages we've received." },
    ]);
  });

  it("that does not come back within the window has lost its transport", async () => {
    const { client, url } = await connect({ reconnectWindow: 60 });
    client.abort();
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.transportLost }]));
    await expect(WebSocketClient.open(url)).rejects.toThrow("404");
    expect(started.endpoint.size).toBe(0);
  });

  it.each([
    ["said Close", (client: WebSocketClient) => client.sendAndAbort('{"type":7}\u001e')],
    ["left in good order", (client: WebSocketClient) => client.close(1000)],
    ["went away", (client: WebSocketClient) => client.close(1001)],
  ])("that %s is not waited for", async (_, leave) => {
    const { client, url } = await connect();
    leave(client);
    await vi.waitFor(() => expect(started.handler.ends).toHaveLength(1));
    await expect(WebSocketClient.open(url)).rejects.toThrow("404");
  });

  it("that closes without a code, as @microsoft/signalr does before it comes back, is waited for", async () => {
    const { client, url } = await connect();
    client.close();
    await client.ended;
    const second = await WebSocketClient.open(url);
    await second.until('{"type":9,"sequenceId":1}');
    expect(started.handler.ends).toEqual([]);
  });

  it("can be closed while it is away", async () => {
    const { client, url } = await connect();
    const { one } = started.handler;
    client.abort();
    await client.ended;
    one.close(CloseReasons.closedByBackend);
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.closedByBackend }]));
    await expect(WebSocketClient.open(url)).rejects.toThrow("404");
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it("that never acknowledges what it is sent is a slow consumer", async () => {
    const { client } = await connect({ reconnectBufferBytes: 100, maxPendingBytes: 1_000 });
    for (let i = 0; i < 50; i++) started.handler.one.send(invocation("news", "x".repeat(20)));
    await client.until('{"type":7,"error":"The client reads too slowly.","allowReconnect":true}');
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.slowConsumer }]);
  });

  it("that stops acknowledging is a slow consumer after the send time-out", async () => {
    const { client } = await connect({ reconnectBufferBytes: 100, sendTimeout: 100 });
    for (let i = 0; i < 10; i++) started.handler.one.send(invocation("news", "x".repeat(20)));
    await client.until('{"type":7,"error":"The client reads too slowly.","allowReconnect":true}');
  });

  it("counts every record of bytes that hold several", async () => {
    const { client, url } = await connect();
    const bytes = Buffer.concat([record("a"), jsonProtocol.encode({ type: MessageType.Ping }), record("b")]);
    started.handler.one.send({ bytes: () => bytes });
    await client.until('{"type":1,"target":"b","arguments":[]}');
    client.send('{"type":8,"sequenceId":1}\u001e{"type":1,"target":"x","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(1));
    const second = await WebSocketClient.open(url);
    await second.until('{"type":1,"target":"b","arguments":[]}');
    expect(second.records[0]).toBe('{"type":9,"sequenceId":2}');
  });

  it("of version 1 has none of it", async () => {
    started = await StartedEndpoint.start();
    const { connectionToken } = await started.negotiate("negotiateVersion=1&useStatefulReconnect=true");
    const url = `${started.webSocketUrl}&id=${connectionToken}`;
    const client = await WebSocketClient.open(url);
    client.send('{"protocol":"json","version":1}\u001e');
    await client.until("{}");
    await expect(WebSocketClient.open(url)).rejects.toThrow("409");
    client.abort();
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.transportLost }]));
  });

  it("gets an answer to a call that it had sent before the line broke", async () => {
    const { client, url } = await connect();
    started.handler.whenMessage = (connection, message) => {
      if (message.type !== MessageType.Invocation || message.invocationId === undefined) return;
      client.abort();
      const completion = messagePayload({ type: MessageType.Completion, invocationId: message.invocationId, result: 1 });
      void client.ended.then(() => connection.send(completion));
    };
    client.send('{"type":1,"invocationId":"7","target":"slow","arguments":[]}\u001e');
    await client.ended;
    const second = await WebSocketClient.open(url);
    await second.until('{"type":3,"invocationId":"7","result":1}');
  });
});
