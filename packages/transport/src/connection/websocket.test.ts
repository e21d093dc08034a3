import { MessageType, messagePackProtocol } from "@signalbox/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";
import { CloseReasons } from "./close-reason.ts";

const closeError = '{"type":7,"error":"Connection closed with an error.","allowReconnect":true}\u001e';

let started: StartedEndpoint;

beforeEach(async () => {
  started = await StartedEndpoint.start();
});

afterEach(async () => {
  await started.stop();
  expect(started.errors).toEqual([]);
});

async function connect(protocol: "json" | "messagepack" = "json"): Promise<WebSocketClient> {
  const client = await WebSocketClient.open(started.webSocketUrl);
  client.send(handshakeOf(protocol));
  await client.when(() => client.text.startsWith("{}\u001e"));
  return client;
}

const request = async (method: string, id: string, accept = "*/*") => {
  const response = await fetch(`${started.url}&id=${id}`, { method, headers: { accept } });
  return `${response.status} ${await response.text()}`.trim();
};

describe("a WebSocket (reference hub-and-service-protocol §1.2, §1.3)", () => {
  it("needs no negotiation", async () => {
    await connect();
    expect(started.handler.one.transport).toBe("WebSockets");
    expect(started.endpoint.size).toBe(1);
  });

  it("with an unknown id gets 404", async () => {
    await expect(WebSocketClient.open(`${started.webSocketUrl}&id=unknown`)).rejects.toThrow("404");
  });

  it("that the admission does not allow gets 404", async () => {
    started.admission = { transports: ["LongPolling"] };
    await expect(WebSocketClient.open(started.webSocketUrl)).rejects.toThrow("404");
    const { connectionToken } = await started.negotiate();
    await expect(WebSocketClient.open(`${started.webSocketUrl}&id=${connectionToken}`)).rejects.toThrow("404");
    started.admission = { transports: ["WebSockets"] };
    expect(await request("GET", connectionToken)).toBe("404 LongPolling transport not supported by this end point type");
    expect(await request("GET", connectionToken, "text/event-stream")).toBe(
      "404 ServerSentEvents transport not supported by this end point type",
    );
  });

  it("shares its id with no second socket and no other transport", async () => {
    const { connectionToken } = await started.negotiate();
    await WebSocketClient.open(`${started.webSocketUrl}&id=${connectionToken}`);
    await expect(WebSocketClient.open(`${started.webSocketUrl}&id=${connectionToken}`)).rejects.toThrow("409");
    expect(await request("POST", connectionToken)).toBe("405 POST requests are not allowed for WebSocket connections.");
    expect(await request("DELETE", connectionToken)).toBe("400 Cannot terminate this connection using the DELETE endpoint.");
    expect(await request("GET", connectionToken)).toBe("400 Cannot change transports mid-connection");
    expect(await request("GET", connectionToken, "text/event-stream")).toBe("400 Cannot change transports mid-connection");
  });

  it.each([1000, 4001])("closed by its client with %i is answered with 1000 or the same code, and is gone", async (code) => {
    const { connectionToken } = await started.negotiate();
    const client = await WebSocketClient.open(`${started.webSocketUrl}&id=${connectionToken}`);
    client.send(handshakeOf("json"));
    await client.until("{}");
    client.close(code);
    await client.ended;
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft, error: undefined }]));
    expect(await request("POST", connectionToken)).toBe("404 No Connection with that ID");
    expect(started.endpoint.size).toBe(0);
  });

  it("that breaks has lost its transport", async () => {
    const client = await connect();
    client.abort();
    await vi.waitFor(() =>
      expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.transportLost, error: undefined }]),
    );
  });
});

describe("the handshake (emulator-observed §2)", () => {
  it.each([
    ["json", 0],
    ["json", 1],
    ["json", 2],
    ["JSON", 1],
    ["messagepack", 1],
    ["MessagePack", 2],
  ])("accepts %s version %i in a text and in a binary frame", async (protocol, version) => {
    for (const frame of [handshakeOf(protocol as "json", version), Buffer.from(handshakeOf(protocol as "json", version))]) {
      const client = await WebSocketClient.open(started.webSocketUrl);
      client.send(frame);
      await client.when(() => client.frames.length === 1);
      expect(client.frames).toEqual([{ data: Buffer.from("{}\u001e"), isBinary: protocol.toLowerCase() === "messagepack" }]);
    }
  });

  it.each([
    ['{"protocol":"json","version":3}', '{"error":"The server does not support version 3 of the \'json\' protocol."}'],
    ['{"protocol":"blazorpack","version":1}', '{"error":"The protocol \'blazorpack\' is not supported."}'],
    ['{"protocol":"xml","version":1}', '{"error":"The protocol \'xml\' is not supported."}'],
  ])("refuses %s with a sentence and 1000, without a close message", async (text, answer) => {
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(`${text}\u001e`);
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.records).toEqual([answer]);
    expect(started.handler.ends).toEqual([]);
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it.each(["nonsense", "[]", '{"protocol":"json"}', '{"version":1}'])("refuses %s", async (text) => {
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(`${text}\u001e`);
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.records[0]).toMatch(/^\{"error":"An unexpected error occurred during connection handshake\. /);
  });

  it("is cancelled when it is larger than any handshake", async () => {
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send("x".repeat(10_000));
    await client.until('{"error":"Handshake was canceled."}');
    expect(await client.ended).toEqual({ code: 1000 });
  });

  it("may come in pieces, and the records behind it are handled", async () => {
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send('{"protocol":"json",');
    client.send('"version":1}\u001e{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"tar');
    client.send('get":"b","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(2));
    await client.until("{}");
    expect(client.records).toEqual(["{}"]);
  });

  it("is answered before anything that was sent meanwhile, in the same message", async () => {
    started.handler.whenOpening = (connection) => {
      connection.send(invocation("early"));
      return "answer";
    };
    const client = await connect();
    expect(client.frames).toHaveLength(1);
    expect(client.text).toBe('{}\u001e{"type":1,"target":"early","arguments":[]}\u001e');
  });

  it("ends when the handler throws, and says so", async () => {
    started.handler.whenOpening = () => {
      throw new Error("defect");
    };
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(handshakeOf("json"));
    await client.until('{"error":"An unexpected error occurred during connection handshake."}');
    expect(await client.ended).toEqual({ code: 1000 });
    expect(started.errors.splice(0)).toEqual([new Error("defect")]);
    expect(started.handler.ends).toEqual([]);
  });

  it("may be followed by a close at once", async () => {
    started.handler.whenOpening = (connection) => {
      connection.close(CloseReasons.refusedByBackend);
      return "answer";
    };
    const client = await connect();
    await client.until('{"type":7,"error":"Connection refused by the upstream."}');
    expect(client.frames).toHaveLength(1);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.refusedByBackend }]);
  });
});

describe("a relayed connection", () => {
  it("is answered and pinged by whoever stands behind, and hands over the request and pings", async () => {
    let request = "";
    started.limits = { ...started.limits, keepAliveInterval: 10 };
    started.handler.whenOpening = (connection, record) => {
      request = Buffer.from(record).toString();
      connection.send(invocation("broadcast"));
      setTimeout(() => connection.answer(Buffer.from('{"minorVersion":0}\u001e')), 60);
      return "relay";
    };
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(handshakeOf("json"));
    client.send('{"type":6}\u001e');
    await client.until('{"type":1,"target":"broadcast","arguments":[]}');
    expect(request).toBe(handshakeOf("json"));
    expect(client.records).toEqual(['{"minorVersion":0}', '{"type":1,"target":"broadcast","arguments":[]}']);
    await vi.waitFor(() =>
      expect(started.handler.messages.map(({ message }) => message)).toEqual([{ type: MessageType.Ping }]),
    );
  });

  it("that nobody answers is cancelled", async () => {
    started.handler.whenOpening = () => {
      started.limits = { ...started.limits, handshakeTimeout: 40 };
      return "relay";
    };
    const client = await WebSocketClient.open(started.webSocketUrl);
    client.send(handshakeOf("json"));
    await client.until('{"error":"Handshake was canceled."}');
    expect(await client.ended).toEqual({ code: 1000 });
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.handshakeTimeout }]);
  });
});

describe("what a client sends", () => {
  it.each([
    ["nonsense", "Error reading JSON."],
    ["{", "Error reading JSON."],
    ["{}", "Missing required property 'type'."],
    ['{"type":1,"arguments":[]}', "Missing required property 'target'."],
  ])("ends the connection when it is %j", async (text, error) => {
    const client = await connect();
    client.send(
      `{"type":1,"target":"before","arguments":[]}\u001e${text}\u001e{"type":1,"target":"after","arguments":[]}\u001e`,
    );
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.text).toBe(`{}\u001e${closeError}`);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.malformedMessage, error }]);
    expect(started.handler.messages).toHaveLength(1);
  });

  it("is cut when the socket closes in the middle of a record", async () => {
    const client = await connect();
    client.send('{"type":1,');
    client.close(1000);
    await vi.waitFor(() =>
      expect(started.handler.ends).toMatchObject([
        { reason: CloseReasons.malformedMessage, error: "Connection terminated while reading a message." },
      ]),
    );
  });

  it("ends the connection when a record is larger than allowed, even an incomplete one", async () => {
    started.limits = { ...started.limits, maxMessageBytes: 1_000 };
    const client = await connect();
    client.send("x".repeat(600));
    client.send("x".repeat(600));
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.text).toBe(`{}\u001e${closeError}`);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.messageTooLarge }]);
  });

  it("hands over what came before a record that is larger than allowed", async () => {
    started.limits = { ...started.limits, maxMessageBytes: 1_000 };
    const client = await connect();
    const call = '{"type":1,"target":"good","arguments":[]}\u001e';
    client.send(`${call}${call}${"x".repeat(1_100)}`);
    expect(await client.ended).toEqual({ code: 1000 });
    expect(started.handler.messages).toHaveLength(2);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.messageTooLarge }]);
  });

  it("reaches the handler for types 1 to 5 and 7, and a Close leaves the socket open", async () => {
    const client = await connect();
    const sent = [
      '{"type":42}',
      '{"type":6}',
      '{"type":8,"sequenceId":1}',
      '{"type":9,"sequenceId":1}',
      '{"type":1,"target":"m","arguments":[]}',
      '{"type":2,"invocationId":"1","item":1}',
      '{"type":3,"invocationId":"1"}',
      '{"type":4,"invocationId":"1","target":"m","arguments":[]}',
      '{"type":5,"invocationId":"1"}',
      '{"type":7,"error":"bye"}',
    ];
    client.send(sent.map((text) => `${text}\u001e`).join(""));
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(6));
    expect(started.handler.messages.map(({ message }) => message.type)).toEqual([1, 2, 3, 4, 5, 7]);
    expect(started.handler.messages.map(({ record }) => Buffer.from(record).toString())).toEqual(
      sent.slice(4).map((text) => `${text}\u001e`),
    );
    started.handler.one.send(invocation("still"));
    await client.until('{"type":1,"target":"still","arguments":[]}');
  });

  it("waits while the connection is paused, and the end waits behind it", async () => {
    const client = await connect();
    started.handler.whenMessage = (connection) => {
      connection.pause();
      connection.pause();
    };
    client.send('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(1));
    const { one } = started.handler;
    client.send('{"type":1,"target":"c","arguments":[]}\u001e');
    client.close(1000);
    one.resume();
    expect(started.handler.messages).toHaveLength(1);
    one.resume();
    expect(started.handler.messages).toHaveLength(2);
    expect(started.handler.ends).toEqual([]);
    started.handler.whenMessage = () => {};
    one.resume();
    one.resume();
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft }]));
    expect(started.handler.messages.map(({ message }) => (message as { target: string }).target)).toEqual(["a", "b", "c"]);
  });

  it("stops being read when a paused client goes on sending", async () => {
    const client = await connect();
    started.handler.whenMessage = (connection) => connection.pause();
    for (let i = 0; i < 100; i++) client.send(`{"type":1,"target":"m","arguments":["${"x".repeat(100_000)}"]}\u001e`);
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(1));
    const { one } = started.handler;
    started.handler.whenMessage = () => {};
    one.resume();
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(100));
  });

  it("may be handed over while an earlier message is resumed at once", async () => {
    const client = await connect();
    started.handler.whenMessage = (connection) => {
      connection.pause();
      connection.resume();
    };
    client.send('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    client.send('{"type":1,"target":"c","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(3));
  });

  it("does not end the connection when the handler throws", async () => {
    const client = await connect();
    started.handler.whenMessage = () => {
      throw new Error("defect");
    };
    client.send('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    await vi.waitFor(() => expect(started.handler.messages).toHaveLength(2));
    expect(started.errors.splice(0)).toHaveLength(2);
    expect(started.handler.ends).toEqual([]);
  });

  it("disturbs nobody else, whatever the bytes", async () => {
    const [witness, packed] = [await connect(), await connect("messagepack")];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("", handshakeOf("json"), handshakeOf("messagepack")),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 }),
        async (opening, chunks) => {
          const client = await WebSocketClient.open(started.webSocketUrl);
          if (opening !== "") client.send(opening);
          for (const chunk of chunks) client.send(chunk);
          client.close(1000);
          await client.ended;
        },
      ),
      { numRuns: 60 },
    );
    await vi.waitFor(() => expect(started.endpoint.size).toBe(2));
    started.handler.broadcast(invocation("still"));
    await witness.until('{"type":1,"target":"still","arguments":[]}');
    await packed.when(() => packed.frames.some(({ data }) => data.includes("still")));
    expect(messagePackProtocol.decode(packed.frames.at(-1)!.data)).toMatchObject({ target: "still" });
  });
});

describe("what a client is sent", () => {
  it("leaves as one message a turn, however many wanted it", async () => {
    const client = await connect();
    for (let i = 0; i < 5; i++) started.handler.broadcast(invocation("m", i));
    await client.until('{"type":1,"target":"m","arguments":[4]}');
    expect(client.frames).toHaveLength(2);
    expect(client.frames[1]!.isBinary).toBe(false);
  });

  it("comes before the close message, and nothing after", async () => {
    const client = await connect();
    const { one } = started.handler;
    one.send(invocation("last"));
    one.close(CloseReasons.closedByBackend, 'bye ü "q"');
    one.close(CloseReasons.drain);
    one.send(invocation("never"));
    expect(await client.ended).toEqual({ code: 1000 });
    expect(client.records.slice(1)).toEqual([
      '{"type":1,"target":"last","arguments":[]}',
      '{"type":7,"error":"bye ü \\"q\\"","allowReconnect":true}',
    ]);
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.closedByBackend }]);
  });

  it("does not reach a client whose protocol has no bytes", async () => {
    const [text, packed] = [await connect(), await connect("messagepack")];
    const bytes = Buffer.from('{"type":1,"target":"text","arguments":[]}\u001e');
    started.handler.broadcast({ bytes: (protocol) => (protocol === "json" ? bytes : undefined) });
    started.handler.broadcast(invocation("both"));
    await text.until('{"type":1,"target":"both","arguments":[]}');
    await packed.when(() => packed.frames.length === 2);
    expect(text.records).toHaveLength(3);
    expect(messagePackProtocol.createReader(1_000).read(packed.frames[1]!.data)).toHaveLength(1);
  });

  it("ends a client that does not read, and no other", async () => {
    const [slow, quick] = [await connect(), await connect()];
    slow.pause();
    const big = invocation("m", "x".repeat(200_000));
    const ended = () => started.handler.ends.length === 1;
    for (let i = 0; i < 200 && !ended(); i++) {
      started.handler.broadcast(big);
      await quick.when(() => quick.text.length >= 200_000 * (i + 1));
      quick.frames.splice(0, quick.frames.length, { data: Buffer.alloc(200_000 * (i + 1), "x"), isBinary: false });
    }
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.slowConsumer, error: "The client reads too slowly." }]);
    expect(started.handler.connections.size).toBe(1);
    slow.abort();
  });

  it("ends a client that takes nothing for the send time-out", async () => {
    started.limits = { ...started.limits, sendTimeout: 50, maxPendingBytes: 1e9 };
    const slow = await connect();
    slow.pause();
    for (let i = 0; i < 40; i++) started.handler.one.send(invocation("m", "x".repeat(1_000_000)));
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.slowConsumer }]));
    slow.abort();
  });
});
