import { invocationPayload, jsonProtocol } from "@signalbox/protocol";
import { type ClientMessage, CloseReasons, type Connection, type Payload } from "@signalbox/transport";
import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../backends/backend.ts";
import { memoryStore } from "../store/memory-store.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import type { Audience, Command, Listing } from "./command.ts";
import { Hubs } from "./hubs.ts";

/**
 * A connection that notes what reaches it. The hub's rules are about whom a command reaches, not about sockets; those are driven by
 * real clients in the transport's and the end-to-end tests.
 */
class NotingConnection implements Connection {
  readonly transport = "WebSockets";
  readonly protocol = jsonProtocol;
  readonly connectedAt = 0;
  readonly received: string[] = [];
  closedWith: string | undefined;
  readonly id: string;
  readonly context: unknown;

  constructor(id: string, userId?: string, hub = "chat") {
    this.id = id;
    this.context = { hub, hubName: hub, userId, claims: [], query: "" };
  }

  send(payload: Payload): void {
    this.received.push(new TextDecoder().decode(payload.bytes("json")));
  }

  close(_reason: unknown, text?: string): void {
    this.closedWith = text ?? "";
  }

  pause(): void {}
  resume(): void {}

  writable(): undefined {}
}

function record(message: object): ClientMessage {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\u001e`);
  const decoded = jsonProtocol.decode(bytes)!;
  return { record: bytes, type: decoded.type, message: decoded };
}

const payload = () => invocationPayload("m", []);
const frame = '{"type":1,"target":"m","arguments":[]}\u001e';

describe("A hub", () => {
  let hubs: Hubs;
  const events: string[] = [];
  const backend: Backend = {
    handshake: "service",
    connected: ({ id }) => events.push(`connected ${id}`),
    message: ({ id }, { message }) => events.push(`message ${id} ${message.type}`),
    disconnected: ({ id }, error) => events.push(`disconnected ${id} ${error ?? ""}`),
    drained: async () => {},
  };
  // a and b are two connections of ann, c is bob's, d is anonymous.
  let a: NotingConnection, b: NotingConnection, c: NotingConnection, d: NotingConnection;

  const run = <C extends Command>(command: C) => hubs.execute("chat", command);
  const close = (connection: Connection, error?: string) => hubs.closed(connection, CloseReasons.clientLeft, error);
  const reached = async (audience: Audience, except?: { connections?: string[]; users?: string[] }) => {
    await run({ do: "send", audience, payload: payload(), ...(except && { except }) });
    return [a, b, c, d].flatMap((connection) => connection.received.splice(0).map(() => connection.id)).join("");
  };
  const ids = async (of: Listing) => (await run({ do: "list", of, limit: 100 })).items.map(({ id }) => id).join("");

  beforeEach(() => {
    events.length = 0;
    hubs = new Hubs(memoryStore, () => backend);
    a = new NotingConnection("a", "ann");
    b = new NotingConnection("b", "ann");
    c = new NotingConnection("c", "bob");
    d = new NotingConnection("d");
    for (const connection of [a, b, c, d]) hubs.opened(connection);
    return () => {
      hubs.stop();
      vi.useRealTimers();
    };
  });

  describe("sends", () => {
    it("to all, less the excluded connections and users", async () => {
      expect(await reached({ to: "all" })).toBe("abcd");
      expect(await reached({ to: "all" }, { connections: ["a", "nobody"] })).toBe("bcd");
      expect(await reached({ to: "all" }, { users: ["ann"] })).toBe("cd");
    });

    it("to every connection of a user, to named connections, to nobody without complaint", async () => {
      expect(await reached({ to: "users", ids: ["ann"] })).toBe("ab");
      expect(await reached({ to: "users", ids: ["ann", "bob", "nobody"] })).toBe("abc");
      expect(await reached({ to: "connections", ids: ["d", "a", "nobody"] })).toBe("ad");
      expect(await reached({ to: "users", ids: ["Ann"] })).toBe("");
      expect(await reached({ to: "users", ids: [] })).toBe("");
    });

    it("only to its own connections", async () => {
      const other = new NotingConnection("e", "ann", "news");
      hubs.opened(other);
      await reached({ to: "all" });
      expect(other.received).toEqual([]);
      await hubs.execute("nowhere", { do: "send", audience: { to: "all" }, payload: payload() });
      expect(hubs.names()).toEqual(["chat", "news"]);
    });

    it("the bytes of one encoding to all", async () => {
      const one = payload();
      await run({ do: "send", audience: { to: "all" }, payload: one });
      expect(a.received).toEqual([frame]);
      expect(one.bytes("json")).toBe(one.bytes("json"));
    });

    it("narrowed by a filter", async () => {
      await run({ do: "join", group: "g", member: { connection: "c" } });
      await run({ do: "join", group: "g", member: { user: "ann" } });
      await run({
        do: "send",
        audience: { to: "all" },
        filter: (s) => s.isInGroup("g") && s.connectionId !== "a",
        payload: payload(),
      });
      expect([a, b, c, d].map(({ received }) => received.length)).toEqual([0, 1, 1, 0]);
    });
  });

  describe("groups", () => {
    it("hold connections until they leave or end", async () => {
      expect(await run({ do: "join", group: "g", member: { connection: "a" } })).toBe(true);
      expect(await run({ do: "join", group: "g", member: { connection: "a" } })).toBe(true);
      expect(await run({ do: "join", group: "g", member: { connection: "nobody" } })).toBe(false);
      await run({ do: "join", group: "g", member: { connection: "d" } });
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("ad");
      expect(await reached({ to: "groups", ids: ["G"] })).toBe("");
      close(d);
      expect(await run({ do: "leave", group: "g", member: { connection: "a" } })).toBe(true);
      expect(await run({ do: "leave", group: "g", member: { connection: "a" } })).toBe(true);
      expect(await run({ do: "leave", group: "g", member: { connection: "nobody" } })).toBe(false);
      expect(await run({ do: "exists", subject: { group: "g" } })).toBe(false);
    });

    it("give one copy to a member twice over, and two to a member of two", async () => {
      await run({ do: "join", group: "g", member: { user: "ann" } });
      await run({ do: "join", group: "g", member: { connection: "a" } });
      await run({ do: "join", group: "h", member: { connection: "a" } });
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("ab");
      expect(await reached({ to: "groups", ids: ["g", "h"] })).toBe("aab");
    });

    it("follow a user to later connections, and let all go when the user leaves", async () => {
      await run({ do: "join", group: "g", member: { user: "ann" } });
      await run({ do: "join", group: "g", member: { connection: "a" } });
      const later = new NotingConnection("e", "ann");
      hubs.opened(later);
      await reached({ to: "groups", ids: ["g"] });
      expect(later.received).toHaveLength(1);
      await run({ do: "leave", group: "g", member: { user: "ann" } });
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("");
    });

    it("remember an offline user, who counts as a member though the group does not exist", async () => {
      await run({ do: "join", group: "g", member: { user: "eve" } });
      expect(await run({ do: "exists", subject: { user: "eve", group: "g" } })).toBe(true);
      expect(await run({ do: "exists", subject: { group: "g" } })).toBe(false);
      expect(await run({ do: "exists", subject: { user: "eve" } })).toBe(false);
    });

    it("end a user's membership with its time to live", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      await run({ do: "join", group: "g", member: { user: "ann" }, ttl: 10 });
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("ab");
      vi.advanceTimersByTime(10_000);
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("");
      expect(await run({ do: "exists", subject: { user: "ann", group: "g" } })).toBe(false);
    });

    it("with a time to live of 0 take in only the connections of now", async () => {
      await run({ do: "join", group: "g", member: { user: "ann" }, ttl: 0 });
      const later = new NotingConnection("e", "ann");
      hubs.opened(later);
      expect(await reached({ to: "groups", ids: ["g"] })).toBe("ab");
      expect(later.received).toEqual([]);
    });

    it("without a time to live keep the latest 100 of a user", async () => {
      for (let i = 0; i < 103; i++) await run({ do: "join", group: `g${i}`, member: { user: "ann" } });
      await run({ do: "join", group: "short", member: { user: "ann" }, ttl: 60 });
      const { items, more } = await run({ do: "list", of: { kind: "groups", user: "ann" }, limit: 200 });
      expect(more).toBe(false);
      expect(items).toHaveLength(101);
      expect(await run({ do: "exists", subject: { user: "ann", group: "g2" } })).toBe(false);
      expect(await run({ do: "exists", subject: { user: "ann", group: "g3" } })).toBe(true);
    });

    it("are left all at once by a connection or by a user", async () => {
      for (const group of ["g", "h"]) {
        await run({ do: "join", group, member: { connection: "a" } });
        await run({ do: "join", group, member: { user: "bob" } });
      }
      await run({ do: "leave", member: { connection: "a" } });
      expect(await ids({ kind: "groups" })).toBe("gh");
      await run({ do: "leave", member: { user: "bob" } });
      expect(await ids({ kind: "groups" })).toBe("");
    });

    it("of users outlive a restart", async () => {
      const file = `${(await import("node:os")).tmpdir()}/signalbox-hub-${crypto.randomUUID()}/data.db`;
      let store = new SqliteStore(file);
      let restarted = new Hubs(store, () => backend);
      await restarted.execute("chat", { do: "join", group: "g", member: { user: "ann" }, ttl: 60 });
      restarted.stop();
      store.close();
      store = new SqliteStore(file);
      restarted = new Hubs(store, () => backend);
      expect(await restarted.execute("chat", { do: "exists", subject: { user: "ann", group: "g" } })).toBe(true);
      restarted.stop();
      store.close();
    });
  });

  describe("closes", () => {
    it("the chosen connections with the reason; they are gone at once, and the back end hears when the transport ended", async () => {
      expect(
        await run({ do: "close", audience: { to: "users", ids: ["ann"] }, except: { connections: ["b"] }, reason: "bye" }),
      ).toBe(1);
      expect(a.closedWith).toBe("bye");
      expect(await run({ do: "exists", subject: { connection: "a" } })).toBe(false);
      hubs.message(a, record({ type: 1, target: "late", arguments: [] }));
      expect(events).not.toContain("disconnected a ");
      close(a);
      expect(events.filter((event) => event === "disconnected a ")).toHaveLength(1);
      expect(events).not.toContain("message a 1");
    });

    it("everyone once, even a member of two groups", async () => {
      for (const group of ["g", "h"]) await run({ do: "join", group, member: { connection: "a" } });
      expect(await run({ do: "close", audience: { to: "groups", ids: ["g", "h"] } })).toBe(1);
      expect(await run({ do: "close", audience: { to: "all" } })).toBe(3);
      expect(await run({ do: "count" })).toEqual({ connections: 0, users: 0, groups: 0 });
    });
  });

  describe("invokes a client's method", () => {
    const invoke = (connection = "a", timeout = 5_000) =>
      run({ do: "invoke", connection, timeout, payload: (id) => ({ bytes: () => new TextEncoder().encode(id) }) });

    it("and answers its completion, which no back end sees", async () => {
      const answer = invoke();
      hubs.message(a, record({ type: 3, invocationId: a.received[0], result: 42 }));
      expect(await answer).toMatchObject({ outcome: "completed", protocol: "json", result: 42 });
      expect(events).not.toContain("message a 3");
    });

    it("and takes the completion from nobody else", async () => {
      const answer = invoke();
      hubs.message(b, record({ type: 3, invocationId: a.received[0], result: "forged" }));
      hubs.message(a, record({ type: 3, invocationId: a.received[0], error: "no" }));
      expect(await answer).toMatchObject({ outcome: "completed", error: "no" });
      expect(events).toContain("message b 3");
    });

    it("or says why there is none", async () => {
      expect(await invoke("nobody")).toEqual({ outcome: "no connection" });
      expect(await invoke("a", 1)).toEqual({ outcome: "timeout" });
      const answer = invoke();
      close(a);
      expect(await answer).toEqual({ outcome: "disconnected" });
    });
  });

  it("feeds and ends the streams that a client asked for", async () => {
    expect(await run({ do: "stream item", connection: "a", stream: "7", item: { x: null } })).toBe(true);
    expect(await run({ do: "stream complete", connection: "a", stream: "7", error: "no more" })).toBe(true);
    expect(await run({ do: "stream complete", connection: "nobody", stream: "7" })).toBe(false);
    expect(a.received).toEqual([
      '{"type":2,"invocationId":"7","item":{"x":null}}\u001e',
      '{"type":3,"invocationId":"7","error":"no more"}\u001e',
    ]);
  });

  describe("lists", () => {
    it("connections, users and groups with their counts", async () => {
      await run({ do: "join", group: "g", member: { user: "ann" } });
      await run({ do: "join", group: "h", member: { connection: "a" } });
      expect(await run({ do: "list", of: { kind: "connections" }, limit: 2 })).toEqual({
        items: [
          { id: "a", userId: "ann" },
          { id: "b", userId: "ann" },
        ],
        more: true,
      });
      expect(await run({ do: "list", of: { kind: "connections" }, after: "c", limit: 2 })).toEqual({
        items: [{ id: "d" }],
        more: false,
      });
      expect(await ids({ kind: "connections", user: "ann" })).toBe("ab");
      expect(await ids({ kind: "connections", group: "g" })).toBe("ab");
      expect(await run({ do: "list", of: { kind: "users" }, limit: 9 })).toMatchObject({
        items: [
          { id: "ann", connections: 2 },
          { id: "bob", connections: 1 },
        ],
      });
      expect(await run({ do: "list", of: { kind: "groups" }, limit: 9 })).toMatchObject({
        items: [
          { id: "g", connections: 2 },
          { id: "h", connections: 1 },
        ],
      });
      expect(await ids({ kind: "groups", connection: "a" })).toBe("gh");
      expect(await ids({ kind: "groups", user: "ann" })).toBe("g");
      expect(await run({ do: "count" })).toEqual({ connections: 4, users: 2, groups: 2 });
    });

    it("every id exactly once over its pages, in order", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 }),
          fc.integer({ min: 1, max: 20 }),
          async (names, limit) => {
            const hub = new Hubs(memoryStore, () => backend);
            for (const id of names) hub.opened(new NotingConnection(id));
            const seen: string[] = [];
            for (let more = true; more; ) {
              const page = await hub.execute("chat", {
                do: "list",
                of: { kind: "connections" },
                limit,
                ...(seen.length && { after: seen.at(-1)! }),
              });
              seen.push(...page.items.map(({ id }) => id));
              more = page.more;
            }
            hub.stop();
            expect(seen).toEqual([...names].sort());
          },
        ),
      );
    });
  });

  it("tells its back end of each connection once, in order", () => {
    hubs.message(c, record({ type: 1, target: "t", arguments: [] }));
    close(c, "Error reading JSON.");
    close(c);
    expect(events.filter((event) => event.includes(" c "))).toEqual(["message c 1", "disconnected c Error reading JSON."]);
  });

  it("is forgotten when nothing is left to remember", async () => {
    await run({ do: "join", group: "g", member: { user: "ann" } });
    for (const connection of [a, b, c, d]) close(connection);
    expect(hubs.names()).toEqual(["chat"]);
    await run({ do: "leave", member: { user: "ann" } });
    expect(hubs.names()).toEqual([]);
    expect(await run({ do: "exists", subject: { connection: "a" } })).toBe(false);
    expect(hubs.names()).toEqual([]);
  });
});

describe("The hubs", () => {
  it("go on when the store cannot drop what ran out", () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    let fails = false;
    const failing = new Error("disk full");
    const store = {
      ...memoryStore,
      removeExpired() {
        if (fails) throw failing;
      },
    };
    const errors: unknown[] = [];
    const hubs = new Hubs(
      store,
      () => expect.fail("no events here"),
      undefined,
      (error) => errors.push(error),
    );
    try {
      fails = true;
      vi.advanceTimersByTime(120_000);
      expect(errors).toEqual([failing, failing]);
    } finally {
      hubs.stop();
      vi.useRealTimers();
    }
  });
});
