import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { CloseReasons } from "./close-reason.ts";
import { encodeEvent } from "./server-sent-events.ts";

let started: StartedEndpoint;

beforeEach(async () => {
  started = await StartedEndpoint.start();
});

afterEach(async () => {
  await started.stop();
  expect(started.errors).toEqual([]);
});

/** An open event stream as text. */
class Stream {
  text = "";
  ended = false;
  readonly response: Response;
  readonly url: string;
  readonly #controller: AbortController;

  constructor(url: string, response: Response, controller: AbortController) {
    this.url = url;
    this.response = response;
    this.#controller = controller;
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.response.body!) this.text += Buffer.from(chunk).toString();
    } catch {
      // Aborted by the test.
    }
    this.ended = true;
  }

  async post(body: string | Buffer<ArrayBuffer>): Promise<string> {
    const response = await fetch(this.url, { method: "POST", body });
    return `${response.status} ${await response.text()}`.trim();
  }

  abort(): void {
    this.#controller.abort();
  }
}

async function open(protocol: "json" | "messagepack" = "json"): Promise<Stream> {
  const { connectionToken } = await started.negotiate();
  const url = `${started.url}&id=${connectionToken}`;
  const controller = new AbortController();
  const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal: controller.signal });
  const stream = new Stream(url, response, controller);
  expect(await stream.post(handshakeOf(protocol))).toBe("200");
  return stream;
}

describe("server-sent events (reference hub-and-service-protocol §1.4, §1.5, emulator-observed §3)", () => {
  it("begin with a comment and carry records as data", async () => {
    const stream = await open();
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache,no-store",
      "content-encoding": "identity",
      pragma: "no-cache",
    });
    await vi.waitFor(() => expect(stream.text).toBe(":\r\ndata: {}\u001e\r\n\r\n"));
    started.handler.one.send(invocation("a"));
    started.handler.one.send(invocation("b"));
    const [a, b] = ["a", "b"].map((target) => `{"type":1,"target":"${target}","arguments":[]}\u001e`);
    await vi.waitFor(() => expect(stream.text).toBe(`:\r\ndata: {}\u001e\r\n\r\ndata: ${a}${b}\r\n\r\n`));
    stream.abort();
  });

  it("need an id that is known", async () => {
    const get = async (query: string) => {
      const response = await fetch(`${started.url}${query}`, { headers: { accept: "text/event-stream" } });
      return `${response.status} ${response.headers.get("content-type")} ${await response.text()}`;
    };
    expect(await get("")).toBe("400 text/plain Connection ID required");
    expect(await get("&id=")).toBe("400 text/plain Connection ID required");
    expect(await get("&id=unknown")).toBe("404 text/plain No Connection with that ID");
  });

  it("share their id with no second stream and no other transport", async () => {
    const stream = await open();
    const request = async (method: string, accept: string) => {
      const response = await fetch(stream.url, { method, headers: { accept } });
      return `${response.status} ${await response.text()}`.trim();
    };
    expect(await request("GET", "text/event-stream")).toBe("409");
    expect(await request("GET", "*/*")).toBe("400 Cannot change transports mid-connection");
    expect(await request("DELETE", "*/*")).toBe("400 Cannot terminate this connection using the DELETE endpoint.");
    expect(await request("PUT", "*/*")).toBe("405");
    stream.abort();
  });

  it("cannot carry MessagePack", async () => {
    const stream = await open("messagepack");
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    expect(stream.text).toBe(
      ':\r\ndata: {"error":"Cannot use the \'messagepack\' protocol on the current transport. ' +
        "The transport does not support 'Binary' transfer format.\"}\u001e\r\n\r\n",
    );
  });

  it("end after the close message", async () => {
    const stream = await open();
    started.handler.one.close(CloseReasons.closedByBackend, "out");
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    expect(stream.text.endsWith('data: {"type":7,"error":"out","allowReconnect":true}\u001e\r\n\r\n')).toBe(true);
    expect(started.endpoint.size).toBe(0);
  });

  it("take and drop what crosses the close message: a client would report a 404 in place of the reason", async () => {
    const stream = await open();
    expect(await stream.post('{"type":6}\u001e')).toBe("200");
    started.handler.one.close(CloseReasons.closedByBackend, "out");
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    expect(await stream.post('{"type":6}\u001e')).toBe("200");
    expect(started.handler.messages).toEqual([]);
  });

  it("answer 404 to a client that is still starting, which would take anything else for success", async () => {
    const stream = await open();
    started.handler.one.close(CloseReasons.closedByBackend, "out");
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    expect(await stream.post('{"type":6}\u001e')).toBe("404 No Connection with that ID");
  });

  it("notice that the client has gone", async () => {
    const stream = await open();
    stream.abort();
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft }]));
    expect(await stream.post("x")).toBe("404 No Connection with that ID");
  });

  it("are pinged", async () => {
    started.limits = { ...started.limits, keepAliveInterval: 40 };
    const stream = await open();
    await vi.waitFor(() => expect(stream.text).toContain('data: {"type":6}\u001e\r\n\r\n'));
    stream.abort();
  });

  it("take posts of any content type, empty and cut ones, of any size as long as no message exceeds the limit", async () => {
    started.limits = { ...started.limits, maxMessageBytes: 1_000 };
    const stream = await open();
    expect(await stream.post("")).toBe("200");
    expect(await stream.post(Buffer.from('{"type":1,"target":"a",'))).toBe("200");
    expect(await stream.post('"arguments":[]}\u001e')).toBe("200");
    expect(started.handler.messages).toHaveLength(1);
    expect(await stream.post('{"type":1,"target":"a","arguments":[]}\u001e'.repeat(50))).toBe("200");
    expect(started.handler.messages).toHaveLength(51);
    expect(await stream.post("x".repeat(1_001))).toBe("200");
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.messageTooLarge }]));
  });

  it("let a post wait while the connection is paused", async () => {
    const stream = await open();
    started.handler.whenMessage = (connection) => connection.pause();
    const record = '{"type":1,"target":"a","arguments":[]}\u001e';
    const done: string[] = [];
    const first = stream.post(record + record).then(() => done.push("first"));
    const second = stream.post(record).then(() => done.push("second"));
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(1));
    const { one } = started.handler;
    one.resume();
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(2));
    expect(done).toEqual([]);
    one.resume();
    await first;
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(3));
    one.resume();
    await second;
    expect(done).toEqual(["first", "second"]);
    stream.abort();
  });

  it("end a client that does not read", async () => {
    const stream = await open();
    const { one } = started.handler;
    const blocked = await fetch(`${started.url}&id=${(await started.negotiate()).connectionToken}`, {
      headers: { accept: "text/event-stream" },
    });
    await fetch(blocked.url, { method: "POST", body: handshakeOf("json") });
    const other = [...started.handler.connections.values()].find((connection) => connection !== one)!;
    const big = invocation("m", "x".repeat(300_000));
    await vi.waitFor(
      () => {
        other.send(big);
        expect(started.handler.ends).toMatchObject([{ id: other.id, reason: CloseReasons.slowConsumer }]);
      },
      { timeout: 10_000, interval: 5 },
    );
    await blocked.body?.cancel();
    stream.abort();
  });

  it("survive garbage", async () => {
    const witness = await open();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), async (bytes, shaken) => {
        const { connectionToken } = await started.negotiate();
        const url = `${started.url}&id=${connectionToken}`;
        const controller = new AbortController();
        const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal: controller.signal });
        if (shaken) await fetch(url, { method: "POST", body: handshakeOf("json") });
        expect([200, 404]).toContain((await fetch(url, { method: "POST", body: bytes })).status);
        controller.abort();
        await response.text().catch(() => {});
      }),
      { numRuns: 40 },
    );
    await vi.waitFor(() => expect(started.endpoint.size).toBe(1));
    started.handler.broadcast(invocation("still"));
    await vi.waitFor(() => expect(witness.text).toContain('{"type":1,"target":"still","arguments":[]}'));
    witness.abort();
  });
});

describe("an event", () => {
  const textOf = (...parts: string[]) => Buffer.from(encodeEvent(parts.map((part) => Buffer.from(part)))).toString();

  it("holds its parts one after the other", () => {
    expect(textOf("a", "b")).toBe("data: ab\r\n\r\n");
  });

  it("begins a data line at each line break", () => {
    expect(textOf("a\nb\r\nc\rd")).toBe("data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n");
  });
});
