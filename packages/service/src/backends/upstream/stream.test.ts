import { MessageType } from "@signalbox/protocol";
import { describe, expect, it } from "vitest";
import { Bench, record, type TestClient, Upstream, type UpstreamHandler } from "./upstream-fixture.suite.ts";

async function start(handler: UpstreamHandler) {
  const upstream = await Upstream.start(handler);
  const bench = new Bench(`${upstream.origin}/{category}/{event}`);
  return { upstream, bench, client: bench.client() };
}

function stream(bench: Bench, client: TestClient, invocationId = "7"): void {
  bench.send(client, { type: MessageType.StreamInvocation, invocationId, target: "count", arguments: [10] });
}

function cancel(bench: Bench, client: TestClient, invocationId = "7"): void {
  bench.send(client, { type: MessageType.CancelInvocation, invocationId });
}

describe("a stream that a client asks for", () => {
  it("goes upstream as its target's event, and stays open without an answer's body", async () => {
    for (const status of [200, 202, 204]) {
      const { upstream, bench, client } = await start((_, response) => void response.writeHead(status).end());
      stream(bench, client);
      await bench.backend.drained();
      expect(upstream.requests[0]!.url).toBe("/messages/count");
      expect(upstream.requests[0]!.body.toString()).toBe('{"type":4,"invocationId":"7","target":"count","arguments":[10]}');
      expect(client.records).toEqual([]);
    }
  });

  it("gets items and completion of the answer", async () => {
    const items = record({ type: 2, invocationId: "7", item: 1 }) + record({ type: 2, invocationId: "7", item: 2 });
    const { bench, client } = await start((_, response) => void response.end(items));
    stream(bench, client);
    await bench.backend.drained();
    expect(client.messages).toMatchObject([{ item: 1 }, { item: 2 }]);
  });

  it.each<[string, UpstreamHandler, string]>([
    ["an error status", (_, response) => void response.writeHead(404).end(), "status code 404"],
    ["no answer", (_, response) => void response.destroy(), "status code 500"],
    ["garbage", (_, response) => void response.end("hello"), "the answer of the upstream is not valid json"],
  ])("ends with an error by %s", async (_, handler, error) => {
    const { bench, client } = await start(handler);
    stream(bench, client);
    await bench.backend.drained();
    expect(client.completion.error).toContain(`Invocation failed, ${error}`);
  });

  it("ends with an error when no template takes it", async () => {
    const bench = new Bench(undefined);
    const client = bench.client();
    stream(bench, client);
    await bench.backend.drained();
    expect(client.completion.error).toBe("Invocation failed, no upstream takes the event 'count' of hub 'obs'");
  });

  it("is cancelled upstream too, as the same event, once, after the call that started it", async () => {
    const { upstream, bench, client } = await start((_, response) => void response.writeHead(204).end());
    stream(bench, client);
    cancel(bench, client);
    cancel(bench, client);
    await bench.backend.drained();
    expect(upstream.told).toEqual(["messages/count", "messages/count"]);
    expect(upstream.requests[1]!.body.toString()).toBe('{"type":5,"invocationId":"7"}');
    expect(client.records).toEqual([]);
  });

  it("is not cancelled upstream when the upstream completed it, or never heard of it", async () => {
    const { upstream, bench, client } = await start((_, response) => void response.end(record({ type: 3, invocationId: "7" })));
    stream(bench, client);
    cancel(bench, client);
    cancel(bench, client, "8");
    await bench.backend.drained();
    expect(upstream.told).toEqual(["messages/count"]);
  });

  it("is forgotten as the oldest of too many", async () => {
    const { upstream, bench, client } = await start((_, response) => void response.writeHead(204).end());
    for (let id = 0; id <= 100; id += 1) stream(bench, client, `${id}`);
    await bench.backend.drained();
    upstream.requests.length = 0;
    cancel(bench, client, "0");
    cancel(bench, client, "100");
    await bench.backend.drained();
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual(['{"type":5,"invocationId":"100"}']);
  });

  it("uploads nothing: items, completions and closes of clients end here", async () => {
    const { upstream, bench, client } = await start((_, response) => void response.end());
    bench.send(client, { type: MessageType.StreamItem, invocationId: "1", item: 1 });
    bench.send(client, { type: MessageType.Completion, invocationId: "1" });
    bench.send(client, { type: MessageType.Close });
    await bench.backend.drained();
    expect(upstream.requests).toEqual([]);
  });
});
