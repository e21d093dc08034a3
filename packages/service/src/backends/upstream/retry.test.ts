import { describe, expect, it } from "vitest";
import type { UpstreamRetry } from "./options.ts";
import { retryDelay } from "./retry.ts";
import { noAnswer } from "./upstream-client.ts";
import { Bench, Upstream, type UpstreamHandler } from "./upstream-fixture.suite.ts";

const quick: UpstreamRetry = { attempts: 3, baseDelayMs: 1, maxDelayMs: 5, messages: false };

/** Answers the first requests with these statuses (0: not at all), later ones with 204. */
function failing(...statuses: number[]): UpstreamHandler {
  return (_, response) => {
    const status = statuses.shift() ?? 204;
    if (status === 0) response.destroy();
    else response.writeHead(status).end();
  };
}

describe("a connected or disconnected event", () => {
  it.each([0, 408, 429, 500, 503])("is told again after a failure that may pass: %i", async (status) => {
    const upstream = await Upstream.start(failing(status, status));
    const bench = new Bench(upstream.origin, { retry: quick });
    const client = bench.client();
    bench.backend.connected(client);
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();
    const [connected] = upstream.told;
    expect(upstream.told).toEqual([connected, connected, connected, "connections/disconnected"]);
    expect(bench.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1]);
  });

  it("carries one idempotency key over its attempts, another than the next event", async () => {
    const upstream = await Upstream.start(failing(500));
    const bench = new Bench(upstream.origin, { retry: quick });
    const client = bench.client();
    bench.backend.connected(client);
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();
    const [first, second, third] = upstream.requests.map((request) => request.header("x-asrs-idempotency-key"));
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("is told again when it got no answer in time", async () => {
    let calls = 0;
    const upstream = await Upstream.start((_, response) => {
      calls += 1;
      if (calls > 1) response.end();
    });
    const bench = new Bench(upstream.origin, { retry: quick, timeoutMs: 2_000 });
    bench.backend.connected(bench.client());
    await bench.backend.drained();
    expect(bench.calls.map(({ status }) => status)).toEqual([undefined, 200]);
  });

  it("is told as often as the settings allow", async () => {
    const upstream = await Upstream.start((_, response) => void response.writeHead(500).end());
    const bench = new Bench(upstream.origin, { retry: quick });
    bench.backend.connected(bench.client());
    await bench.backend.drained();
    expect(upstream.requests).toHaveLength(3);
  });

  it.each([200, 400, 401, 403, 404, 409])("is told once when the answer is final: %i", async (status) => {
    const upstream = await Upstream.start(failing(status));
    const bench = new Bench(upstream.origin, { retry: quick });
    bench.backend.connected(bench.client());
    await bench.backend.drained();
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("a message", () => {
  it("is told once", async () => {
    const upstream = await Upstream.start(failing(500));
    const bench = new Bench(upstream.origin, { retry: quick });
    const client = await bench.answer("target");
    expect(client.completion.error).toBe("Invocation failed, status code 500");
    expect(upstream.requests).toHaveLength(1);
  });

  it("is told again when opted in, and stays in its order", async () => {
    const upstream = await Upstream.start(failing(500, 0));
    const bench = new Bench(upstream.origin, { retry: { ...quick, messages: true } });
    const client = bench.client();
    bench.invoke(client, "one");
    bench.invoke(client, "two");
    await bench.backend.drained();
    expect(upstream.told).toEqual(["messages/one", "messages/one", "messages/one", "messages/two"]);
    expect(client.messages).toEqual([
      { type: 3, invocationId: "7" },
      { type: 3, invocationId: "7" },
    ]);
  });
});

describe("the wait before the next attempt", () => {
  const retry: UpstreamRetry = { attempts: 100, baseDelayMs: 100, maxDelayMs: 10_000, messages: false };
  const unavailable = (retryAfter?: string) => ({ ...noAnswer(""), status: 503, retryAfter });

  it("is random below a bound that doubles up to the greatest", () => {
    for (const [attempt, bound] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [50, 10_000],
    ] as const) {
      const waits = Array.from({ length: 1000 }, () => retryDelay(unavailable(), attempt, retry)!);
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound);
      expect(Math.max(...waits)).toBeGreaterThan(bound * 0.9);
      expect(Math.min(...waits)).toBeLessThan(bound * 0.1);
    }
  });

  it("is at least what the upstream asks for, in seconds or as a date", () => {
    expect(retryDelay(unavailable("2"), 1, retry)).toBe(2000);
    const wait = retryDelay(unavailable(new Date(Date.now() + 5000).toUTCString()), 1, retry)!;
    expect(wait).toBeGreaterThan(1000);
    expect(wait).toBeLessThanOrEqual(5000);
  });

  it.each(["-1", "soon", "", "Mon, 01 Jan 2001 00:00:00 GMT"])("does not mind a strange wish: %j", (wish) => {
    expect(retryDelay(unavailable(wish), 1, retry)).toBeLessThanOrEqual(100);
  });

  it("ends the attempts when the upstream asks for more than the greatest", () => {
    expect(retryDelay(unavailable("11"), 1, retry)).toBeUndefined();
  });
});
