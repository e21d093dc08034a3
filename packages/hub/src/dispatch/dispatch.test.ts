import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { RawClient } from "../../test/raw-client.ts";
import { connect } from "../../test/test-client.ts";
import {
  type ConnectionFeatures,
  Hub,
  HubException,
  type HubFilter,
  type HubMethodOptions,
  HubServer,
  type ListeningHubServer,
} from "../index.ts";

const log: string[] = [];
let gate = Promise.withResolvers<void>();
let produced = 0;

const noting = (name: string): HubFilter => ({
  async invokeMethod({ methodName, arguments: args }, next) {
    log.push(`${name} ${methodName}(${args})`);
    const result = await next(methodName === "shout" ? [String(args[0]).toUpperCase()] : undefined);
    log.push(`${name} = ${result}`);
    return methodName === "shout" ? `${result}!` : result;
  },
  async onConnected(_, next) {
    log.push(`${name} connected`);
    await next();
  },
  async onDisconnected(_, error, next) {
    log.push(`${name} disconnected ${error?.message}`);
    await next();
  },
});

class Tested extends Hub {
  static override readonly methods = {
    checked: { parameters: [z.string().min(2), z.coerce.number()] },
    both: { parameters: [z.string().min(2)], streams: [1] },
  } satisfies HubMethodOptions<Tested>;

  override async onConnected() {
    const { query } = this.context.features;
    if (query.get("slow") !== null) await gate.promise;
    if (query.get("ask") !== null) await this.clients.caller.invoke("ask");
    if (query.get("refuse") !== null) throw new HubException("no");
    log.push("connected");
  }

  override onDisconnected(error?: Error) {
    log.push(`disconnected${error === undefined ? "" : ` ${error.message}`}`);
  }

  [Symbol.dispose]() {
    log.push("disposed");
  }

  echo(value: unknown) {
    return value;
  }

  shout(text: string) {
    return text;
  }

  async wait() {
    log.push("waiting");
    await new Promise<void>((resolve) => this.context.aborted.addEventListener("abort", () => resolve()));
    log.push("aborted");
  }

  async waitForGate() {
    await gate.promise;
    return "through";
  }

  async *flood() {
    for (produced = 0; produced < 10_000; produced++) yield "x".repeat(1_000);
  }

  checked(text: string, number: number) {
    return [text, number];
  }

  async both(text: string, items: AsyncIterable<number>) {
    let sum = 0;
    for await (const item of items) sum += item;
    return text + sum;
  }

  bad() {
    return 2n ** 80n;
  }

  circular() {
    const value: Record<string, unknown> = {};
    value.self = value;
    return value;
  }

  transport(): ConnectionFeatures["transport"] {
    return this.context.features.transport;
  }
}

class Filtered extends Tested {
  static override readonly filters = [noting("hub")];
}

let server: ListeningHubServer;
let url: string;
const errors: string[] = [];

beforeAll(async () => {
  server = await new HubServer({ onError: (error, doing) => errors.push(`${doing}: ${(error as Error).message}`) })
    .map("/tested", Tested)
    .map("/filtered", Filtered, { filters: [noting("outer")] })
    .map("/expiring", Tested, { authenticate: () => ({ expiresAt: new Date(Date.now() + 1_000) }) })
    .map("/quick", Tested, { clientTimeoutInterval: 2_500, keepAliveInterval: 500 })
    .listen(0);
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  log.length = 0;
  errors.length = 0;
  gate = Promise.withResolvers();
});

describe("connecting", () => {
  it("holds calls back until onConnected has ended, and pairs it with onDisconnected", async () => {
    const client = await RawClient.open(`${url}/tested?slow`);
    client.send({ type: 1, target: "echo", arguments: [1], invocationId: "1" });
    await expect.poll(() => client.records).toEqual([{}]);
    gate.resolve();
    await expect.poll(() => client.records.slice(1)).toEqual([{ type: 3, invocationId: "1", result: 1 }]);
    client.socket.close();
    await expect.poll(() => log.filter((entry) => entry !== "disposed")).toEqual(["connected", "disconnected"]);
  });

  it("tells of no end what it did not let begin", async () => {
    const client = await RawClient.open(`${url}/tested?refuse`);
    await expect.poll(() => client.closed).toBe(true);
    expect(client.records).toEqual([{}, { type: 7, error: "Connection closed with an error. HubException: no" }]);
    expect(log).toEqual(["disposed"]);
  });

  it("waits for no answer of a client that is not listened to yet", async () => {
    const client = await RawClient.open(`${url}/tested?ask`);
    await expect.poll(() => client.closed).toBe(true);
    expect(errors[0]).toContain("Client results inside onConnected hub methods are not allowed.");
  });

  it("ends after it has begun, when the client leaves meanwhile", async () => {
    const client = await RawClient.open(`${url}/tested?slow`);
    await expect.poll(() => client.records).toEqual([{}]);
    client.socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(log).toEqual([]);
    gate.resolve();
    await expect
      .poll(() => log.filter((entry) => entry !== "disposed"))
      .toEqual(["connected", "disconnected The connection was lost without a close handshake."]);
  });
});

describe("a client that leaves", () => {
  it("aborts its calls, although more of them wait", async () => {
    const client = await RawClient.open(`${url}/tested`);
    client.send(...[1, 2, 3].map((id) => ({ type: 1, target: "wait", arguments: [], invocationId: String(id) })));
    await expect.poll(() => log).toContain("waiting");
    client.socket.terminate();
    await expect.poll(() => log.at(-1)).toBe("disposed");
    await expect.poll(() => log.filter((entry) => entry === "aborted")).toHaveLength(1);
    await expect.poll(() => log.some((entry) => entry.startsWith("disconnected"))).toBe(true);
  });

  it("says why, and the hub hears it", async () => {
    const client = await RawClient.open(`${url}/tested`);
    client.send({ type: 7, error: "I am tired" });
    await expect.poll(() => log).toContain("disconnected I am tired");
  });

  it("is noticed by its silence after a ping", async () => {
    const client = await RawClient.open(`${url}/quick`);
    client.send({ type: 6 });
    await expect.poll(() => client.closed).toBe(true);
    expect(client.records.at(-1)).toEqual({ type: 7, error: "Connection closed with an error.", allowReconnect: true });
    expect(client.records).toContainEqual({ type: 6 });
  });

  it("has to when its user's time is over", async () => {
    const client = await RawClient.open(`${url}/expiring`);
    await expect.poll(() => client.closed).toBe(true);
    expect(client.records.at(-1)).toMatchObject({ type: 7, allowReconnect: true });
  });
});

describe("filters", () => {
  it("stand around calls and connections, the server's outside", async () => {
    const client = await connect({ url: `${url}/filtered` });
    expect(await client.invoke("shout", "hey")).toBe("HEY!!");
    await client.stop();
    await expect.poll(() => log).toContain("disconnected");
    expect(log.filter((entry) => entry !== "disposed")).toEqual([
      "outer connected",
      "hub connected",
      "connected",
      "outer shout(hey)",
      "hub shout(HEY)",
      "hub = HEY",
      "outer = HEY!",
      "outer disconnected undefined",
      "hub disconnected undefined",
      "disconnected",
    ]);
  });
});

describe("arguments with schemas", () => {
  it("are what the schemas make of them, or the call fails", async () => {
    const client = await RawClient.open(`${url}/tested`);
    const call = (id: string, target: string, args: unknown[], streamIds?: string[]) =>
      client.send({ type: 1, target, arguments: args, invocationId: id, streamIds });
    call("1", "checked", ["ab", "7"]);
    call("2", "checked", ["a", 7]);
    call("3", "both", ["ab"], ["s1"]);
    client.send(
      { type: 2, invocationId: "s1", item: 3 },
      { type: 2, invocationId: "s1", item: 4 },
      { type: 3, invocationId: "s1" },
    );
    call("4", "both", ["a"], ["s2"]);
    await expect.poll(() => client.records.length).toBe(5);
    const byId = Object.fromEntries(client.records.map((record) => [record.invocationId, record]));
    expect(byId["1"]).toMatchObject({ result: ["ab", 7] });
    expect(byId["2"]).toMatchObject({ error: "Failed to invoke 'checked' due to an error on the server." });
    expect(byId["3"]).toMatchObject({ result: "ab7" });
    expect(byId["4"]).toMatchObject({ error: "Failed to invoke 'both' due to an error on the server." });
    client.socket.close();
  });
});

describe("results", () => {
  it("that cannot be sent are errors", async () => {
    const json = await connect({ url: `${url}/tested` });
    await expect(json.invoke("circular")).rejects.toThrow("An unexpected error occurred invoking 'circular' on the server.");
    const messagePack = await connect({ url: `${url}/tested`, protocol: "messagepack" });
    await expect(messagePack.invoke("bad")).rejects.toThrow("An unexpected error occurred invoking 'bad' on the server.");
    expect(await messagePack.invoke("echo", 1)).toBe(1);
    await json.stop();
    await messagePack.stop();
  });

  it("are streamed no faster than the client reads", async () => {
    const client = await RawClient.open(`${url}/tested`);
    await expect.poll(() => client.records).toEqual([{}]);
    client.socket.pause();
    client.send({ type: 4, target: "flood", arguments: [], invocationId: "1" });
    await expect.poll(() => produced).toBeGreaterThan(50);
    let last = -1;
    // What the system buffers on the way is not ours to limit.
    await expect
      .poll(
        () => {
          const stands = produced === last;
          last = produced;
          return stands;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(produced).toBeLessThan(10_000);
    client.socket.resume();
    await expect.poll(() => client.records.at(-1)).toEqual({ type: 3, invocationId: "1" });
    expect(client.records).toHaveLength(10_002);
  });
});

describe("hostile clients", () => {
  const call = fc.record({
    type: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.anything()),
    target: fc.oneof(fc.constantFrom("echo", "both", "flood", "constructor", "wait", "__proto__"), fc.string()),
    arguments: fc.oneof(fc.array(fc.jsonValue(), { maxLength: 3 }), fc.jsonValue()),
    invocationId: fc.oneof(fc.constantFrom("1", "2", "s1"), fc.jsonValue()),
    streamIds: fc.oneof(fc.constant(undefined), fc.array(fc.constantFrom("s1", "s2", "1"), { maxLength: 3 })),
    item: fc.jsonValue(),
    error: fc.oneof(fc.constant(undefined), fc.string()),
  });

  it("get errors or the end, and nobody else notices", { timeout: 60_000 }, async () => {
    const witness = await connect({ url: `${url}/tested` });
    const rejections: unknown[] = [];
    const note = (error: unknown) => rejections.push(error);
    process.on("unhandledRejection", note);
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (messages) => {
        const client = await RawClient.open(`${url}/tested`);
        client.send(...messages.map((message) => JSON.parse(JSON.stringify(message) ?? "{}")));
        expect(await witness.invoke("echo", 1)).toBe(1);
        client.socket.terminate();
      }),
      { numRuns: 100 },
    );
    process.off("unhandledRejection", note);
    expect(rejections).toEqual([]);
    await witness.stop();
  });

  it("may not use an id twice at once, nor a stream of another call", async () => {
    const client = await RawClient.open(`${url}/tested`);
    client.socket.pause();
    const flood = { type: 4, target: "flood", arguments: [], invocationId: "1" };
    const both = (id: string) => ({ type: 1, target: "both", arguments: ["ab"], invocationId: id, streamIds: ["s"] });
    client.send(both("2"), both("3"), flood, flood);
    client.socket.resume();
    await expect
      .poll(() => client.records.filter(({ error }) => error !== undefined))
      .toEqual([
        { type: 3, invocationId: "3", error: "Failed to invoke 'both' due to an error on the server." },
        { type: 3, invocationId: "1", error: "Invocation ID '1' is already in use." },
      ]);
    client.socket.terminate();
  });

  it("cannot answer for others", async () => {
    const answers: Promise<unknown>[] = [];
    class Asking extends Hub {
      ask(connectionId: string) {
        answers.push(this.clients.client(connectionId).invoke("question"));
      }
      id() {
        return this.context.connectionId;
      }
    }
    await using asking = await new HubServer().map("/asking", Asking).listen(0);
    const asked = await RawClient.open(`http://127.0.0.1:${asking.port}/asking`);
    const evil = await RawClient.open(`http://127.0.0.1:${asking.port}/asking`);
    asked.send({ type: 1, target: "id", arguments: [], invocationId: "1" });
    await expect.poll(() => asked.records.length).toBe(2);
    evil.send({ type: 1, target: "ask", arguments: [asked.records[1]!.result] });
    await expect.poll(() => asked.records.length).toBe(3);
    const { invocationId } = asked.records[2]!;
    evil.send({ type: 3, invocationId, result: "evil" });
    evil.send({ type: 1, target: "id", arguments: [], invocationId: "1" });
    await expect.poll(() => evil.records.length).toBe(2);
    asked.send({ type: 3, invocationId, result: "good" });
    expect(await answers[0]).toBe("good");
  });
});
