import { decodeConnectionClaims, MessageType, noExpiry, pingValue, type ServiceMessage, signToken } from "@signalbox/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { loadSettings } from "../../config/load.ts";
import { developmentKey } from "../../config/settings.ts";
import { type ConnectedClient, StartedService, transportsAndProtocols } from "../../started-service.suite.ts";
import { payloadsOf, ScriptedServer, type ServerOptions } from "./scripted-server.suite.ts";

let started: StartedService;
const servers: ScriptedServer[] = [];

beforeAll(async () => {
  started = await StartedService.start({ "servers.clientsPerConnection": "3", "proxies.trusted": "127.0.0.1" });
});
afterAll(() => started.stop());
afterEach(async () => {
  await started.stopClients();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: ServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(started.service, options);
  servers.push(server);
  return server;
}

const news = (...args: unknown[]) => payloadsOf({ type: MessageType.Invocation, target: "news", arguments: args });
const ask = (server: ScriptedServer, ...values: string[]) => server.send({ type: 3, values });

describe("A client of an app server", () => {
  it.each(transportsAndProtocols)("is served over %s in %s", async (_name, protocol, transport) => {
    await serve();
    const client = await started.connect({ transport, protocol });
    expect(await client.connection.invoke("echo", "hällo")).toBe("hällo");
    await expect(client.connection.invoke("nothing")).rejects.toThrow("Unknown hub method 'nothing'");
    await client.connection.invoke("broadcast", 1, "zwei");
    await vi.waitFor(() => expect(client.calls).toEqual([[1, "zwei"]]));
  });

  it("is announced with its claims, headers, query, address and protocol", async () => {
    const server = await serve();
    const claims = { "asrs.s.uid": "ann", nameid: "ann-id", role: ["a", "b"], "asrs.s.dc": "true" };
    const client = await started.connect({
      claims,
      query: "&asrs.op=%2Fchat&flavour=sweet",
      protocol: "messagepack",
      headers: { "X-Mine": "yes", "Asrs-Migrate-From": "forged", "X-Forwarded-For": "203.0.113.7" },
    });
    const { open } = server.clients.get(client.id)!;
    const valuesOf = (type: string) => open.claims.filter((claim) => claim.type.endsWith(type)).map(({ value }) => value);
    expect(valuesOf("asrs.s.uid")).toEqual(["ann"]);
    expect(valuesOf("/nameidentifier")).toEqual(["ann-id"]);
    expect(valuesOf("/role")).toEqual(["a", "b"]);
    expect(open.queryString).toBe("?hub=chat&asrs.op=%2Fchat&flavour=sweet");
    expect(open.extensions).toEqual({ protocol: "messagepack" });
    const headers = new Map([...open.headers].map(([name, values]) => [name.toLowerCase(), values]));
    expect(headers.size).toBe(open.headers.size);
    expect(headers.get("x-mine")).toEqual(["yes"]);
    expect(headers.get("asrs-instance-id")).toHaveLength(1);
    expect(headers.get("asrs-is-diagnostic-client")).toEqual(["true"]);
    expect(headers.get("x-forwarded-for")).toEqual(["203.0.113.7, 127.0.0.1"]);
    expect(headers.has("asrs-migrate-from")).toBe(false);
    expect(headers.has("authorization")).toBe(false);
  });

  it("hears nothing before the answer to its handshake, and then everything", async () => {
    const server = await serve();
    const opening = started.connect({});
    const { connectionId } = await server.connection.until(4);
    // The scripted server answers at once; what it sends right behind must not be in front.
    server.send({ type: 10, excludedConnectionIds: [], payloads: news("early") });
    const client = await opening;
    expect(client.id).toBe(connectionId);
    await vi.waitFor(() => expect(client.calls).toEqual([["early"]]));
  });

  it("gets the answer of its app, also when that is a refusal", async () => {
    const server = await serve();
    server.onHandshake = () => '{"error":"Not today."}\u001e';
    await expect(started.connect()).rejects.toThrow("Not today.");
  });

  it("gets whole messages, however its server cuts them", async () => {
    for (const protocol of ["json", "messagepack"] as const) {
      const server = await serve();
      const client = await started.connect({ protocol });
      const bytes = news("one", "ü".repeat(50)).get(protocol)!;
      const both = Buffer.concat([bytes, news("two").get(protocol)!]);
      for (let at = 0; at < both.length; at++) {
        server.send({ type: 6, connectionId: client.id, payload: both.subarray(at, at + 1) });
        if (at === 20) server.send({ type: 10, excludedConnectionIds: [], payloads: news("between") });
      }
      await vi.waitFor(() => expect(client.calls).toEqual([["between"], ["one", "ü".repeat(50)], ["two"]]));
      await server.stop();
      await client.closed;
    }
  });

  it("gets a long message that its server drips byte by byte, and goes on serving others", async () => {
    const server = await serve();
    const client = await started.connect();
    const other = await started.connect();
    const text = "x".repeat(60_000);
    const bytes = news(text, "end").get("json")!;
    const drops = Array.from(bytes, (byte) => ({ type: 6, connectionId: client.id, payload: Uint8Array.of(byte) }) as const);
    for (let at = 0; at < drops.length; at += 1_000) server.connection.send(...drops.slice(at, at + 1_000));
    expect(await other.connection.invoke("echo", 1)).toBe(1);
    await vi.waitFor(() => expect(client.calls).toEqual([[text, "end"]]));
    await server.stop();
    await Promise.all([client.closed, other.closed]);
  });

  it("is told to its server once it leaves", async () => {
    const server = await serve();
    const client = await started.connect();
    await client.connection.stop();
    const close = await server.connection.until(5);
    expect(close).toMatchObject({ connectionId: client.id, error: "" });
    expect(server.disconnected).toEqual([client.id]);
  });

  it("may be spoken to when it has left, which concerns nobody", async () => {
    const server = await serve();
    const [gone, other] = [await started.connect(), await started.connect()];
    await gone.connection.stop();
    await server.connection.until(5, ({ connectionId }) => connectionId === gone.id);
    server.send({ type: 6, connectionId: gone.id, payload: news("last words").get("json")! });
    server.send({ type: 5, connectionId: gone.id, error: "", headers: new Map() });
    expect(await other.connection.invoke("echo", "still here")).toBe("still here");
    expect(server.connection.received.some(({ type }) => type === 15)).toBe(false);
    expect(server.disconnected).toEqual([gone.id]);
  });

  it("is closed by its server with what the app said last", async () => {
    const server = await serve();
    server.methods.set("abort", (client) => {
      client.connection.toClient(client, { type: 7, error: "Enough.", allowReconnect: false }, 4);
      client.connection.send({ type: 5, connectionId: client.id, error: "boom", headers: new Map() });
    });
    const client = await started.connect();
    await client.connection.send("abort");
    expect((await client.closed)?.message).toContain("Enough.");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.connection.received.filter(({ type }) => type === 5)).toEqual([]);
  });

  it("keeps the order of its messages both ways", async () => {
    const server = await serve({ connections: 3 });
    const client = await started.connect();
    const values = Array.from({ length: 500 }, (_, index) => index);
    const answers = await Promise.all(values.map((value) => client.connection.invoke("echo", value)));
    expect(answers).toEqual(values);
    const heard = server.clients.get(client.id)!.heard.flatMap((message) => (message.type === 1 ? message.arguments : []));
    expect(heard).toEqual(values);
  });

  it("is not decoded on the way: what is malformed is its app's to judge", async () => {
    const server = await serve();
    const client = await started.connectTo(await started.negotiate());
    const record = '{"type":1,"target":["no text"]}\u001e';
    client.socket.send(record);
    await server.connection.until(6, ({ payload }) => Buffer.from(payload).toString() === record);
    expect(client.socket.readyState).toBe(1);
    client.socket.send("nonsense\u001e");
    expect(await client.ended).toBe(1000);
    expect(await server.connection.until(5)).toMatchObject({ connectionId: client.id, error: "Error reading JSON." });
  });

  it("may use stateful reconnect when its servers allow it, and not otherwise", async () => {
    const negotiated = async () => {
      const answer = await started.negotiate("&useStatefulReconnect=true");
      return answer.useStatefulReconnect === true;
    };
    expect(await negotiated()).toBe(true);
    await serve({ allowStatefulReconnects: true });
    expect(await negotiated()).toBe(true);
    await serve({ allowStatefulReconnects: false });
    expect(await negotiated()).toBe(false);
  });
});

describe("Routing", () => {
  const connectionOf = (client: ConnectedClient) =>
    servers
      .flatMap(({ connections }) => connections)
      .find((connection) => connection.received.some((message) => message.type === 4 && message.connectionId === client.id));

  it("gives a new client to the server connection with the fewest", async () => {
    await serve({ connections: 2 });
    await serve({ connections: 2 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => started.connect()));
    const used = clients.map(connectionOf);
    for (const connection of new Set(used)) expect(used.filter((other) => other === connection)).toHaveLength(2);
    expect(new Set(used).size).toBe(4);
  });

  it("follows stickiness: required, or preferred", async () => {
    const [one, two] = [await serve(), await serve()];
    const sticky = (serverId: string, mode: string) =>
      started.connect({ claims: { "asrs.s.sn": serverId, "asrs.s.ssticky": mode } });
    for (let i = 0; i < 3; i++) {
      expect(two.clients.has((await sticky(two.serverId, "Required")).id)).toBe(true);
      expect(one.clients.has((await sticky(one.serverId, "Preferred")).id)).toBe(true);
    }
    const elsewhere = await sticky("gone", "Preferred");
    expect(one.clients.has(elsewhere.id) || two.clients.has(elsewhere.id)).toBe(true);
    await expect(sticky("gone", "Required")).rejects.toThrow("No app server is connected.");
  });

  it("never gives clients to weak connections, which may send all the same", async () => {
    const weak = await serve({ connectionType: 2, hub: "weak" });
    const client = await started.connect({ hub: "weak" });
    expect(weak.connected).toEqual([]);
    weak.send({ type: 10, excludedConnectionIds: [], payloads: news("hi") });
    await vi.waitFor(() => expect(client.calls).toEqual([["hi"]]));
    weak.send({ type: 5, connectionId: client.id, error: "You are done.", headers: new Map() });
    expect((await client.closed)?.message).toContain("You are done.");
  });

  it("asks a server for a further connection when it has many clients on each", async () => {
    const server = await serve();
    for (let i = 0; i < 3; i++) await started.connect();
    await vi.waitFor(() => expect(server.connections).toHaveLength(2));
    const target = pingValue(await server.connection.until(3, (ping) => pingValue(ping, "target") !== undefined), "target")!;
    expect(server.clients.values().next().value!.open.headers.get("Asrs-Instance-Id")).toEqual([target]);
    const next = await started.connect();
    expect(connectionOf(next)).toBe(server.connections[1]);
  });

  it("keeps hubs apart", async () => {
    const [chat, other] = [await serve(), await serve({ hub: "other" })];
    const client = await started.connect();
    other.send({ type: 10, excludedConnectionIds: [], payloads: news("wrong") });
    other.send({ type: 6, connectionId: client.id, payload: news("wrong").get("json")! });
    other.send({ type: 5, connectionId: client.id, error: "wrong", headers: new Map() });
    other.send({ type: 18, connectionId: client.id, group: "g", ackId: 1 });
    expect(await other.connection.until(20)).toMatchObject({ ackId: 1, status: 2 });
    chat.send({ type: 10, excludedConnectionIds: [], payloads: news("right") });
    await vi.waitFor(() => expect(client.calls).toEqual([["right"]]));
    expect(other.connected).toEqual([]);
  });
});

describe("Without a server", () => {
  it("a page of Blazor Server is refused: nobody else speaks its protocol", async () => {
    await expect(started.connect({ protocol: "blazorpack" })).rejects.toThrow("The protocol 'blazorpack' is not supported.");
  });

  it("a client that its server sent here is closed, may reconnect, and is served once one is there", async () => {
    const query = "&asrs.op=%2Fchat&asrs_request_id=abc";
    await expect(started.connect({ query })).rejects.toThrow("No app server is connected.");
    await serve();
    const client = await started.connect({ query });
    expect(await client.connection.invoke("whoServes")).toBe(servers[0]!.serverId);
  });

  it("the clients of a lost server connection are closed and may reconnect", async () => {
    const server = await serve();
    const client = await started.connect();
    server.kill();
    expect((await client.closed)?.message).toContain("The connection to the app server was lost.");
    const survivor = await serve();
    const second = started.client({ reconnect: true });
    await second.start();
    const reconnected = new Promise((resolve) => second.onreconnected(resolve));
    await serve();
    survivor.kill();
    await reconnected;
    expect(await second.invoke("echo", 1)).toBe(1);
  });

  it("a client whose handshake was under way gets another server", async () => {
    const mute = await serve();
    mute.onHandshake = () => undefined;
    const opening = started.connect();
    await mute.connection.until(6);
    const other = await serve();
    mute.kill();
    const client = await opening;
    expect(other.connected).toEqual([client.id]);
    expect(await client.connection.invoke("whoServes")).toBe(other.serverId);
  });
});

describe("Commands of app servers", () => {
  let server: ScriptedServer;
  let ann: ConnectedClient, ann2: ConnectedClient, bob: ConnectedClient;
  let nextAck = 0;

  const each = () => [ann, ann2, bob].map(({ calls }) => calls.splice(0).length).join("");
  async function ack(message: object): Promise<number> {
    const ackId = ++nextAck;
    server.send({ ...message, ackId } as ServiceMessage);
    return (await server.connection.until(20, (answer) => answer.ackId === ackId)).status;
  }
  /** How many copies ann, ann2 and bob got. */
  async function delivered(message: object): Promise<string> {
    server.send({ ...message, payloads: news("x") } as ServiceMessage);
    await ack({ type: 25, userId: "ann" });
    // The Ack says that the message was dealt with; its bytes may still be on their way to the clients.
    await Promise.all([ann, ann2, bob].map(({ connection }) => connection.invoke("echo", 0)));
    return each();
  }

  async function begin(): Promise<void> {
    server = await serve();
    [ann, ann2, bob] = [
      await started.connect({ claims: { nameid: "ann" } }),
      await started.connect({ claims: { nameid: "ann" }, protocol: "messagepack" }),
      await started.connect({ claims: { nameid: "bob" } }),
    ];
  }

  it("send to connections, users, groups and all, with exceptions", async () => {
    await begin();
    expect(await delivered({ type: 10, excludedConnectionIds: [] })).toBe("111");
    expect(await delivered({ type: 10, excludedConnectionIds: [bob.id, "nobody"] })).toBe("110");
    expect(await delivered({ type: 7, connectionIds: [ann2.id, bob.id, "nobody"] })).toBe("011");
    expect(await delivered({ type: 8, userId: "ann" })).toBe("110");
    expect(await delivered({ type: 9, userIds: ["bob", "ann"] })).toBe("111");
    expect(await ack({ type: 18, connectionId: ann.id, group: "g" })).toBe(1);
    expect(await ack({ type: 18, connectionId: bob.id, group: "g" })).toBe(1);
    expect(await ack({ type: 18, connectionId: bob.id, group: "h" })).toBe(1);
    const group = { type: 13, group: "g", excludedUserIds: [] };
    expect(await delivered({ ...group, excludedConnectionIds: [] })).toBe("101");
    expect(await delivered({ ...group, excludedConnectionIds: [ann.id] })).toBe("001");
    expect(await delivered({ ...group, excludedConnectionIds: [], excludedUserIds: ["bob"] })).toBe("100");
    expect(await delivered({ type: 14, groups: ["g", "h"] })).toBe("102");
    const filter = { extensions: { filter: "userId eq 'bob'" } };
    expect(await delivered({ type: 10, excludedConnectionIds: [], ...filter })).toBe("001");
    expect(await delivered({ type: 10, excludedConnectionIds: [], extensions: { filter: "no filter" } })).toBe("000");
  });

  it("send nothing to a client whose protocol is missing", async () => {
    await begin();
    server.send({ type: 10, excludedConnectionIds: [], payloads: new Map([["messagepack", news("m").get("messagepack")!]]) });
    await ack({ type: 25, userId: "ann" });
    await Promise.all([ann, ann2, bob].map(({ connection }) => connection.invoke("echo", 0)));
    expect(each()).toBe("010");
  });

  it("put connections and users into groups and take them out, and are answered always", async () => {
    await begin();
    const inGroup = () => delivered({ type: 14, groups: ["g"] });
    server.send({ type: 11, connectionId: bob.id, group: "g" });
    expect(await inGroup()).toBe("001");
    server.send({ type: 12, connectionId: bob.id, group: "g" });
    expect(await inGroup()).toBe("000");
    expect(await ack({ type: 18, connectionId: "nobody", group: "g" })).toBe(2);
    expect(await ack({ type: 19, connectionId: "nobody", group: "g" })).toBe(2);
    expect(await ack({ type: 19, connectionId: bob.id, group: "g" })).toBe(1);
    expect(await ack({ type: 18, connectionId: bob.id, group: "g" })).toBe(1);
    expect(await ack({ type: 19, connectionId: bob.id })).toBe(1);
    expect(await inGroup()).toBe("000");
    expect(await ack({ type: 26, userId: "ann", group: "g" })).toBe(1);
    expect(await inGroup()).toBe("110");
    expect(await ack({ type: 21, userId: "ann", group: "g" })).toBe(1);
    expect(await ack({ type: 27, userId: "ann", group: "g" })).toBe(1);
    expect(await ack({ type: 21, userId: "ann", group: "g" })).toBe(2);
    expect(await ack({ type: 26, userId: "ghost", group: "g", extensions: { ttl: 1 } })).toBe(1);
    expect(await ack({ type: 21, userId: "ghost", group: "g" })).toBe(1);
    await expect.poll(() => ack({ type: 21, userId: "ghost", group: "g" })).toBe(2);
    server.send({ type: 16, userId: "bob", group: "g" });
    server.send({ type: 16, userId: "bob", group: "h" });
    expect(await inGroup()).toBe("001");
    expect(await ack({ type: 27, userId: "bob" })).toBe(1);
    expect(await inGroup()).toBe("000");
    server.send({ type: 17, userId: "bob", group: "g" });
    expect(await ack({ type: 27, userId: "nobody", group: "g" })).toBe(1);
  });

  it("ask what exists", async () => {
    await begin();
    expect(await ack({ type: 24, connectionId: ann.id })).toBe(1);
    expect(await ack({ type: 24, connectionId: "nobody" })).toBe(2);
    expect(await ack({ type: 25, userId: "bob" })).toBe(1);
    expect(await ack({ type: 25, userId: "nobody" })).toBe(2);
    expect(await ack({ type: 23, group: "g" })).toBe(2);
    expect(await ack({ type: 18, connectionId: ann.id, group: "g" })).toBe(1);
    expect(await ack({ type: 23, group: "g" })).toBe(1);
  });

  it("close connections, users, groups and all, telling why", async () => {
    await begin();
    expect(await ack({ type: 30, connectionId: "nobody", reason: "r" })).toBe(2);
    expect(await ack({ type: 30, connectionId: bob.id, reason: "bye bob" })).toBe(1);
    expect((await bob.closed)?.message).toContain("bye bob");
    await ack({ type: 18, connectionId: ann2.id, group: "g" });
    expect(await ack({ type: 33, group: "g", reason: "bye g", excludedConnectionIds: [] })).toBe(1);
    expect((await ann2.closed)?.message).toContain("bye g");
    expect(await ack({ type: 32, userId: "ann", reason: "x", excludedConnectionIds: [ann.id] })).toBe(1);
    expect(await ack({ type: 24, connectionId: ann.id })).toBe(1);
    expect(await ack({ type: 32, userId: "ann", reason: "bye ann", excludedConnectionIds: [] })).toBe(1);
    expect((await ann.closed)?.message).toContain("bye ann");
    const last = await started.connect();
    expect(await ack({ type: 31, reason: "bye all", excludedConnectionIds: [] })).toBe(1);
    expect((await last.closed)?.message).toContain("bye all");
    await vi.waitFor(() => expect(server.disconnected).toHaveLength(4));
  });

  it("list the members of a group, page by page", async () => {
    await begin();
    for (const { id } of [ann, ann2, bob]) await ack({ type: 18, connectionId: id, group: "g" });
    const members: string[] = [];
    let continuationToken: string | undefined;
    do {
      const page = await server.groupMembers({ group: "g", maxPageSize: 2, continuationToken });
      members.push(...page.members.map(({ connectionId, userId }) => `${connectionId} ${userId}`));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    expect(members.sort()).toEqual([`${ann.id} ann`, `${ann2.id} ann`, `${bob.id} bob`].sort());
    const top = await server.groupMembers({ group: "g", top: 1 });
    expect(top.members).toHaveLength(1);
    expect(top.continuationToken).toBeUndefined();
  });
});

describe("Pings", () => {
  const pinged = (server: ScriptedServer, key: string) =>
    server.connection.until(3, (ping) => pingValue(ping, key) !== undefined);

  it("keep every server connection alive", async () => {
    const server = await serve({ connections: 2 });
    for (const connection of server.connections) await connection.until(3, ({ values }) => values.length === 0);
  });

  it("ask for the state of the hub", async () => {
    const server = await serve();
    ask(server, "status", "1");
    expect((await pinged(server, "status")).values).toEqual(["status", "0", "clientcount", "0", "servercount", "1"]);
    await started.connect();
    const second = await serve();
    ask(second, "status", "1");
    expect((await pinged(second, "status")).values).toEqual(["status", "1", "clientcount", "1", "servercount", "2"]);
  });

  it("ask for the servers of the hub, and get an ever greater stamp with the list", async () => {
    const [b, a] = [await serve({ serverId: "b" }), await serve({ serverId: "a" })];
    const answers: number[] = [];
    for (const server of [a, b, a]) {
      const seen = server.received.length;
      ask(server, "servers", "");
      await vi.waitFor(() =>
        expect(server.received.slice(seen).some((message) => message.type === 3 && pingValue(message, "servers"))).toBe(true),
      );
      const answer = server.received
        .slice(seen)
        .findLast((message) => message.type === 3 && pingValue(message, "servers") !== undefined);
      const [stamp, ids] = pingValue(answer as never, "servers")!.split(":");
      answers.push(Number(stamp));
      expect(ids).toBe("a;b");
    }
    expect(answers).toEqual([...new Set(answers)].sort((left, right) => left - right));
  });

  it("of a server that leaves are answered on each connection, and it gets no new clients", async () => {
    const [one, two] = [await serve({ connections: 2 }), await serve()];
    const before = await started.connect({ claims: { "asrs.s.sn": one.serverId, "asrs.s.ssticky": "Required" } });
    await one.leave("fin:2");
    await one.leave("fin:0");
    for (let i = 0; i < 3; i++) expect(two.clients.has((await started.connect()).id)).toBe(true);
    expect(await before.connection.invoke("whoServes")).toBe(one.serverId);
    // A connection that it opens meanwhile changes nothing.
    await one.open();
    expect(two.clients.has((await started.connect()).id)).toBe(true);
  });

  it("switch the tracing of messages on and off", async () => {
    const server = await serve();
    const reload = (tracing: boolean) =>
      started.service.reload(
        loadSettings({ flags: { port: "0", ip: "127.0.0.1", inMemory: true, "servers.messageTracing": tracing } }).settings,
      );
    for (const tracing of [true, false]) {
      reload(tracing);
      await server.connection.until(3, (ping) => pingValue(ping, "d-m") === (tracing ? "1" : "0"));
    }
  });

  it("of unknown kinds are passed over", async () => {
    const server = await serve();
    ask(server, "#clientInHub", "5", "#client", "3", "odd");
    ask(server, "echo", "never asked");
    ask(server, "status", "1");
    await pinged(server, "status");
    expect(server.connection.socket.readyState).toBe(1);
  });
});

describe("A client's result that a server awaits", () => {
  const invocation = (server: ScriptedServer, id: string, connectionId: string) => ({
    type: 34 as const,
    invocationId: id,
    connectionId,
    callerServerId: server.serverId,
    payloads: payloadsOf({ type: 1, invocationId: id, target: "question", arguments: [20] }),
  });

  it("comes from the client of another server by way of that server", async () => {
    const [caller, router] = [await serve({ connections: 2 }), await serve()];
    for (const protocol of ["json", "messagepack"] as const) {
      const client = await started.connect({
        protocol,
        claims: { "asrs.s.sn": router.serverId, "asrs.s.ssticky": "Required" },
      });
      client.connection.on("question", (value: number) => value * 2);
      const id = `${client.id}-1`;
      caller.send(invocation(caller, id, client.id));
      const completion = await caller.connection.until(35, ({ invocationId }) => invocationId === id);
      expect(completion).toMatchObject({ connectionId: client.id, callerServerId: caller.serverId, protocol });
      expect(router.clients.get(client.id)!.protocol.decode(completion.payload)).toEqual({
        type: 3,
        invocationId: id,
        result: 40,
      });
      const mapping = await caller.connection.until(37, ({ invocationId }) => invocationId === id);
      expect(router.clients.get(client.id)!.open.headers.get("Asrs-Instance-Id")).toEqual([mapping.instanceId]);
      expect(await router.connection.until(34, ({ invocationId }) => invocationId === id)).toMatchObject({
        callerServerId: caller.serverId,
      });
    }
    expect(caller.received.some(({ type }) => type === 34)).toBe(false);
  });

  it("comes to the caller itself when it has the client, again and again until the caller knows the invocation", async () => {
    const caller = await serve();
    const client = await started.connect();
    client.connection.on("question", (value: number) => value * 2);
    caller.send(invocation(caller, "i1", client.id));
    const results = () => caller.clients.get(client.id)!.heard.filter(({ type }) => type === MessageType.Completion);
    await vi.waitFor(() => expect(results().length).toBeGreaterThan(2));
    expect(results()[2]).toEqual({ type: 3, invocationId: "i1", result: 40 });
    const done = { invocationId: "i1", connectionId: client.id, callerServerId: caller.serverId, protocol: "json" };
    caller.send({ type: 35, ...done, payload: new Uint8Array() });
    caller.send({ type: 25, userId: "nobody", ackId: 1 });
    await caller.connection.until(20);
    await client.connection.invoke("echo", 1);
    const repetitions = results().length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(results()).toHaveLength(repetitions);
    expect(caller.received.some(({ type }) => type === 34 || type === 35)).toBe(false);
  });

  it("is an error when the client is unknown or leaves", async () => {
    const [caller, router] = [await serve(), await serve()];
    caller.send(invocation(caller, "i1", "nobody"));
    expect(await caller.connection.until(36)).toMatchObject({
      invocationId: "i1",
      error: "Connection 'nobody' does not exist.",
    });
    const client = await started.connect({ claims: { "asrs.s.sn": router.serverId, "asrs.s.ssticky": "Required" } });
    client.connection.on("question", () => new Promise(() => {}));
    caller.send(invocation(caller, "i2", client.id));
    await router.connection.until(34);
    await client.connection.stop();
    expect(await caller.connection.until(36, ({ invocationId }) => invocationId === "i2")).toMatchObject({
      error: `Connection '${client.id}' is disconnected.`,
    });
  });

  it("goes to another connection of the caller when the first is lost", async () => {
    const [caller, router] = [await serve({ connections: 2 }), await serve()];
    const client = await started.connect({ claims: { "asrs.s.sn": router.serverId, "asrs.s.ssticky": "Required" } });
    let answer = (_value: number) => {};
    client.connection.on("question", () => new Promise<number>((resolve) => (answer = resolve)));
    caller.send(invocation(caller, "i1", client.id));
    await router.connection.until(34);
    caller.connection.socket.terminate();
    await caller.connection.closed;
    await vi.waitFor(() => answer(7));
    expect(await caller.connections[1]!.until(35)).toMatchObject({ invocationId: "i1" });
  });
});

describe("A token that is renewed at the app", () => {
  it("counts for the connection, and its claims for later servers", async () => {
    const server = await serve();
    const soon = Math.floor(Date.now() / 1000) + 60;
    const negotiation = await started.negotiate("");
    const user = { "asrs.s.uid": "ann", "asrs.s.coae": "true", "asrs.s.aeo": String(soon) };
    const client = await started.connectTo(negotiation, { ...user, level: "old" });
    const given = [
      { type: "level", value: "new" },
      { type: "asrs.s.uid", value: "ann" },
    ];
    const renew = (ackId: number, expireTime: number) =>
      server.send({ type: 41, connectionToken: negotiation.connectionToken, claims: given, expireTime, ackId });
    const claimsIn = ({ payload }: { readonly payload?: Uint8Array | undefined }) =>
      Object.fromEntries(decodeConnectionClaims(payload!).map(({ type, value }) => [type, value]));
    renew(1, (soon + 60) * 1000);
    const renewed = await server.connection.until(20, ({ ackId }) => ackId === 1);
    expect(renewed).toMatchObject({ status: 1 });
    // SDKs sign the client's next token with all of it: it names the user and the new end.
    expect(claimsIn(renewed)).toMatchObject({ ...user, level: "new", "asrs.s.aeo": String(soon + 60) });
    const claims = decodeConnectionClaims(renewed.payload!);
    expect(await server.connection.until(43)).toMatchObject({ connectionId: client.id, claims });
    renew(6, noExpiry);
    const endless = claimsIn(await server.connection.until(20, ({ ackId }) => ackId === 6));
    expect(endless).toMatchObject({ "asrs.s.uid": "ann", level: "new" });
    expect(endless).not.toHaveProperty("asrs.s.aeo");
    server.send({ type: 42, connectionToken: negotiation.connectionToken, ackId: 2 });
    expect(await server.connection.until(20, ({ ackId }) => ackId === 2)).toMatchObject({ status: 1 });
    const another = [{ type: "nameid", value: "bob" }];
    server.send({ type: 41, connectionToken: negotiation.connectionToken, claims: another, expireTime: noExpiry, ackId: 7 });
    expect(await server.connection.until(20, ({ ackId }) => ackId === 7)).toMatchObject({
      status: 4,
      message: "The claims name another user than the client's.",
    });
    server.send({ type: 41, connectionToken: "unknown", claims: [], expireTime: Date.now(), ackId: 3 });
    server.send({ type: 42, connectionToken: "unknown", ackId: 4 });
    for (const id of [3, 4]) {
      expect(await server.connection.until(20, ({ ackId }) => ackId === id)).toMatchObject({ status: 2 });
    }
    server.send({ type: 41, connectionToken: negotiation.connectionToken, claims: [], expireTime: Date.now(), ackId: 5 });
    await client.ended;
  });

  it("counts also when it was renewed over REST: the app is told", async () => {
    const server = await serve();
    const negotiation = await started.negotiate("");
    const client = await started.connectTo(negotiation, { "asrs.s.uid": "ann", role: "old" });
    const path = "/api/hubs/chat/connections/:refreshAuth";
    const token = signToken(
      { aud: `http://localhost${path}`, exp: Math.floor(Date.now() / 1000) + 60 },
      { key: developmentKey },
    );
    const response = await fetch(started.service.url + path, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ connectionToken: negotiation.connectionToken, claims: [{ type: "level", value: "new" }] }),
    });
    const { claims } = (await response.json()) as {
      readonly claims: readonly { readonly type: string; readonly value: string }[];
    };
    expect(claims.filter(({ type }) => ["asrs.s.uid", "role", "level"].includes(type))).toEqual([
      { type: "asrs.s.uid", value: "ann" },
      { type: "level", value: "new" },
    ]);
    expect(await server.connection.until(43)).toMatchObject({ connectionId: client.id, claims });
    server.send({ type: 42, connectionToken: negotiation.connectionToken, ackId: 1 });
    const { payload } = (await server.connection.until(20, ({ ackId }) => ackId === 1)) as { readonly payload: Uint8Array };
    expect(decodeConnectionClaims(payload)).toEqual(claims);
  });

  it("cannot be had without an access key", async () => {
    const server = await serve();
    server.send({ type: 28, token: "aad", kid: "k" });
    expect(await server.connection.until(29)).toMatchObject({ kid: "k", errorType: "NotSupported" });
  });
});
