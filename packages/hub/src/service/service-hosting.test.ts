import { spawn } from "node:child_process";
import { once } from "node:events";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import {
  AckStatus,
  DataMessageType,
  FlowControlOperation,
  FlowControlSubject,
  jsonProtocol,
  messagePackProtocol,
  ServerConnectionType,
  ServiceHeader,
  ServiceMessageType,
} from "@signalbox/protocol";
import fc from "fast-check";
import { createVerifier } from "fast-jwt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accessKey, claims, ScriptedService, type ServerConnection, text } from "../../test/scripted-service.ts";
import { Hub, HubServer, type HubServerOptions, type ListeningHubServer, type ServiceOptions } from "../index.ts";

const events: string[] = [];
let held = Promise.withResolvers<void>();

class Chat extends Hub {
  override onConnected() {
    const { connectionId, userIdentifier, user, features } = this.context;
    if (features.query.get("refuse") !== null) throw new Error("refused");
    events.push(`+${connectionId} ${userIdentifier} ${JSON.stringify(user?.claims)} ${features.remoteAddress}`);
  }

  override onDisconnected(error?: Error) {
    events.push(`-${this.context.connectionId}${error === undefined ? "" : ` ${error.message}`}`);
  }

  echo(value: unknown) {
    return value;
  }

  async everything() {
    await this.clients.caller.send("one");
    await this.clients.all.send("two");
    await this.clients.group("g").send("three");
    return "four";
  }

  async *items() {
    yield 1;
    await this.clients.all.send("between");
    yield 2;
  }

  async pour() {
    for (let drop = 0; drop < 300; drop++) await this.clients.caller.send("drop", "x".repeat(1_000));
    return "poured";
  }

  async hold() {
    await held.promise;
  }

  join(group: string) {
    return this.groups.add(this.context.connectionId, group);
  }

  leaveMe() {
    this.context.abort();
  }
}

const errors: string[] = [];
let service: ScriptedService;
let listening: ListeningHubServer;

async function start(options: Partial<ServiceOptions> = {}, server: Partial<HubServerOptions> = {}): Promise<HubServer> {
  const hubServer = new HubServer({
    service: { endpoints: service.connectionString, connections: 1, ...options },
    onError: (error) => errors.push((error as Error).message),
    ...server,
  }).map("/chat", Chat);
  listening = await hubServer.listen(0);
  return hubServer;
}

beforeEach(async () => {
  events.length = 0;
  errors.length = 0;
  held = Promise.withResolvers();
  service = await ScriptedService.start();
});
afterEach(async () => {
  held.resolve();
  // Who sends no finack is waited for.
  for (const connection of service.connections) connection.ping("shutdown", "finack");
  await listening?.close();
  await service.stop();
});

const verify = createVerifier({ key: accessKey });

describe("server connections", () => {
  it("say who they are", async () => {
    await start({ applicationName: "Shop", connections: 3 }, { allowStatefulReconnects: true });
    const { request, query, messages } = await service.connection(2);
    expect(query.get("hub")).toBe("shop_chat");
    expect(query.get("cid")).toMatch(/^[0-9a-f-]{36}$/);
    const token = verify(request.headers.authorization!.slice("Bearer ".length));
    expect(token).toMatchObject({ aud: "http://127.0.0.1/server/?hub=shop_chat", nameid: request.headers["x-asrs-server-id"] });
    expect(request.headers["x-asrs-server-id"]).toMatch(/^.+_[0-9a-f]{32}$/);
    expect(messages[0]).toMatchObject({
      version: 1,
      connectionType: ServerConnectionType.Default,
      migrationLevel: 0,
      allowStatefulReconnects: true,
    });
  });

  it("of a secondary endpoint are weak", async () => {
    await start({ endpoints: { connectionString: service.connectionString, type: "secondary" } });
    expect((await service.connection()).messages[0]).toMatchObject({ connectionType: ServerConnectionType.Weak });
  });

  it("are tried again when they are refused, and when they are lost", async () => {
    service.answer = "not today";
    await start();
    expect(errors[0]).toContain("not today");
    service.answer = "";
    const second = await service.connection(1);
    second.socket.terminate();
    await service.connection(2);
  });

  it("that fail alike, and again and again, are one error to those who listen", async () => {
    service.answer = "not today";
    await start({ connections: 3 });
    await service.connection(6);
    expect(errors).toEqual([expect.stringContaining("not today")]);
    service.answer = "";
  });

  it("are tried again after garbage, and nothing else happens", async () => {
    await start();
    const { socket } = await service.connection();
    socket.send(Buffer.from([0x05, 0xc1, 0xff, 0x00, 0x01, 0x02]));
    await service.connection(1);
    expect(errors.length).toBeGreaterThan(0);
  });

  it("survive whatever comes", { timeout: 60_000 }, async () => {
    await start({ connections: 1 });
    await service.connection();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const open = service.connections.filter(({ socket }) => socket.readyState === socket.OPEN);
        for (const { socket } of open) socket.send(bytes);
      }),
      { numRuns: 100 },
    );
    service.connections.at(-1)!.socket.terminate();
    const count = service.connections.length;
    await expect.poll(() => service.connections.length).toBeGreaterThan(count);
    const last = await service.connection(service.connections.length - 1);
    last.open("c1");
    await expect.poll(() => last.said("c1")).toEqual(["{}\u001e"]);
  });

  describe("as time goes by", () => {
    // Only what the connections measure is moved on; sockets and the test's own waiting stay real.
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    it("answer what they hear with a ping, every 5 seconds at most", async () => {
      await start();
      const first = await service.connection();
      const pings = () => first.of(ServiceMessageType.Ping).map(({ values }) => values);
      first.ping("echo", "1");
      await expect.poll(pings).toEqual([["echo", "1"]]);
      vi.advanceTimersByTime(5_000);
      first.ping("echo", "2");
      await expect.poll(pings).toEqual([
        ["echo", "1"],
        ["echo", "2"],
        ["#clientInHub", "0", "#client", "0"],
      ]);
    });

    it("are tried again after 30 seconds of silence", async () => {
      await start();
      const first = await service.connection();
      first.open("c1");
      await expect.poll(() => events).toHaveLength(1);
      vi.advanceTimersByTime(25_000);
      first.ping();
      await expect
        .poll(() => first.of(ServiceMessageType.Ping).map(({ values }) => values))
        .toContainEqual(["#clientInHub", "1", "#client", "1"]);
      vi.advanceTimersByTime(25_000);
      expect(events).toHaveLength(1);
      // A little more than 5 seconds, because waiting moves this time on, too.
      vi.advanceTimersByTime(10_000);
      await expect.poll(() => events.at(-1)).toBe("-c1 The connection was lost without a close handshake.");
      await service.connection(1);
    });
  });

  it("send back an echo, open another one on demand, and that one once", async () => {
    await start({ maxConnections: 2 });
    const first = await service.connection();
    first.ping("echo", "7");
    await expect.poll(() => first.of(ServiceMessageType.Ping).map(({ values }) => values)).toContainEqual(["echo", "7"]);
    first.ping("target", "i9");
    const second = await service.connection(1);
    expect(second.query.get("target")).toBe("i9");
    expect(second.messages[0]).toMatchObject({ connectionType: ServerConnectionType.OnDemand });
    first.ping("target", "i8");
    second.socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(service.connections).toHaveLength(2);
  });

  it("are silent after a service error, until the service closes them", async () => {
    const server = await start();
    const first = await service.connection();
    first.send({ type: ServiceMessageType.ServiceError, error: "go away" });
    await expect.poll(() => errors).toContain("go away");
    await expect(server.hub(Chat).clients.all.send("news")).rejects.toThrow("not connected");
    first.socket.close();
    await service.connection(1);
    await expect.poll(() => server.hub(Chat).clients.all.send("news")).toBeUndefined();
  });

  it("say goodbye", async () => {
    await start({ gracefulShutdown: "WaitForClientsClose" });
    const first = await service.connection();
    first.open("c1");
    await expect.poll(() => events).toHaveLength(1);
    const closed = listening.close();
    await expect
      .poll(() => first.of(ServiceMessageType.Ping).map(({ values }) => values))
      .toContainEqual(["shutdown", "fin:2"]);
    first.ping("shutdown", "finack");
    first.call("c1", "echo", [1], "1");
    await expect.poll(() => first.said("c1").at(-1)).toBe(text({ type: 3, invocationId: "1", result: 1 }));
    first.send({ type: ServiceMessageType.CloseConnection, connectionId: "c1", headers: new Map() });
    await closed;
    expect(events.at(-1)).toBe("-c1");
  });

  it("say goodbye although they open only now", async () => {
    await start();
    const first = await service.connection();
    const second = await openAnother(first);
    const closed = listening.close();
    const said = (connection: ServerConnection) => connection.of(ServiceMessageType.Ping).map(({ values }) => values);
    await expect.poll(() => said(first)).toContainEqual(["shutdown", "fin:0"]);
    second.answer();
    await expect.poll(() => said(second.connection)).toContainEqual(["shutdown", "fin:0"]);
    for (const connection of service.connections) connection.ping("shutdown", "finack");
    await closed;
  });

  it("that nobody answers are given up when the server closes", async () => {
    await start();
    const first = await service.connection();
    const { connection } = await openAnother(first);
    const closed = once(connection.socket, "close");
    const ended = listening.close();
    await expect.poll(() => first.of(ServiceMessageType.Ping).length).toBeGreaterThan(0);
    first.ping("shutdown", "finack");
    await Promise.all([ended, closed]);
    expect(errors).toEqual([]);
  });

  it.each(["Node", "Bun"])("let the process end, on %s", async (runtime) => {
    const file = fileURLToPath(new URL("../../test/short-lived.ts", import.meta.url));
    const command =
      runtime === "Bun" ? fileURLToPath(new URL("../../../../node_modules/.bin/bun", import.meta.url)) : process.execPath;
    const child = spawn(command, ["--conditions=signalbox-source", file, service.connectionString], { stdio: "pipe" });
    const output = readText(child.stdout);
    const first = await service.connection();
    await expect
      .poll(() => first.of(ServiceMessageType.Ping).map(({ values }) => values))
      .toContainEqual(["shutdown", "fin:0"]);
    first.ping("shutdown", "finack");
    // Tenths of a second: a time-out that is left behind would be seen.
    expect(Number(await output)).toBeLessThan(30);
  });
});

/** A further server connection, asked for by the service, whose handshake waits for `answer`. */
async function openAnother(first: ServerConnection) {
  const { promise, resolve } = Promise.withResolvers<void>();
  service.ready = promise;
  first.ping("target", "here");
  return { connection: await service.connection(1), answer: resolve };
}

describe("clients of the service", () => {
  it("are known by their claims, headers and query", async () => {
    await start();
    const first = await service.connection();
    first.open("c1", {
      claims: [
        ...claims({ "asrs.s.uid": "ann", "asrs.s.derror": "True", aud: "x", exp: "1", "asrs.u.role": "admin", team: "red" }),
        { type: "team", value: "blue" },
      ],
      headers: new Map([["X-Forwarded-For", ["10.1.2.3, 10.0.0.1"]]]),
    });
    await expect.poll(() => events).toEqual(['+c1 ann {"role":"admin","team":["red","blue"]} 10.1.2.3']);
  });

  it("get their handshake, results and pings as what they are", async () => {
    await start({}, { keepAliveInterval: 500 });
    const first = await service.connection();
    first.open("c1");
    first.call("c1", "echo", ["x"], "1");
    await expect.poll(() => first.said("c1").length).toBeGreaterThan(2);
    const sent = first.of(ServiceMessageType.ConnectionData);
    const kinds = first.said("c1").map((record, at) => [record, sent[at]!.extensions?.dataMessageType]);
    expect(Object.fromEntries(kinds)).toEqual({
      "{}\u001e": DataMessageType.Handshake,
      [text({ type: 3, invocationId: "1", result: "x" })]: DataMessageType.Invocation,
      [text({ type: 6 })]: DataMessageType.Other,
    });
  });

  it("are closed by a close message and a closed connection, once, with what went wrong", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    first.call("c1", "leaveMe");
    await expect
      .poll(() => first.of(ServiceMessageType.CloseConnection).map(({ connectionId }) => connectionId))
      .toEqual(["c1"]);
    expect(first.said("c1").at(-1)).toBe(text({ type: 7 }));
    first.open("c2", { queryString: "?refuse=1" });
    await expect
      .poll(() => first.of(ServiceMessageType.CloseConnection).map(({ error }) => error))
      .toEqual(["", "Connection closed with an error."]);
    expect(first.said("c2").at(-1)).toBe(text({ type: 7, error: "Connection closed with an error." }));
    await expect.poll(() => events.filter((event) => event.startsWith("-"))).toEqual(["-c1"]);
  });

  it("leave without an answer", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    first.send({ type: ServiceMessageType.CloseConnection, connectionId: "c1", error: "gone", headers: new Map() });
    await expect.poll(() => events.at(-1)).toBe("-c1");
    expect(first.of(ServiceMessageType.CloseConnection)).toEqual([]);
  });

  it("are refused when they are pages of Blazor Server", async () => {
    await start();
    const first = await service.connection();
    first.open("c1", { extensions: { protocol: "blazorpack" } });
    await expect.poll(() => first.said("c1")).toEqual(['{"error":"The protocol \'blazorpack\' is not supported."}\u001e']);
    await expect.poll(() => first.of(ServiceMessageType.CloseConnection)).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it("are lost with their server connection", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    await expect.poll(() => events).toHaveLength(1);
    first.socket.terminate();
    await expect.poll(() => events.at(-1)).toBe("-c1 The connection was lost without a close handshake.");
  });

  it("are lost with their service instance, and only those, whatever connection brings the news", async () => {
    await start({ connections: 2 });
    const [first, second] = [await service.connection(), await service.connection(1)];
    first.open("c1", { headers: new Map([["asrs-instance-id", ["i1"]]]) });
    first.open("c2", { headers: new Map([[ServiceHeader.instanceId, ["i2"]]]) });
    await expect.poll(() => events).toHaveLength(2);
    second.ping("offline", "i2");
    await expect.poll(() => events).toHaveLength(3);
    first.call("c1", "echo", [1], "1");
    await expect.poll(() => first.said("c1")).toHaveLength(2);
    expect(events.slice(2)).toEqual(["-c2 The connection was lost without a close handshake."]);
  });

  it("begin anew with a whole message on a new transport", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    const record = text({ type: 1, target: "echo", arguments: [1], invocationId: "1" });
    first.data("c1", record.slice(0, 20));
    first.send({ type: ServiceMessageType.ConnectionReconnect, connectionId: "c1" });
    first.data("c1", record);
    await expect.poll(() => first.said("c1").slice(1)).toEqual([text({ type: 3, invocationId: "1", result: 1 })]);
  });

  it("come from other servers with their handshake done, and go to others in silence", async () => {
    await start();
    const first = await service.connection();
    first.open("c1", { headers: new Map([[ServiceHeader.migrateFrom, ["other"]]]) });
    first.call("c1", "echo", [1], "1");
    await expect.poll(() => first.said("c1")).toEqual([text({ type: 3, invocationId: "1", result: 1 })]);
    first.call("c1", "hold", [], "2");
    const headers = new Map([[ServiceHeader.migrateTo, ["other"]]]);
    first.send({ type: ServiceMessageType.CloseConnection, connectionId: "c1", headers });
    await expect.poll(() => events.at(-1)).toBe("-c1");
    held.resolve();
    first.open("c2");
    await expect.poll(() => first.said("c2")).toHaveLength(1);
    expect(first.said("c1")).toHaveLength(1);
  });

  it("move to another server connection, and nothing is sent meanwhile", async () => {
    await start({ connections: 2 });
    const [one, two] = [await service.connection(0), await service.connection(1)];
    const control = (operation: number) => ({
      type: ServiceMessageType.ConnectionFlowControl,
      connectionId: "c1",
      connectionType: FlowControlSubject.Client,
      operation,
    });
    one.open("c1");
    one.call("c1", "hold", [], "1");
    await expect.poll(() => events).toHaveLength(1);
    one.send(control(FlowControlOperation.Pause));
    await expect
      .poll(() => one.of(ServiceMessageType.ConnectionFlowControl).map(({ operation }) => operation))
      .toEqual([FlowControlOperation.PauseAck]);
    held.resolve();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(one.said("c1")).toEqual(["{}\u001e"]);
    two.send(control(FlowControlOperation.Resume));
    await expect.poll(() => two.said("c1")).toEqual([text({ type: 3, invocationId: "1", result: null })]);
    one.socket.terminate();
    two.call("c1", "echo", [2], "2");
    await expect.poll(() => two.said("c1")).toHaveLength(2);
  });

  it("are ended when they send without end while their calls wait", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    first.call("c1", "hold", [], "1");
    first.call("c1", "echo", [1], "2");
    const record = text({ type: 1, target: "echo", arguments: ["x".repeat(30_000)] });
    for (let i = 0; i < 200; i++) first.data("c1", record);
    await expect.poll(() => first.said("c1").at(-1)).toContain("sends faster than its calls are handled");
  });

  it("that nobody knows are nobody's", async () => {
    await start();
    const first = await service.connection();
    first.data("nobody", "x");
    first.send(
      { type: ServiceMessageType.CloseConnection, connectionId: "nobody", headers: new Map() },
      { type: ServiceMessageType.ConnectionReconnect, connectionId: "nobody" },
      { type: ServiceMessageType.Ack, ackId: 99, status: 1 },
      { type: ServiceMessageType.ErrorCompletion, invocationId: "x", connectionId: "nobody", callerServerId: "s", error: "e" },
    );
    first.open("c1");
    await expect.poll(() => first.said("c1")).toHaveLength(1);
    expect(errors).toEqual([]);
  });
});

describe("sends", () => {
  it("that await wait while their server connection is full, and go on when it has taken all", async () => {
    await start();
    const connection = await service.connection();
    for (const id of ["c1", "c2"]) {
      connection.open(id);
      connection.call(id, "pour", [], "1");
    }
    for (const id of ["c1", "c2"]) {
      await expect.poll(() => connection.said(id).at(-1), { timeout: 10_000 }).toContain("poured");
      expect(connection.said(id)).toHaveLength(302);
    }
  });

  it("of a call keep their order, results and items included", async () => {
    await start({ connections: 2 });
    const two = await service.connection(1);
    two.open("c1");
    two.call("c1", "everything", [], "1");
    two.data("c1", text({ type: 4, target: "items", arguments: [], invocationId: "2" }));
    const isEnd = (message: (typeof two.messages)[number]) =>
      message.type === ServiceMessageType.ConnectionData && Buffer.from(message.payload).toString().includes('"3"');
    two.data("c1", text({ type: 1, target: "echo", arguments: [1], invocationId: "3" }));
    await expect.poll(() => two.messages.some(isEnd)).toBe(true);
    const kinds = two.messages.filter(({ type }) => type !== ServiceMessageType.Ping).map(({ type }) => type);
    const { BroadcastData, GroupBroadcastData, ConnectionData } = ServiceMessageType;
    expect(kinds.slice(1, 6)).toEqual([ConnectionData, ConnectionData, BroadcastData, GroupBroadcastData, ConnectionData]);
    const of2 = two.messages.flatMap((message) => {
      if (message.type === BroadcastData) return [Buffer.from(message.payloads.get("json")!).toString()];
      return message.type === ConnectionData ? [Buffer.from(message.payload).toString()] : [];
    });
    const interesting = of2.filter((sent) => sent.includes("between") || sent.includes('"item"'));
    expect(interesting.map((sent) => /"item":(\d)|between/.exec(sent)![0])).toEqual(['"item":1', "between", '"item":2']);
  });

  it("reach clients of either protocol", async () => {
    const server = await start();
    const first = await service.connection();
    const { clients } = server.hub(Chat);
    await clients.users(["ann", "bob"]).send("news", 1);
    await clients.groupExcept("red", ["c1"]).send("news", 2n ** 80n);
    await clients.clients([]).send("news", 3);
    await clients.groups(["red", "blue"]).send("news", 4);
    await expect.poll(() => first.of(ServiceMessageType.MultiGroupBroadcastData)).toHaveLength(1);
    const [toUsers] = first.of(ServiceMessageType.MultiUserData);
    expect(toUsers!.userIds).toEqual(["ann", "bob"]);
    expect(jsonProtocol.decode(toUsers!.payloads.get("json")!)).toMatchObject({ target: "news", arguments: [1] });
    expect(messagePackProtocol.decode(toUsers!.payloads.get("messagepack")!)).toMatchObject({ target: "news", arguments: [1] });
    const [toGroup] = first.of(ServiceMessageType.GroupBroadcastData);
    expect(toGroup).toMatchObject({ group: "red", excludedConnectionIds: ["c1"], excludedUserIds: [] });
    expect([...toGroup!.payloads.keys()]).toEqual(["json"]);
    expect(first.of(ServiceMessageType.MultiConnectionData)).toEqual([]);
  });

  it("wait for the service's word about groups", async () => {
    await start();
    const first = await service.connection();
    first.open("c1");
    first.call("c1", "join", ["red"], "1");
    await expect
      .poll(() => first.of(ServiceMessageType.JoinGroupWithAck))
      .toMatchObject([{ connectionId: "c1", group: "red" }]);
    const { ackId } = first.of(ServiceMessageType.JoinGroupWithAck)[0]!;
    expect(first.said("c1")).toHaveLength(1);
    first.send({ type: ServiceMessageType.Ack, ackId, status: AckStatus.NotFound });
    await expect.poll(() => first.said("c1").at(-1)).toBe(text({ type: 3, invocationId: "1", result: null }));
    first.call("c1", "join", ["red"], "2");
    await expect.poll(() => first.of(ServiceMessageType.JoinGroupWithAck)).toHaveLength(2);
    const second = first.of(ServiceMessageType.JoinGroupWithAck)[1]!.ackId;
    first.send({ type: ServiceMessageType.Ack, ackId: second, status: AckStatus.InternalServerError, message: "broken" });
    await expect.poll(() => first.said("c1").at(-1)).toContain("An unexpected error occurred invoking 'join' on the server.");
    expect(errors).toContain("broken");
  });

  it("ask clients of other servers, and answer for clients of this one", async () => {
    const server = await start();
    const first = await service.connection();
    const { clients } = server.hub(Chat);
    const answer = clients.client("far").invoke("ask", "why");
    await expect.poll(() => first.of(ServiceMessageType.ClientInvocation)).toHaveLength(1);
    const [{ invocationId, callerServerId, payloads }] = first.of(ServiceMessageType.ClientInvocation) as never as [
      { invocationId: string; callerServerId: string; payloads: Map<string, Uint8Array> },
    ];
    expect(invocationId).toMatch(/^far-[0-9a-f]{32}-\d+$/);
    expect(jsonProtocol.decode(payloads.get("json")!)).toMatchObject({ invocationId, target: "ask", arguments: ["why"] });
    const payload = messagePackProtocol.encode({ type: 3, invocationId, result: "because" });
    const completion = { invocationId, connectionId: "far", callerServerId, protocol: "messagepack", payload };
    first.send({ type: ServiceMessageType.ClientCompletion, ...completion });
    expect(await answer).toBe("because");

    const failing = clients.client("gone").invoke("ask", "why");
    await expect.poll(() => first.of(ServiceMessageType.ClientInvocation)).toHaveLength(2);
    const failed = first.of(ServiceMessageType.ClientInvocation)[1]!;
    first.send({ ...failed, type: ServiceMessageType.ErrorCompletion, error: "Connection 'gone' is disconnected." });
    await expect(failing).rejects.toMatchObject({
      code: "connectionNotFound",
      message: "Connection 'gone' is disconnected.",
    });

    first.open("c1");
    await expect.poll(() => events).toHaveLength(1);
    first.send({
      type: ServiceMessageType.ClientInvocation,
      invocationId: "other-1",
      connectionId: "c1",
      callerServerId: "other",
      payloads: new Map(),
    });
    first.data("c1", text({ type: 3, invocationId: "unknown", result: 1 }));
    const record = text({ type: 3, invocationId: "other-1", result: 42 });
    first.data("c1", record);
    await expect
      .poll(() => first.of(ServiceMessageType.ClientCompletion))
      .toMatchObject([{ invocationId: "other-1", connectionId: "c1", protocol: "json" }]);
    expect(Buffer.from(first.of(ServiceMessageType.ClientCompletion)[0]!.payload).toString()).toBe(record);
  });

  it("say why a client of another server does not answer", async () => {
    const server = await start();
    const first = await service.connection();
    const ask = async (signal?: AbortSignal) => {
      const before = first.of(ServiceMessageType.ClientInvocation).length;
      const outcome = server
        .hub(Chat)
        .clients.client("far")
        .invoke("ask", ...(signal === undefined ? [] : [signal]))
        .catch((error) => error);
      await expect.poll(() => first.of(ServiceMessageType.ClientInvocation)).toHaveLength(before + 1);
      return { outcome, invocation: first.of(ServiceMessageType.ClientInvocation)[before]! };
    };

    const missing = await ask();
    first.send({ ...missing.invocation, type: ServiceMessageType.ErrorCompletion, error: "no such connection" });
    expect(await missing.outcome).toMatchObject({ code: "connectionNotFound", message: "no such connection" });

    const leaving = await ask();
    first.send({ ...leaving.invocation, type: ServiceMessageType.ServiceMapping, instanceId: "here" });
    first.send({ ...leaving.invocation, type: ServiceMessageType.ErrorCompletion, error: "it left" });
    expect(await leaving.outcome).toMatchObject({ code: "disconnected", message: "it left" });

    const lost = await ask();
    first.send({ ...lost.invocation, type: ServiceMessageType.ServiceMapping, instanceId: "there" });
    first.ping("offline", "here");
    first.ping("offline", "there");
    expect(await lost.outcome).toMatchObject({ code: "disconnected", message: expect.stringContaining("instance") });

    expect(await (await ask(AbortSignal.timeout(20))).outcome).toMatchObject({ code: "timeout" });

    const cut = await ask();
    service.answer = "away";
    first.socket.terminate();
    expect(await cut.outcome).toMatchObject({ code: "serviceUnavailable" });
    const { clients, groups } = server.hub(Chat);
    const unavailable = { name: "DeliveryError", code: "serviceUnavailable" };
    await expect(clients.client("far").invoke("ask")).rejects.toMatchObject(unavailable);
    await expect(clients.all.send("news")).rejects.toMatchObject(unavailable);
    await expect(groups.add("far", "red")).rejects.toMatchObject(unavailable);
  });
});

describe("negotiate", () => {
  const negotiate = (query = "") =>
    fetch(`http://127.0.0.1:${listening.port}/chat/negotiate?negotiateVersion=1${query}`, { method: "POST" });

  it("sends clients to the service with a token", async () => {
    await start(
      { sticky: "Required", maxPollIntervalInSeconds: 20 },
      {
        authenticate: () => ({
          id: "ann",
          claims: { role: ["admin", "editor"], aud: "mine" },
          expiresAt: new Date(4_000_000_000_000),
        }),
        transports: ["WebSockets", "LongPolling"],
        enableDetailedErrors: true,
      },
    );
    const first = await service.connection();
    const { url, accessToken, availableTransports } = (await (
      await negotiate("&room=a%20b&access_token=secret")
    ).json()) as Record<string, string>;
    expect(url).toMatch(
      new RegExp(
        `^http://127.0.0.1:${service.port}/client/\\?hub=chat&asrs.op=%2Fchat&negotiateVersion=1&room=a%20b&asrs_request_id=[\\w-]+$`,
      ),
    );
    expect(availableTransports).toEqual([]);
    expect(verify(accessToken!)).toMatchObject({
      aud: "http://127.0.0.1/client/?hub=chat",
      "asrs.s.uid": "ann",
      "asrs.s.sn": first.request.headers["x-asrs-server-id"],
      "asrs.s.ssticky": "Required",
      "asrs.s.derror": "True",
      "asrs.s.ttl": "20",
      "asrs.s.htt": "5",
      "asrs.s.coae": "true",
      "asrs.s.aeo": "4000000000",
      "asrs.u.role": ["admin", "editor"],
      "asrs.u.aud": "mine",
    });
  });

  it("refuses what cannot be", async () => {
    await start({}, { authenticate: () => ({ claims: { long: "x".repeat(4_096) } }) });
    expect((await negotiate()).status).toBe(413);
    const connect = await fetch(`http://127.0.0.1:${listening.port}/chat`);
    expect(connect.status).toBe(404);
    const get = await fetch(`http://127.0.0.1:${listening.port}/chat/negotiate`);
    expect(get.status).toBe(405);
    const first = await service.connection();
    service.answer = "no more";
    first.socket.terminate();
    await expect.poll(async () => (await negotiate()).status).toBe(500);
  });

  it("chooses an endpoint that is connected, or the one that the router says", async () => {
    const dead = `Endpoint=http://127.0.0.1;Port=1;AccessKey=${accessKey};Version=1.0;`;
    const seen: string[] = [];
    await start({
      endpoints: [
        { connectionString: dead, name: "dead" },
        { connectionString: service.connectionString, name: "alive", type: "secondary" },
      ],
      router: (endpoints) => {
        seen.push(...endpoints.map(({ name, type, isConnected }) => `${name} ${type} ${isConnected}`));
        return endpoints.find(({ isConnected }) => isConnected);
      },
    });
    await service.connection();
    await expect.poll(async () => (await negotiate()).status).toBe(200);
    expect(seen.slice(-2)).toEqual(["dead primary false", "alive secondary true"]);
  });
});
