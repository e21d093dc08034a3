import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ClientInvocationError, ConnectionNotFoundError, InvalidArgumentError } from "../errors.ts";
import { ServiceClient } from "../service-client.ts";
import { type ClientOptions, type ConnectedClient, StartedService } from "../started-service.suite.ts";
import type { HubContext } from "./hub-context.ts";

let started: StartedService;
let service: ServiceClient;
let hub: HubContext;
let hubs = 0;

beforeAll(async () => {
  started = await StartedService.start();
  service = ServiceClient.fromConnectionString(started.connectionString);
});
afterAll(() => started.stop());
// A hub of its own for every test, so that none hears another's clients.
beforeEach(() => {
  hub = service.hub(`Chat${++hubs}`);
});

async function connect(userId?: string, options?: ClientOptions): Promise<ConnectedClient> {
  return started.connect(await hub.negotiate(userId === undefined ? {} : { userId }), options);
}

/** Calls that arrived up to a last one that everybody gets. */
async function heard(...clients: readonly ConnectedClient[]): Promise<unknown[][][]> {
  await hub.all.send("news", "end");
  return Promise.all(
    clients.map(async ({ calls }) => {
      await expect.poll(() => calls.at(-1)).toEqual(["news", "end"]);
      return calls.splice(0).slice(0, -1);
    }),
  );
}

describe("sending", () => {
  it("reaches everybody, with the arguments that were passed, in JSON and MessagePack", async () => {
    const clients = [await connect("ann"), await connect(undefined, { protocol: "messagepack" })];
    await hub.all.send("news", "text", 1.5, { deep: [null, true, "ü ☃"] }, []);
    const call = ["news", "text", 1.5, { deep: [null, true, "ü ☃"] }, []];
    expect(await heard(...clients)).toEqual([[call], [call]]);
  });

  it("reaches those who are named", async () => {
    const [a1, a2, bob, nobody] = [await connect("ann"), await connect("ann"), await connect("bob/ü"), await connect()];
    await hub.allExcept([a1.id, bob.id]).send("news", 1);
    await hub.user("ann").send("news", 2);
    await hub.users(["ann", "bob/ü", "ghost"]).send("news", 3);
    await hub.connection(nobody.id).send("news", 4);
    await hub.connections([nobody.id, a1.id]).send("news", 5);
    await hub.users([]).send("news", "to nobody");
    expect(await heard(a1, a2, bob, nobody)).toEqual([
      [
        ["news", 2],
        ["news", 3],
        ["news", 5],
      ],
      [
        ["news", 1],
        ["news", 2],
        ["news", 3],
      ],
      [["news", 3]],
      [
        ["news", 1],
        ["news", 4],
        ["news", 5],
      ],
    ]);
  });

  it("reaches groups", async () => {
    const [a, b, c] = [await connect(), await connect(), await connect()];
    await hub.groups.add(a.id, "red / ü");
    await hub.groups.add(b.id, "red / ü");
    await hub.groups.add(c.id, "blue");
    await hub.group("red / ü").send("news", 1);
    await hub.groups(["red / ü", "blue"]).send("news", 2);
    await hub.groupExcept("red / ü", [a.id]).send("news", 3);
    expect(await heard(a, b, c)).toEqual([
      [
        ["news", 1],
        ["news", 2],
      ],
      [
        ["news", 1],
        ["news", 2],
        ["news", 3],
      ],
      [["news", 2]],
    ]);
  });

  it("keeps whole numbers of 64 bits", async () => {
    const client = await connect(undefined, { protocol: "messagepack" });
    await hub.all.send("news", 2n ** 62n);
    expect(await heard(client)).toEqual([[["news", 2 ** 62]]]);
  });

  it("sends frames of the protocols that were chosen, and only of those", async () => {
    const framed = ServiceClient.fromConnectionString(started.connectionString, { protocols: ["messagepack"] }).hub(hub.name);
    const [json, messagePack] = [await connect(), await connect(undefined, { protocol: "messagepack" })];
    await framed.all.send("news", new Uint8Array([1, 2, 3]));
    const [first, second] = await heard(json, messagePack);
    expect(first).toEqual([]);
    expect(second).toEqual([["news", new Uint8Array([1, 2, 3])]]);
  });

  it("refuses what cannot be sent, before anything is", async () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    await expect(hub.all.send("news", cycle)).rejects.toThrow(InvalidArgumentError);
    await expect(hub.all.send("")).rejects.toThrow("The target must be named: it is empty.");
  });

  it.each(["", ".", "..", "\ud800"])("refuses the id %j, which would become another URL", (id) => {
    for (const select of [hub.user, hub.group, hub.connection]) expect(() => select(id)).toThrow(InvalidArgumentError);
    expect(() => hub.users(["ann", id])).toThrow(InvalidArgumentError);
  });

  it.each(["", "1a", "a b", "a/b", "ü", "a".repeat(129)])("refuses the hub name %j", (name) => {
    expect(() => service.hub(name)).toThrow(InvalidArgumentError);
  });

  it("does not tell letter case of hubs", async () => {
    const client = await connect();
    await service.hub(hub.name.toUpperCase()).all.send("news", 1);
    expect(await heard(client)).toEqual([[["news", 1]]]);
  });
});

describe("an application", () => {
  it("has hubs of its own", async () => {
    const other = ServiceClient.fromConnectionString(started.connectionString, { application: "Shop" }).hub(hub.name);
    const [ours, theirs] = [await connect(), await started.connect(await other.negotiate())];
    await other.all.send("news", "of the shop");
    await expect.poll(() => theirs.calls).toEqual([["news", "of the shop"]]);
    expect(await other.connectionExists(theirs.id)).toBe(true);
    expect(await hub.connectionExists(theirs.id)).toBe(false);
    expect(await heard(ours)).toEqual([[]]);
  });
});

describe("groups of connections", () => {
  it("are joined and left", async () => {
    const client = await connect();
    expect(await hub.groups.add(client.id, "red")).toBe(true);
    expect(await hub.groups.add(client.id, "blue")).toBe(true);
    expect(await hub.groupExists("red")).toBe(true);
    await hub.groups.remove(client.id, "red");
    expect(await hub.groupExists("red")).toBe(false);
    await hub.groups.removeFromAll(client.id);
    expect(await hub.groupExists("blue")).toBe(false);
  });

  it("tell of a connection that does not exist, and let it go quietly", async () => {
    expect(await hub.groups.add("ghost", "red")).toBe(false);
    await hub.groups.remove("ghost", "red");
    await hub.groups.removeFromAll("ghost");
  });

  it.each(["", "  ", "..", "x".repeat(1025)])("are not named %j", async (name) => {
    await expect(hub.groups.add("c", name)).rejects.toThrow(InvalidArgumentError);
    expect(() => hub.group(name)).toThrow(InvalidArgumentError);
  });
});

describe("groups of users", () => {
  it("hold for connections of now and later", async () => {
    const before = await connect("ann");
    await hub.userGroups.add("ann", "red");
    const after = await connect("ann");
    await hub.group("red").send("news", 1);
    expect(await heard(before, after)).toEqual([[["news", 1]], [["news", 1]]]);
    expect(await hub.userGroups.has("ann", "red")).toBe(true);
    await hub.userGroups.remove("ann", "red");
    expect(await hub.userGroups.has("ann", "red")).toBe(false);
  });

  it("end after their time, and all at once", async () => {
    await hub.userGroups.add("bob", "short", { ttl: 3 });
    await hub.userGroups.add("bob", "long", { ttl: 600 });
    expect(await hub.userGroups.has("bob", "short")).toBe(true);
    await expect.poll(() => hub.userGroups.has("bob", "short")).toBe(false);
    expect(await hub.userGroups.has("bob", "long")).toBe(true);
    await hub.userGroups.removeFromAll("bob");
    expect(await hub.userGroups.has("bob", "long")).toBe(false);
  });

  it.each([-1, 1.5, Number.NaN])("do not have a ttl of %d", async (ttl) => {
    await expect(hub.userGroups.add("ann", "red", { ttl })).rejects.toThrow(InvalidArgumentError);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("who is there", () => {
  it("is known", async () => {
    const client = await connect("ann");
    await hub.groups.add(client.id, "red");
    expect(await hub.connectionExists(client.id)).toBe(true);
    expect(await hub.userExists("ann")).toBe(true);
    expect(await hub.groupExists("red")).toBe(true);
    expect(await hub.connectionExists("ghost")).toBe(false);
    expect(await hub.userExists("Ann")).toBe(false);
    expect(await hub.groupExists("Red")).toBe(false);
  });

  it("is listed page by page", async () => {
    const clients = await Promise.all(["ann", undefined, "bob", "ann", undefined].map((user) => connect(user)));
    for (const { id } of clients) await hub.groups.add(id, "red & ü");
    const ids = clients.map(({ id }) => id).sort();
    const paged = await collect(hub.listConnectionsInGroup("red & ü", { maxPageSize: 2 }));
    expect(paged.map(({ connectionId }) => connectionId).sort()).toEqual(ids);
    expect(paged.find(({ connectionId }) => connectionId === clients[0]!.id)).toEqual({
      connectionId: clients[0]!.id,
      userId: "ann",
    });
    expect(paged.find(({ connectionId }) => connectionId === clients[1]!.id)).toEqual({ connectionId: clients[1]!.id });
    expect(await collect(hub.listConnectionsInGroup("red & ü"))).toHaveLength(5);
    expect(await collect(hub.listConnectionsInGroup("red & ü", { top: 3, maxPageSize: 2 }))).toHaveLength(3);
    expect(await collect(hub.listConnectionsInGroup("nobody's"))).toEqual([]);
  });

  it.each([{ top: 0 }, { maxPageSize: 201 }, { maxPageSize: 1.5 }])("is not listed with %j", (options) => {
    expect(() => hub.listConnectionsInGroup("red", options)).toThrow(InvalidArgumentError);
  });
});

describe("closing", () => {
  it("ends a connection and gives the reason", async () => {
    const client = await connect();
    await hub.close.connection(client.id, { reason: "signed out ü" });
    expect(String(await client.closed)).toContain("signed out ü");
    expect(await hub.connectionExists(client.id)).toBe(false);
    await hub.close.connection("ghost");
  });

  it("ends those of a user, a group, or all, except some", async () => {
    const [a1, a2, b, c] = [await connect("ann"), await connect("ann"), await connect("bob"), await connect()];
    await hub.groups.add(b.id, "red");
    await hub.groups.add(c.id, "red");
    await hub.close.user("ann", { except: [a2.id], reason: "moved" });
    expect(String(await a1.closed)).toContain("moved");
    await hub.close.group("red", { except: [c.id] });
    await b.closed;
    await hub.close.all({ except: [c.id] });
    await a2.closed;
    expect(await hub.connectionExists(c.id)).toBe(true);
    await hub.close.all();
    await c.closed;
  });
});

describe("asking a client", () => {
  it.each(["json", "messagepack"] as const)("answers what it returns (%s)", async (protocol) => {
    const client = await connect("ann", { protocol, targets: [] });
    client.connection.on("add", (a: number, b: number) => a + b);
    client.connection.on("nothing", () => null);
    expect(await hub.connection(client.id).invoke<number>("add", 1, 2)).toBe(3);
    expect(await hub.connection(client.id).invoke("nothing")).toBeNull();
  });

  it("rejects with the client's error", async () => {
    const client = await connect("ann", { targets: [] });
    client.connection.on("fail", () => {
      throw new Error("no milk today");
    });
    const failure = hub.connection(client.id).invoke("fail");
    await expect(failure).rejects.toThrow(ClientInvocationError);
    await expect(failure).rejects.toThrow("no milk today");
    await expect(failure).rejects.toMatchObject({ status: 424, code: "Error.Connection.InvocationFailed" });
  });

  it("rejects for a connection that does not exist", async () => {
    await expect(hub.connection("ghost").invoke("add")).rejects.toThrow(ConnectionNotFoundError);
  });
});

describe("answering a stream", () => {
  // Tells what the client asked for, as a function app would hear it.
  const asked: { connectionId: string; invocationId: string }[] = [];
  const upstream = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.headers["x-asrs-category"] === "messages") {
      const { invocationId } = JSON.parse(Buffer.concat(chunks).toString().replace("\u001e", ""));
      asked.push({ connectionId: String(request.headers["x-asrs-connection-id"]), invocationId });
    }
    response.writeHead(204).end();
  });
  let streaming: StartedService;

  beforeAll(async () => {
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const { port } = upstream.address() as AddressInfo;
    streaming = await StartedService.start({ "upstream.templates": `http://127.0.0.1:${port}/` });
  });
  afterAll(async () => {
    await streaming.stop();
    upstream.closeAllConnections();
    upstream.close();
  });
  afterEach(() => {
    asked.length = 0;
  });

  async function openStream() {
    const numbers = ServiceClient.fromConnectionString(streaming.connectionString).hub("numbers");
    const { connection } = await streaming.connect(await numbers.negotiate());
    const items: unknown[] = [];
    const done = new Promise<unknown>((resolve) => {
      connection
        .stream("count")
        .subscribe({ next: (item) => items.push(item), complete: () => resolve("completed"), error: resolve });
    });
    await expect.poll(() => asked).toHaveLength(1);
    return { items, done, client: numbers.connection(asked[0]!.connectionId), stream: asked[0]!.invocationId };
  }

  it("sends items and completes", async () => {
    const { items, done, client, stream } = await openStream();
    await client.sendStreamItem(stream, { n: 1 });
    await client.sendStreamItem(stream, null);
    await client.completeStream(stream);
    expect(await done).toBe("completed");
    expect(items).toEqual([{ n: 1 }, null]);
  });

  it("completes with the last item", async () => {
    const { items, done, client, stream } = await openStream();
    await client.sendStreamItem(stream, "only", { completed: true });
    expect(await done).toBe("completed");
    expect(items).toEqual(["only"]);
  });

  it("fails with an error", async () => {
    const { done, client, stream } = await openStream();
    await client.completeStream(stream, "ran dry");
    expect(String(await done)).toContain("ran dry");
  });

  it("tells that the client has gone", async () => {
    await expect(hub.connection("ghost").sendStreamItem("1", 1)).rejects.toThrow(ConnectionNotFoundError);
    await expect(hub.connection("ghost").completeStream("1")).rejects.toThrow(ConnectionNotFoundError);
  });
});
