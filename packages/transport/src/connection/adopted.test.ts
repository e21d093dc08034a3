import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import type { AdoptedConnection } from "./client-endpoint.ts";
import { CloseReasons } from "./close-reason.ts";
import type { Transport } from "./transport.ts";

let started: StartedEndpoint;
beforeEach(async () => {
  started = await StartedEndpoint.start();
});
afterEach(async () => {
  await started.stop();
  expect(started.errors).toEqual([]);
});

/** A part of somebody's way to many clients. */
class SharedTransport implements Transport {
  readonly isShared = true;
  readonly name = "WebSockets";
  readonly written: string[] = [];
  pendingBytes = 0;
  /** How often somebody wanted to hear that everything has been taken. */
  awaited = 0;
  readonly #connection: AdoptedConnection;

  constructor(connection: AdoptedConnection) {
    this.#connection = connection;
    connection.attach(this);
  }

  write(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.written.push(Buffer.from(part).toString());
  }

  end(code: number): void {
    this.#connection.transportEnded(this, code);
  }

  abort(): void {
    this.end(1006);
  }

  pause(): void {}

  resume(): void {}

  awaitDrain(): void {
    this.awaited += 1;
  }

  receive(text: string): void {
    this.#connection.received(this, Buffer.from(text));
  }
}

describe("an adopted connection", () => {
  const adopt = () => {
    const admission = { scope: "", handler: started.handler, context: undefined, ...started.admission };
    const connection = started.endpoint.adopt(admission, "c1");
    const transport = new SharedTransport(connection);
    transport.receive(handshakeOf("json"));
    return { connection, transport };
  };

  it("writes at once, so that it keeps its place among what others write on the same way", () => {
    const { connection, transport } = adopt();
    expect(transport.written).toEqual(["{}\u001e"]);
    connection.send(invocation("a"));
    expect(transport.written[1]).toContain('"target":"a"');
  });

  it("ends when its owner says so, and tells its owner when it is closed", async () => {
    const first = adopt();
    first.transport.end(1000);
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ id: "c1", reason: CloseReasons.clientLeft }]));
    const second = adopt();
    second.connection.close(CloseReasons.drain);
    await vi.waitFor(() => expect(started.handler.ends).toHaveLength(2));
    expect(second.transport.written.at(-1)).toBe('{"type":7,"allowReconnect":true}\u001e');
    expect(started.endpoint.size).toBe(0);
  });

  it("forgets a part of a message when the client is on a new transport", () => {
    const { connection, transport } = adopt();
    transport.receive('{"type":1,"target":"a","ar');
    connection.restarted();
    transport.receive('{"type":1,"target":"a","arguments":[1]}\u001e');
    expect(started.handler.calls("a")).toEqual([1]);
  });

  it("may be silent until its first ping", async () => {
    started.limits = { ...started.limits, clientTimeout: 60 };
    const { transport } = adopt();
    transport.receive('{"type":1,"target":"a","arguments":[1]}\u001e');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(started.handler.ends).toEqual([]);
    transport.receive('{"type":6}\u001e');
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientTimeout }]));
  });

  it("lets senders wait for its way", async () => {
    const { connection, transport } = adopt();
    expect(connection.writable()).toBeUndefined();
    transport.pendingBytes = 100_000;
    const room = connection.writable();
    expect(room).toBeInstanceOf(Promise);
    expect(transport.awaited).toBe(1);
    transport.pendingBytes = 50_000;
    connection.drained();
    expect(transport.awaited, "there is still too much").toBe(2);
    transport.pendingBytes = 0;
    connection.drained();
    await room;
    expect(transport.awaited).toBe(2);
    transport.pendingBytes = 100_000;
    const never = connection.writable();
    transport.end(1006);
    await never;
  });
});

describe("a connection", () => {
  const connect = async () => {
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(handshakeOf("json"));
    await client.until("{}");
    return client;
  };

  it("lets senders wait until the client has read", async () => {
    const client = await connect();
    const { one } = started.handler;
    client.pause();
    let sent = 0;
    while (one.writable() === undefined && sent < 100_000) {
      one.send(invocation("a", "x".repeat(1_000)));
      if (sent++ % 50 === 0) await new Promise(setImmediate);
    }
    const room = one.writable();
    expect(room).toBeInstanceOf(Promise);
    client.resume();
    await room;
    await client.when(() => client.records.length === sent + 1);
  });

  it("tells that its client has gone while it is paused, and its end when it goes on", async () => {
    const left: string[] = [];
    Object.assign(started.handler, { left: ({ id }: { id: string }) => left.push(id) });
    const client = await connect();
    const { one } = started.handler;
    one.pause();
    client.send('{"type":1,"target":"a","arguments":[1]}\u001e');
    client.abort();
    await vi.waitFor(() => expect(left).toEqual([one.id]));
    expect(started.handler.ends).toEqual([]);
    one.resume();
    await vi.waitFor(() => expect(started.handler.ends).toHaveLength(1));
    expect(started.handler.calls("a")).toEqual([1]);
  });

  it("says what went wrong where it may", async () => {
    started.admission = { detailedErrors: true };
    const client = await connect();
    client.send("{}\u001e");
    await client.ended;
    expect(client.records.at(-1)).toContain("Connection closed with an error. Missing required property 'type'.");
  });
});
