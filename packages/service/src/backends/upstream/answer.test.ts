import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { type HubProtocol, jsonProtocol, MessageType, messagePackProtocol } from "@signalbox/protocol";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { UpstreamOptions } from "./options.ts";
import { Bench, record, Upstream, type UpstreamHandler } from "./upstream-fixture.suite.ts";

/** What an invoking client, id 7, gets when the upstream answers like this. */
async function answerTo(
  handler: UpstreamHandler,
  options: Partial<UpstreamOptions> = {},
  protocol: HubProtocol = jsonProtocol,
) {
  const upstream = await Upstream.start(handler);
  const bench = new Bench(`${upstream.origin}/{event}`, options);
  const client = await bench.answer("target", protocol);
  return { upstream, bench, client };
}

function body(content: string | Uint8Array, status = 200): UpstreamHandler {
  return (_, response) => void response.writeHead(status, { "Content-Length": Buffer.byteLength(content) }).end(content);
}

function inPieces(response: ServerResponse, text: string): void {
  response.writeHead(200);
  response.flushHeaders();
  for (const piece of text) response.write(piece);
  response.end();
}

const done = record({ type: 3, invocationId: "7", result: 42 });

describe("an invocation that waits for its answer", () => {
  it("gets the result, the error, or neither, as the upstream framed it", async () => {
    const framed = '{"type":3,"invocationId":"7","result":12345678901234567890.50}\u001e';
    const { client } = await answerTo(body(framed));
    expect(Buffer.from(client.records[0]!).toString()).toBe(framed);

    const failing = await answerTo(body(record({ type: 3, invocationId: "7", error: "boom" })));
    expect(failing.client.completion.error).toBe("boom");

    const plain = await answerTo(body(record({ type: 3, invocationId: "7" })));
    expect(plain.client.completion).not.toHaveProperty("result");
  });

  it("gets a result that came in pieces", async () => {
    const { client } = await answerTo((_, response) => inPieces(response, done));
    expect(client.completion.result).toBe(42);
  });

  it("may be answered by several records, each a payload of its own", async () => {
    const pushed = record({ type: 1, target: "news", arguments: [1] });
    const { client } = await answerTo(body(pushed + record({ type: 6 }) + pushed + done));
    expect(client.messages.map((message) => message?.type)).toEqual([1, 1, 3]);
  });

  it.each<[string, UpstreamHandler]>([
    ["200 with Content-Length 0", body("")],
    ["204", body("", 204)],
    ["200 chunked and empty", (_, response) => inPieces(response, "")],
  ])("is completed without a result by %s", async (_, handler) => {
    const { client } = await answerTo(handler);
    expect(Buffer.from(client.records[0]!).toString()).toBe(record({ type: 3, invocationId: "7" }));
  });

  it.each([201, 202, 206, 304, 400, 401, 403, 404, 409, 429, 500, 502, 503])("fails by status %i", async (status) => {
    const { client, upstream, bench } = await answerTo(body(status === 304 ? "" : done, status));
    expect(client.completion.error).toBe(`Invocation failed, status code ${status}`);
    expect(upstream.requests).toHaveLength(1);
    expect(bench.calls).toMatchObject([{ status, attempt: 1 }]);
  });

  it("fails when the answer is too large, by its declared length or while it is read", async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, "x");
    const declared = await answerTo(body(large));
    expect(declared.client.completion.error).toBe("Invocation failed, response too large.");
    const chunked = await answerTo(
      (_, response) => void response.writeHead(200, { "Transfer-Encoding": "chunked" }).end(large),
    );
    expect(chunked.client.completion.error).toBe("Invocation failed, response too large.");
  });

  it("takes an answer of 2 MB", async () => {
    const { client } = await answerTo(body(record({ type: 3, invocationId: "7", result: "x".repeat(2_000_000) })));
    expect(client.completion.result).toHaveLength(2_000_000);
  });

  it("fails when the answer is cut in the middle", async () => {
    const { client } = await answerTo((_, response) => {
      response.writeHead(200, { "Content-Length": 100 });
      response.write("{", () => response.destroy());
    });
    expect(client.completion.error).toBe("Invocation failed, error: The answer ended before it was complete.");
  });

  it("fails when the upstream does not finish its answer in time", async () => {
    const { client } = await answerTo((_, response) => void response.writeHead(200).write("{"), { timeoutMs: 2_000 });
    expect(client.completion.error).toBe("Invocation failed, response cancelled.");
  });

  it("fails with status code 500 when there is no answer: in time, at all, or no host", async () => {
    const hanging = await answerTo(() => {}, { timeoutMs: 100 });
    expect(hanging.client.completion.error).toBe("Invocation failed, status code 500");
    expect(hanging.bench.calls).toMatchObject([{ status: undefined, error: "No complete answer within the time limit" }]);

    const cut = await answerTo((_, response) => void response.destroy());
    expect(cut.client.completion.error).toBe("Invocation failed, status code 500");
    expect(cut.upstream.requests).toHaveLength(1);

    const nobody = await new Bench("http://127.0.0.1:1/").answer("target");
    expect(nobody.completion.error).toBe("Invocation failed, status code 500");
    const nowhere = await new Bench("http://nowhere.invalid/").answer("target");
    expect(nowhere.completion.error).toBe("Invocation failed, status code 500");
  });

  it.each(["hello\r\n\r\n", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "HTTP/1.1 2", "\0\x01\x02"])(
    "fails with status code 500 when the peer speaks no HTTP: %j",
    async (bytes) => {
      const server = createServer((socket) => void socket.on("error", () => {}).on("data", () => socket.end(bytes)));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as { port: number };
      const client = await new Bench(`http://127.0.0.1:${port}/`).answer("target");
      expect(client.completion.error).toBe("Invocation failed, status code 500");
    },
  );

  it("fails when no template takes it, naming hub and event", async () => {
    const client = await new Bench(undefined).answer("target");
    expect(client.completion.error).toBe("Invocation failed, no upstream takes the event 'target' of hub 'obs'");
  });

  it("fails with status code 500 when the template makes no URL, and the log says why", async () => {
    const bench = new Bench("/only/a/path");
    const client = await bench.answer("target");
    expect(client.completion.error).toBe("Invocation failed, status code 500");
    expect(bench.logged.join()).toContain("does not make an absolute http or https URL");
  });

  it("fails when the answer completes something else", async () => {
    const { client } = await answerTo(body(record({ type: 3, invocationId: "8", result: 1 })));
    expect(client.messages).toMatchObject([
      { invocationId: "8", result: 1 },
      { invocationId: "7", error: "Invocation failed, the answer of the upstream does not complete it." },
    ]);
  });

  it.each([
    ["text", "hello"],
    ["plain JSON", '{"a":1}'],
    ["a completion without its end", '{"type":3,"invocationId":"7","result":1}'],
    ["a good record and half a one", `${done}{"type":`],
    ["a record without target", `{"type":1,"arguments":[]}\u001e${done}`],
    ["an acknowledgement", `${record({ type: 8, sequenceId: 1 })}${done}`],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from('{"type":3,"invocationId":"7","result":"'), Buffer.from([0xff]), Buffer.from('"}\u001e')]),
    ],
    ["MessagePack", messagePackProtocol.encode({ type: MessageType.Completion, invocationId: "7", result: 1 })],
  ])("fails, and gets nothing else, when the answer is %s", async (_, content) => {
    const { client } = await answerTo(body(content));
    expect(client.completion.error).toMatch(/^Invocation failed, the answer of the upstream is not valid json: /);
  });

  it("never gets bytes that are not whole records, whatever the upstream answers", async () => {
    let answer: Uint8Array = new Uint8Array();
    const upstream = await Upstream.start((_, response) => void response.end(answer));
    const bench = new Bench(upstream.origin);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(done, "\u001e", '{"type":3', record({ type: 99 }), record([])).map((text) => Buffer.from(text)),
      fc.constant(messagePackProtocol.encode({ type: MessageType.Completion, invocationId: "7" })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 4 }), fc.boolean(), async (pieces, packed) => {
        answer = Buffer.concat(pieces);
        const client = await bench.answer("x", packed ? messagePackProtocol : jsonProtocol);
        const completions = client.messages.filter((message) => message?.type === MessageType.Completion);
        expect(completions.some((message) => message.invocationId === "7")).toBe(true);
        expect(client.messages).not.toContain(undefined);
      }),
      { numRuns: 200 },
    );
  });

  it("closes the client that the upstream answers with a Close record", async () => {
    const { client } = await answerTo(body(done + record({ type: 7, error: "go", allowReconnect: true })));
    expect(client.completion.result).toBe(42);
    expect(client.closedFor).toMatchObject({ text: "go", reason: { name: "closedByBackend", allowReconnect: true } });
  });

  it("works for MessagePack clients alike: the record goes without its length and comes back framed", async () => {
    const result = messagePackProtocol.encode({ type: MessageType.Completion, invocationId: "7", result: [1, null] });
    const { client, upstream } = await answerTo(body(result), {}, messagePackProtocol);
    expect(Buffer.concat(client.records)).toEqual(Buffer.from(result));
    expect(upstream.requests[0]!.header("content-type")).toBe("application/x-msgpack");
    expect(upstream.requests[0]!.body.toString("hex")).toBe("960180a137a67461726765749090");

    for (const [handler, error] of [
      [body(""), undefined],
      [body("", 204), undefined],
      [body("", 404), "Invocation failed, status code 404"],
      [body(done), expect.stringContaining("not valid messagepack")],
    ] as const) {
      const other = await answerTo(handler, {}, messagePackProtocol);
      expect(other.client.completion.error).toEqual(error);
    }
  });
});

describe("redirects", () => {
  it("turn into a GET without a body by 302, headers kept", async () => {
    const { client, upstream } = await answerTo((request, response) => {
      if (request.url === "/target") response.writeHead(302, { Location: "/other" }).end("moved");
      else response.end(done);
    });
    expect(client.completion.result).toBe(42);
    const [, second] = upstream.requests;
    expect(second).toMatchObject({ method: "GET", url: "/other", body: Buffer.alloc(0) });
    expect(second!.header("x-asrs-event")).toBe("target");
    expect(second!.header("content-type")).toBeUndefined();
  });

  it.each([307, 308])("repeat the request by %i, to another host too", async (status) => {
    const other = await Upstream.start(body(done));
    const { client, upstream } = await answerTo((_, response) => {
      response.writeHead(status, { Location: `${other.origin}/x?y` }).end();
    });
    expect(client.completion.result).toBe(42);
    expect(other.requests[0]).toMatchObject({ method: "POST", url: "/x?y", body: upstream.requests[0]!.body });
  });

  it.each([302, 303, 307])("end after 50 with the status itself: %i", async (status) => {
    const { client, upstream, bench } = await answerTo((request, response) => {
      response.writeHead(status, { Location: request.url }).end();
    });
    expect(client.completion.error).toBe(`Invocation failed, status code ${status}`);
    expect(upstream.requests).toHaveLength(51);
    expect(upstream.socketsOpened).toBe(1);
    expect(bench.calls).toHaveLength(1);
  });

  it.each<Record<string, string>>([{}, { Location: "ftp://host/" }, { Location: "http://" }])(
    "that lead nowhere are the answer: 301 with %j",
    async (headers) => {
      const { client } = await answerTo((_, response) => void response.writeHead(301, headers).end());
      expect(client.completion.error).toBe("Invocation failed, status code 301");
    },
  );
});

describe("an invocation nobody waits for", () => {
  it.each<[string, UpstreamHandler]>([
    ["a result", body(done)],
    ["an error status", body("no", 500)],
    ["garbage", body("hello")],
    ["more than anybody reads", body(Buffer.alloc(1_000_000))],
    ["nothing", (_, response) => void response.destroy()],
  ])("brings the client nothing when the upstream answers %s", async (_, handler) => {
    const upstream = await Upstream.start(handler);
    const bench = new Bench(upstream.origin);
    const client = bench.client();
    bench.send(client, { type: MessageType.Invocation, target: "m", arguments: [1, "ü"] });
    await bench.backend.drained();
    expect(upstream.requests[0]!.body.toString()).toBe('{"type":1,"target":"m","arguments":[1,"ü"]}');
    expect(client.records).toEqual([]);
  });

  it("is ignored when no template takes it", async () => {
    const bench = new Bench(undefined);
    const client = bench.client();
    bench.send(client, { type: MessageType.Invocation, target: "m", arguments: [] });
    await bench.backend.drained();
    expect(client.records).toEqual([]);
  });
});
