import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadSettings, type Service, startService } from "@signalbox/service";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConnectionNotFoundError } from "../errors.ts";
import { client, type WebSocketEvent } from "../websocket.ts";

const hubName = "advanced_chat_demo";
const silent = { log: () => {} };

let upstream: Server;
let service: Service;
/** What the service told, as the library reads it. */
const events: WebSocketEvent[] = [];

beforeAll(async () => {
  // The functions of the document: connect names the user, as its query says.
  upstream = createServer((request: IncomingMessage, response) => {
    const event = client(service.connectionString, hubName, silent).event(request.headers);
    events.push(event);
    request.resume();
    response.writeHead(200, event.isConnectEvent ? { "x-asrs-user-id": event.query.name } : {}).end();
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const template = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/api/{event}`;
  const { settings } = loadSettings({
    flags: { port: "0", ip: "127.0.0.1", inMemory: true },
    environment: { SIGNALBOX_UPSTREAM_TEMPLATES: template },
  });
  service = await startService(settings, { log: pino({ level: "silent" }) });
});

afterAll(async () => {
  await service?.stop();
  upstream?.close();
});

const hub = () => client(service.connectionString, hubName, silent);

/** A client at the address that `getEndpoint` gives, with all that it receives. */
async function connect(name: string, endpoint = hub().getEndpoint()) {
  const socket = new WebSocket(`${endpoint}${endpoint.includes("?") ? "&" : "?"}name=${encodeURIComponent(name)}`);
  const received: unknown[] = [];
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => received.push(data));
  const closed = once(socket, "close").then(([{ code, reason }]) => ({ code, reason }));
  await once(socket, "open");
  const { connectionId } = events.findLast(({ isConnectEvent, query }) => isConnectEvent && query.name === name)!;
  return {
    socket,
    received,
    closed,
    id: connectionId!,
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}

describe("against the service", () => {
  it("sends to all, connections, users and groups, text and bytes", async () => {
    await using ann = await connect("Ann");
    await using bob = await connect("Bob");
    expect((await hub().broadcast("all")).status).toBe(202);
    await hub().broadcast("not Ann", { excluded: [ann.id] });
    await hub().sendToConnection(ann.id, { only: "Ann" });
    await hub().sendToUser("Bob", Uint8Array.of(1, 2, 3));
    await hub().addConnectionToGroup("g", ann.id);
    await hub().addToGroup("g", "Bob");
    await hub().sendToGroup("g", "group");
    await hub().removeConnectionFromGroup("g", ann.id);
    await hub().removeFromGroup("g", "Bob");
    await hub().sendToGroup("g", "nobody");
    await hub().broadcast("end");
    await expect.poll(() => ann.received.at(-1)).toBe("end");
    await expect.poll(() => bob.received.at(-1)).toBe("end");
    expect(ann.received).toEqual(["all", '{"only":"Ann"}', "group", "end"]);
    expect(bob.received).toEqual(["all", "not Ann", Uint8Array.of(1, 2, 3).buffer, "group", "end"]);
  });

  it("answers what exists", async () => {
    await using ann = await connect("Ann");
    await hub().addConnectionToGroup("here", ann.id);
    expect(await hub().connectionExists(ann.id)).toBe(true);
    expect(await hub().userExists("Ann")).toBe(true);
    expect(await hub().groupExists("here")).toBe(true);
    expect(await hub().connectionExists("gone")).toBe(false);
    expect(await hub().userExists("Nobody")).toBe(false);
    expect(await hub().groupExists("empty")).toBe(false);
    await expect(hub().addConnectionToGroup("here", "gone")).rejects.toThrow(ConnectionNotFoundError);
  });

  it("closes with a reason", async () => {
    const ann = await connect("Ann");
    await hub().closeConnection(ann.id, "so & so");
    expect(await ann.closed).toEqual({ code: 1000, reason: "so & so" });
  });

  it("lets a client in by a token that names its user", async () => {
    await using _ann = await connect("whatever", hub().getEndpoint("Token user"));
    await expect.poll(() => events.find(({ query }) => query.name === "whatever")?.userId).toBe("Token user");
  });

  it("runs the document's code, in CommonJS, with only its require changed", async () => {
    await using bob = await connect("Bob");
    const code = `
      const client = require('@signalbox/management/websocket').default(context);
      const anotherClient = require('@signalbox/management/websocket').client(process.env.AzureSignalRConnectionString, process.env.HubName, context);
      const event = client.event(req.headers);
      const connectionId = event.connectionId;
      const user = event.query.name
      const message = 'hello';
      const group = 'readers';
      await client.broadcast(message);
      await client.sendToConnection(connectionId, message);
      await client.addConnectionToGroup(group, connectionId);
      await client.removeConnectionFromGroup(group, connectionId);
      await client.sendToUser(user, message);
      await client.addToGroup(group, user);
      const groupExists = await client.groupExists(group);
      await client.removeFromGroup(group, user);
      const userExists = await client.userExists(user);
      const connectionExists = await anotherClient.connectionExists(connectionId);
      await client.closeConnection(connectionId, 'close reason');
      console.log(JSON.stringify({ userExists, groupExists, connectionExists }));`;
    const headers = JSON.stringify({ "x-asrs-connection-id": bob.id, "x-asrs-client-query": "?name=Bob" });
    const program = `(async (context, req) => {${code}})({ log() {} }, { headers: ${headers} })`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=signalbox-source", "--input-type=commonjs", "--eval", program],
      {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { ...process.env, AzureSignalRConnectionString: service.connectionString, HubName: hubName },
      },
    );
    expect(JSON.parse(stdout)).toEqual({ userExists: true, groupExists: true, connectionExists: true });
    expect(await bob.closed).toEqual({ code: 1000, reason: "close reason" });
    expect(bob.received).toEqual(["hello", "hello", "hello"]);
  });
});
