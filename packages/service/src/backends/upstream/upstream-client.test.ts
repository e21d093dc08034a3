import type { ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Bench, record, type TestClient, Upstream } from "./upstream-fixture.suite.ts";

const done = record({ type: 3, invocationId: "7", result: 1 });

describe("sockets", () => {
  it("are kept and used again", async () => {
    const upstream = await Upstream.start((_, response) => void response.end(done));
    const bench = new Bench(upstream.origin);
    for (let call = 0; call < 100; call += 1) await bench.answer("x");
    expect(upstream.socketsOpened).toBe(1);
  });

  it("are used again after answers that nobody reads", async () => {
    const upstream = await Upstream.start((_, response) => void response.writeHead(500).end("x".repeat(50_000)));
    const bench = new Bench(upstream.origin);
    for (let call = 0; call < 20; call += 1) await bench.answer("x");
    expect(upstream.socketsOpened).toBe(1);
  });

  it("are at most as many as the settings say, however many connections speak; changed settings act at once", async () => {
    const upstream = await Upstream.start((_, response) => void setTimeout(() => response.end(done), 1));
    const bench = new Bench(upstream.origin, { concurrencyPerEndpoint: 10 });
    const burst = async () => {
      const clients: TestClient[] = [];
      for (let index = 0; index < 1000; index += 1) {
        const client = bench.client();
        bench.backend.connected(client);
        bench.invoke(client, "x");
        bench.backend.disconnected(client, undefined);
        clients.push(client);
      }
      await bench.backend.drained();
      expect(clients.every((client) => client.completion.result === 1)).toBe(true);
    };
    await burst();
    expect(upstream.requests).toHaveLength(3000);
    expect(upstream.socketsPeak).toBe(10);
    expect(upstream.socketsOpened).toBe(10);

    bench.options = { ...bench.options, concurrencyPerEndpoint: 20 };
    await burst();
    expect(upstream.socketsPeak).toBe(20);
  });

  it("of one origin do not hold up another", async () => {
    const held: ServerResponse[] = [];
    const hanging = await Upstream.start((_, response) => void held.push(response));
    const healthy = await Upstream.start((_, response) => void response.end(done));
    const bench = new Bench(undefined, {
      concurrencyPerEndpoint: 1,
      templates: [{ eventPattern: "hang", urlTemplate: hanging.origin }, { urlTemplate: healthy.origin }],
    });
    bench.invoke(bench.client(), "hang");
    const client = bench.client();
    bench.invoke(client, "x");
    await vi.waitFor(() => expect(client.completion.result).toBe(1));
    expect(bench.calls).toHaveLength(1);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    held[0]!.end(done);
    await bench.backend.drained();
  });

  it("that the upstream closed while idle do no harm", async () => {
    const upstream = await Upstream.start((_, response) => void response.end(done));
    const bench = new Bench(upstream.origin);
    for (let call = 0; call < 5; call += 1) {
      const client = await bench.answer("x");
      expect(client.completion.result).toBe(1);
      upstream.closeIdle();
      await vi.waitFor(() => expect(upstream.socketsOpen).toBe(0));
    }
    expect(upstream.socketsOpened).toBe(5);
  });

  it("that the upstream closes just when a call comes do no harm: the call goes out again, once, on a new one", async () => {
    // However long this machine takes over it.
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const met: string[] = [];
    const keys: (string | undefined)[] = [];
    const upstream = await Upstream.start((request, response) => {
      const event = request.header("x-asrs-event")!;
      met.push(event);
      keys.push(request.header("x-asrs-idempotency-key"));
      // As if it had been closed before the call came: not a byte is answered.
      if (event === "closing" && met.filter((other) => other === event).length === 1) response.socket?.destroy();
      else if (event === "dying") response.socket?.destroy();
      else response.end(done);
    });
    const bench = new Bench(upstream.origin);
    expect((await bench.answer("first")).completion.result).toBe(1);
    expect((await bench.answer("closing")).completion.result).toBe(1);
    expect((await bench.answer("kept")).completion.result).toBe(1);
    expect((await bench.answer("dying")).completion.error).toBe("Invocation failed, status code 500");
    expect(met).toEqual(["first", "closing", "closing", "kept", "dying", "dying"]);
    // Who died of a message can tell that it comes again.
    const [first, closing, again, kept, dying, dyingAgain] = keys;
    expect([again, dyingAgain]).toEqual([closing, dying]);
    expect(new Set([first, closing, kept, dying]).size).toBe(4);
    expect(bench.calls.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 200],
      [1, 200],
      [1, 200],
      [1, undefined],
    ]);
  });

  it("that break in the middle of an answer end the call: it is not repeated", async () => {
    const upstream = await Upstream.start((request, response) => {
      if (request.header("x-asrs-event") === "first") return void response.end(done);
      response.socket?.write("HTTP/1.1 200 OK\r\nContent-", () => response.socket?.destroy());
    });
    const bench = new Bench(upstream.origin);
    await bench.answer("first");
    expect((await bench.answer("cut")).completion.error).toBe("Invocation failed, status code 500");
    expect(upstream.told).toEqual(["messages/first", "messages/cut"]);
  });

  it("are given up after a time-out, so that a hanging upstream holds none for ever", async () => {
    const upstream = await Upstream.start(() => {});
    const bench = new Bench(upstream.origin, { timeoutMs: 50, concurrencyPerEndpoint: 2 });
    const clients = Array.from({ length: 6 }, () => bench.client());
    for (const client of clients) bench.invoke(client, "x");
    await bench.backend.drained();
    expect(clients.map((client) => client.completion.error)).toEqual(Array(6).fill("Invocation failed, status code 500"));
    await vi.waitFor(() => expect(upstream.socketsOpen).toBe(0));
  });
});

describe("calls that wait for a socket", () => {
  it("are at most as many as the settings say; further ones fail at once, and nobody is left waiting", async () => {
    const answers: (() => void)[] = [];
    const upstream = await Upstream.start((_, response) => void answers.push(() => response.end(done)));
    const bench = new Bench(upstream.origin, { concurrencyPerEndpoint: 1, waitingPerEndpoint: 2 });
    const clients = Array.from({ length: 5 }, () => bench.client());
    for (const client of clients) bench.invoke(client, "x");
    // One is under way and two wait for it.
    await vi.waitFor(() => expect(clients.filter((client) => client.records.length > 0)).toHaveLength(2));
    expect(clients.slice(3).map((client) => client.completion.error)).toEqual(
      Array(2).fill("Invocation failed, status code 500"),
    );
    expect(bench.calls.map((call) => call.error)).toEqual(Array(2).fill("2 calls wait for this endpoint already"));
    for (const length of [1, 2, 3]) {
      await vi.waitFor(() => expect(answers).toHaveLength(length));
      answers.at(-1)!();
    }
    await bench.backend.drained();
    expect(clients.slice(0, 3).map((client) => client.completion.result)).toEqual([1, 1, 1]);
  });
});

describe("an upstream that dies", () => {
  it("fails its calls and is called again when it is back", async () => {
    const upstream = await Upstream.start((_, response) => void response.end(done));
    const bench = new Bench(upstream.origin);
    expect((await bench.answer("x")).completion.result).toBe(1);
    const { port } = new URL(upstream.origin);
    await upstream.stop();
    expect((await bench.answer("x")).completion.error).toBe("Invocation failed, status code 500");

    await Upstream.start((_, response) => void response.end(done), Number(port));
    expect((await bench.answer("x")).completion.result).toBe(1);
  });

  it("resets while a thousand connections wait: each gets its answer", async () => {
    const dies = (event: string) => Number(event) % 3 === 0;
    const upstream = await Upstream.start((request, response) => {
      if (dies(request.header("x-asrs-event")!)) response.socket?.resetAndDestroy();
      else response.end(done);
    });
    const bench = new Bench(upstream.origin);
    const clients = Array.from({ length: 1000 }, () => bench.client());
    for (const [number, client] of clients.entries()) bench.invoke(client, String(number));
    await bench.backend.drained();
    for (const [number, { completion }] of clients.entries()) {
      if (dies(String(number))) expect(completion.error).toBe("Invocation failed, status code 500");
      else expect(completion.result).toBe(1);
    }
  });
});
