import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type BareClient, type ConnectedClient, StartedService } from "../../started-service.suite.ts";
import { payloadsOf, ScriptedServer, type ServerOptions } from "./scripted-server.suite.ts";

let started: StartedService;
const servers: ScriptedServer[] = [];

beforeAll(async () => {
  started = await StartedService.start({ "servers.timeout": "10s" });
});
afterAll(() => started.stop());
afterEach(async () => {
  await started.stopClients();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: ServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(started.service, { migrationLevel: 1, ...options });
  servers.push(server);
  return server;
}

const on = (server: ScriptedServer) => ({ claims: { "asrs.s.sn": server.serverId, "asrs.s.ssticky": "Preferred" } });

/** Calls `echo` without a pause until told to stop; every call must be answered by its own value, once. */
class Talk {
  readonly client: ConnectedClient;
  calls = 0;
  #goesOn = true;
  readonly #done: Promise<void>;

  constructor(client: ConnectedClient) {
    this.client = client;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (this.#goesOn) {
      expect(await this.client.connection.invoke("echo", this.calls)).toBe(this.calls);
      this.calls++;
    }
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await this.#done;
  }
}

describe("A server that leaves", () => {
  it("gives its clients to another one, which does not shake hands again", async () => {
    const old = await serve();
    const client = await started.connect(on(old));
    const next = await serve();
    await old.leave("fin:1");
    await next.connection.until(4);
    expect(await client.connection.invoke("whoServes")).toBe(next.serverId);
    const close = await old.connection.until(5);
    expect([...close.headers]).toEqual([["Asrs-Migrate-To", [next.serverId]]]);
    const opened = next.clients.get(client.id)!;
    expect(opened.open.headers.get("Asrs-Migrate-From")).toEqual([old.serverId]);
    expect(opened.open.claims).toEqual((await old.connection.until(4)).claims);
    // What the old server says now is for nobody.
    old.send({
      type: 6,
      connectionId: client.id,
      payload: Buffer.from('{"type":7}\u001e'),
      extensions: { dataMessageType: 4 },
    });
    old.send({ type: 5, connectionId: client.id, headers: new Map() });
    expect(await client.connection.invoke("echo", 1)).toBe(1);
    await client.connection.stop();
    await vi.waitFor(() => expect(next.disconnected).toEqual([client.id]));
    expect(old.disconnected).toEqual([client.id]);
  });

  it("has everything answered first that its clients had asked", async () => {
    const old = await serve();
    old.methods.set("slow", async (_client, value) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return value;
    });
    const client = await started.connect(on(old));
    await serve();
    const answers = Promise.all([1, 2, 3].map((value) => client.connection.invoke("slow", value)));
    const { heard } = old.clients.get(client.id)!;
    await vi.waitFor(() => expect(heard.filter(({ type }) => type === 1)).toHaveLength(3));
    await old.leave("fin:1");
    expect(await answers).toEqual([1, 2, 3]);
    await vi.waitFor(() => expect(old.clients.size).toBe(0));
  });

  it("keeps them until another server comes, and those it must keep", async () => {
    const old = await serve();
    const client = await started.connect();
    const stuck = await started.connect({ claims: { "asrs.s.sn": old.serverId, "asrs.s.ssticky": "Required" } });
    await old.leave("fin:1");
    expect(await client.connection.invoke("whoServes")).toBe(old.serverId);
    const next = await serve();
    await expect.poll(() => client.connection.invoke("whoServes")).toBe(next.serverId);
    expect(await stuck.connection.invoke("whoServes")).toBe(old.serverId);
  });

  it("without migration keeps its clients until it ends", async () => {
    const old = await serve({ migrationLevel: 0 });
    const client = await started.connect(on(old));
    await serve();
    await old.leave("fin:1");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await client.connection.invoke("whoServes")).toBe(old.serverId);
    await old.stop();
    expect((await client.closed)?.message).toContain("The connection to the app server was lost.");
  });

  it("moves clients of an older SDK, too, and those that are older themselves", async () => {
    const old = await serve({ isOlder: true });
    const client = await started.connect({ ...on(old), protocol: "messagepack" });
    const next = await serve({ isOlder: true });
    expect(old.received.some((message) => message.type === 6 && message.extensions !== undefined)).toBe(false);
    await old.leave("fin:1");
    await next.connection.until(4);
    expect(await client.connection.invoke("whoServes")).toBe(next.serverId);
  });

  it("may lose a connection without warning when it agreed to migration at any time", async () => {
    const old = await serve({ migrationLevel: 2 });
    const client = await started.connect(on(old));
    const next = await serve();
    old.kill();
    await next.connection.until(4);
    expect(await client.connection.invoke("whoServes")).toBe(next.serverId);
  });
});

describe("A server connection that goes offline", () => {
  it("has its clients go on, on another connection of the same server", async () => {
    const server = await serve({ connections: 2 });
    const client = await started.connect();
    const talk = new Talk(client);
    const from = server.clients.get(client.id)!.connection;
    from.send({ type: 39, connectionId: "", connectionType: 2, operation: 4 });
    await vi.waitFor(() => expect(server.clients.get(client.id)!.connection).not.toBe(from));
    await talk.stop();
    expect(talk.calls).toBeGreaterThan(0);
    expect(server.connected).toEqual([client.id]);
    expect(server.disconnected).toEqual([]);
    await from.close();
    expect(await client.connection.invoke("echo", "on")).toBe("on");
  });
});

describe("Two servers under load", () => {
  const crowd = (count: number, options: object = {}) =>
    Promise.all(Array.from({ length: count }, () => started.connect(options)));

  it("one drained: nobody misses an answer", async () => {
    const [old, next] = [await serve({ connections: 3 }), await serve({ connections: 3 })];
    const talks = (await crowd(18)).map((client) => new Talk(client));
    expect(old.clients.size).toBe(9);
    await old.leave("fin:1");
    await vi.waitFor(() => expect(old.clients.size).toBe(0));
    await Promise.all(talks.map((talk) => talk.stop()));
    expect(next.clients.size).toBe(18);
    expect(Math.min(...talks.map(({ calls }) => calls))).toBeGreaterThan(0);
    await old.stop();
    expect(await talks[0]!.client.connection.invoke("whoServes")).toBe(next.serverId);
  });

  it("one killed: its clients come back to the other, the other's notice nothing", async () => {
    const [victim, survivor] = [await serve({ connections: 2 }), await serve({ connections: 2 })];
    const clients = await crowd(12, { reconnect: true });
    const talks = clients.filter(({ id }) => survivor.clients.has(id)).map((client) => new Talk(client));
    expect(talks).toHaveLength(6);
    const lost = clients.filter(({ id }) => victim.clients.has(id));
    victim.kill();
    await vi.waitFor(() => expect(survivor.clients.size).toBe(12));
    for (const { connection } of lost) expect(await connection.invoke("whoServes")).toBe(survivor.serverId);
    await Promise.all(talks.map((talk) => talk.stop()));
    expect(survivor.disconnected).toEqual([]);
  });

  it("one paused: its clients are held back and closed after the time-out, the other's notice nothing", async () => {
    const [paused, other] = [await serve(), await serve()];
    const talk = new Talk(await started.connect(on(other)));
    const held = await started.connectTo(await started.negotiate(), on(paused).claims);
    paused.connection.socket.pause();
    const large = `{"type":1,"target":"echo","arguments":["${"x".repeat(200_000)}"]}\u001e`;
    for (let i = 0; i < 250; i++) held.socket.send(large);
    // Of fifty megabytes the service takes a few, and leaves the rest with the client.
    let before = 0;
    await vi.waitFor(
      () => {
        const left = held.socket.bufferedAmount;
        const isStill = left === before;
        before = left;
        expect(isStill).toBe(true);
      },
      { interval: 500 },
    );
    expect(before).toBeGreaterThan(20_000_000);
    await held.ended;
    await talk.stop();
    expect(talk.calls).toBeGreaterThan(10);
    paused.kill();
  });
});

describe("A crowd that moves", () => {
  it("loses no message and gets none twice", async () => {
    const count = 2_000;
    const old = await serve({ connections: 5 });
    const clients: BareClient[] = [];
    for (let at = 0; at < count; at += 100) {
      clients.push(
        ...(await Promise.all(Array.from({ length: 100 }, async () => started.connectTo(await started.negotiate())))),
      );
    }
    const received = new Map<string, string[]>();
    for (const { id, socket } of clients) {
      const records: string[] = [];
      received.set(id, records);
      socket.on("message", (data: Buffer) => records.push(...data.toString().split("\u001e").filter(Boolean)));
    }
    const next = await serve({ connections: 5 });
    let round = 0;
    const ask = () => {
      for (const { socket } of clients)
        socket.send(`{"type":1,"invocationId":"${round}","target":"echo","arguments":[${round}]}\u001e`);
      next.send({ type: 10, excludedConnectionIds: [], payloads: payloadsOf({ type: 1, target: "news", arguments: [round] }) });
      round++;
    };
    ask();
    const leaving = old.leave("fin:1");
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ask();
    }
    await leaving;
    await vi.waitFor(() => expect(old.clients.size).toBe(0), { timeout: 40_000 });
    ask();
    const records = (client: BareClient) => received.get(client.id)!;
    await vi.waitFor(() => expect(Math.min(...clients.map((client) => records(client).length))).toBe(2 * round));
    for (const client of clients) {
      const messages = records(client).map((text) => JSON.parse(text));
      const results = messages.flatMap(({ type, result }) => (type === 3 ? [result] : []));
      const news = messages.flatMap(({ type, arguments: args }) => (type === 1 ? args : []));
      expect([results, news]).toEqual([Array.from({ length: round }, (_, i) => i), Array.from({ length: round }, (_, i) => i)]);
    }
    expect(next.connected).toHaveLength(count);
    for (const { socket } of clients) socket.terminate();
    await vi.waitFor(() => expect(next.clients.size).toBe(0));
  }, 120_000);
});

describe("A service that stops", () => {
  it("tells its servers, closes clients with permission to return, then the servers, and takes no new ones", async () => {
    const stopping = await StartedService.start({ "drain.sliceSize": "1", "drain.pause": "50ms" });
    const server = await ScriptedServer.start(stopping.service);
    const clients = [await stopping.connect(), await stopping.connect()];
    const drained = stopping.service.drain();
    expect(await server.connection.until(22)).toMatchObject({
      objectType: 0,
      kind: 0,
      message: "The service is shutting down.",
    });
    await expect(ScriptedServer.start(stopping.service)).rejects.toThrow("HTTP 503");
    await Promise.all(clients.map(({ closed }) => closed));
    expect(await server.connection.until(15)).toMatchObject({ error: "The service is shutting down." });
    expect(await server.connection.closed).toBe(1001);
    expect(server.disconnected).toHaveLength(2);
    expect(server.received.findIndex(({ type }) => type === 22)).toBeLessThan(
      server.received.findIndex(({ type }) => type === 5),
    );
    await drained;
    await stopping.stop();
  });
});

it("A silent server is closed, and its clients with it", async () => {
  const server = await serve();
  const client = await started.connect(on(server));
  server.connection.isSilent = true;
  expect((await client.closed)?.message).toContain("The connection to the app server was lost.");
});
