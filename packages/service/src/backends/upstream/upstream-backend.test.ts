import type { ServerResponse } from "node:http";
import { jsonProtocol, MessageType, messagePackProtocol } from "@signalbox/protocol";
import { describe, expect, it, vi } from "vitest";
import { Bench, type TestClient, Upstream } from "./upstream-fixture.suite.ts";

/** An upstream that answers a request when the test says so. */
async function held() {
  const arrived: ServerResponse[] = [];
  let wake = () => {};
  const upstream = await Upstream.start((_, response) => {
    arrived.push(response);
    wake();
  });
  return {
    upstream,
    /** Answers the oldest open request, once it is there. */
    async release(): Promise<void> {
      while (arrived.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      arrived.shift()!.writeHead(204).end();
    },
  };
}

function say(bench: Bench, client: TestClient, target: string, argument = ""): void {
  bench.send(client, { type: MessageType.Invocation, target, arguments: [argument] });
}

describe("a connection's events", () => {
  it("are told in order, one call at a time, disconnected last", async () => {
    const { upstream, release } = await held();
    const bench = new Bench(upstream.origin);
    const client = bench.client();
    bench.backend.connected(client);
    say(bench, client, "one");
    bench.invoke(client, "two");
    bench.backend.disconnected(client, undefined);

    const order = ["connections/connected", "messages/one", "messages/two", "connections/disconnected"];
    for (let told = 1; told <= order.length; told += 1) {
      await vi.waitFor(() => expect(upstream.told).toEqual(order.slice(0, told)));
      await release();
    }
    await bench.backend.drained();
    expect(upstream.told).toEqual(order);
  });

  it("do not wait for those of another connection", async () => {
    const { upstream, release } = await held();
    const bench = new Bench(upstream.origin);
    bench.invoke(bench.client(), "slow");
    bench.invoke(bench.client(), "other");
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
    await release();
    await release();
    await bench.backend.drained();
  });

  it("go on whatever the upstream answered before", async () => {
    const upstream = await Upstream.start((_, response) => void response.writeHead(403).end());
    const bench = new Bench(upstream.origin);
    const client = bench.client();
    bench.backend.connected(client);
    say(bench, client, "one");
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();
    expect(upstream.told).toEqual(["connections/connected", "messages/one", "connections/disconnected"]);
    expect(client.closedFor).toBeUndefined();
  });

  it("tell how the connection ended, in JSON for every protocol", async () => {
    const upstream = await Upstream.start((_, response) => void response.end());
    const bench = new Bench(upstream.origin);
    bench.backend.disconnected(bench.client(messagePackProtocol), undefined);
    await bench.backend.drained();
    bench.backend.disconnected(bench.client(), 'Error reading "JSON" ü.');
    await bench.backend.drained();
    expect(upstream.requests.map((request) => [request.header("content-type"), request.body.toString()])).toEqual([
      ["application/json", '{"Type":11}'],
      ["application/json", '{"Type":11,"Error":"Error reading \\"JSON\\" ü."}'],
    ]);
  });

  it("reach the templates as they are at that moment", async () => {
    const { upstream, release } = await held();
    const bench = new Bench(`${upstream.origin}/old`);
    const client = bench.client();
    bench.backend.connected(client);
    say(bench, client, "one");
    bench.options = { ...bench.options, templates: [{ urlTemplate: `${upstream.origin}/new` }] };
    await release();
    await release();
    await bench.backend.drained();
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/old", "/new"]);
  });

  it("carry the bytes that the client sent, without their frame", async () => {
    const upstream = await Upstream.start((_, response) => void response.end());
    const bench = new Bench(upstream.origin);
    const json = Buffer.from('{"arguments":[1.50,1e2,12345678901234567890,"\\u00fc"],"extra":1,"target":"hdr","type":1}\u001e');
    const packed = Buffer.from("1e960180c0a67061636b65649301a2c3bc81a16b91cc0190", "hex");
    packed[0] = packed.length - 1;
    for (const [protocol, bytes] of [
      [jsonProtocol, json],
      [messagePackProtocol, packed],
    ] as const) {
      const message = protocol.decode(bytes)!;
      bench.backend.message(bench.client(protocol), { record: bytes, type: message.type, message });
      await bench.backend.drained();
    }
    expect(upstream.requests[0]!.body.toString()).toBe(json.toString().slice(0, -1));
    expect(upstream.requests[1]!.body.toString("hex")).toBe(packed.toString("hex").slice(2));
  });
});

describe("events that no template takes", () => {
  it.each([
    ["there is none", []],
    ["none matches", [{ hubPattern: "other", urlTemplate: "http://127.0.0.1:1/" }]],
  ])("are reported by hub, category and event when %s", async (_, templates) => {
    const bench = new Bench(undefined, { templates });
    const client = bench.client(undefined, { hubName: "Obs" });
    bench.backend.connected(client);
    say(bench, client, "one");
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();
    const said = bench.untaken.map(({ hub, category, event }) => `${hub} ${category}/${event}`);
    expect(said.sort()).toEqual(["Obs connections/connected", "Obs connections/disconnected", "Obs messages/one"]);
    expect(bench.calls).toEqual([]);
  });
});

describe("a client whose connected event is refused", () => {
  const refusing = () =>
    Upstream.start((request, response) => {
      response.writeHead(request.header("x-asrs-event") === "connected" ? 403 : 200).end();
    });

  it("is closed when the settings say so; what it said is not told, its end is", async () => {
    const upstream = await refusing();
    const bench = new Bench(upstream.origin, { closeOnRefusedConnect: true });
    const client = bench.client();
    bench.backend.connected(client);
    say(bench, client, "one");
    await vi.waitFor(() => expect(client.closedFor?.reason.name).toBe("refusedByBackend"));
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();
    expect(upstream.told).toEqual(["connections/connected", "connections/disconnected"]);
  });
});

describe("a client that sends faster than the upstream takes", () => {
  it.each([
    ["many messages", 300, ""],
    ["large messages", 12, "x".repeat(200_000)],
  ])("is read no further while %s wait; nothing is lost", async (_, count, argument) => {
    const { upstream, release } = await held();
    const bench = new Bench(upstream.origin);
    const client = bench.client();
    for (let index = 0; index < count; index += 1) say(bench, client, `m${index}`, argument);
    expect(client).toMatchObject({ pauses: 1, resumes: 0 });
    for (let index = 0; index < count; index += 1) await release();
    await bench.backend.drained();
    expect(upstream.told).toEqual(Array.from({ length: count }, (_, index) => `messages/m${index}`));
    expect(client).toMatchObject({ pauses: 1, resumes: 1 });
  });
});

describe("drained", () => {
  it("resolves at once when nothing is under way, and otherwise when the last call has ended", async () => {
    const { upstream, release } = await held();
    const bench = new Bench(upstream.origin);
    await bench.backend.drained();

    bench.backend.connected(bench.client());
    let drained = false;
    const waiting = bench.backend.drained().then(() => {
      drained = true;
    });
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    expect(drained).toBe(false);
    await release();
    await waiting;
  });
});

describe("reports", () => {
  it("tell the observer of every call, without secrets", async () => {
    const upstream = await Upstream.start((_, response) => void response.writeHead(404).end());
    const bench = new Bench(`${upstream.origin.replace("//", "//user:password@")}/{event}?code=s3cret&x=y=z&empty`);
    await bench.answer("target");
    expect(bench.calls).toEqual([
      {
        connectionId: "connection-1",
        hub: "obs",
        category: "messages",
        event: "target",
        template: bench.options.templates[0],
        url: `${upstream.origin}/target?code=***&x=***&empty`,
        status: 404,
        error: undefined,
        durationMs: expect.any(Number),
        attempt: 1,
        retryInMs: undefined,
      },
    ]);
    const [line] = bench.logged;
    expect(JSON.parse(line!)).toMatchObject({
      level: 40,
      msg: "The upstream answered 404 to messages/target of hub obs",
      status: 404,
    });
    expect(line).not.toMatch(/s3cret|password/);
  });

  it("do not warn of a functions host without a function for connected", async () => {
    const upstream = await Upstream.start((_, response) => void response.writeHead(404).end());
    const bench = new Bench(upstream.origin);
    bench.backend.connected(bench.client());
    await bench.backend.drained();
    expect(bench.logged.map((line) => JSON.parse(line).level)).toEqual([20]);
  });

  it("are short, however long the name that a client chose", async () => {
    const bench = new Bench("http://127.0.0.1:1/{event}");
    const client = await bench.answer("x".repeat(1_000_000));
    expect(client.completion.error).toBe("Invocation failed, status code 500");
    expect(bench.logged.join().length).toBeLessThan(2_000);
  });

  it("that fail leave nobody waiting", async () => {
    const upstream = await Upstream.start((_, response) => void response.end());
    const bench = new Bench(upstream.origin);
    vi.spyOn(bench.calls, "push").mockImplementation(() => {
      throw new Error("observer failed");
    });
    const client = await bench.answer("target");
    expect(client.completion.error).toBe("Invocation failed, status code 500");
    expect(bench.logged.join()).toContain("observer failed");
  });
});
