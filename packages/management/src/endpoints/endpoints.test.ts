import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidArgumentError, NoEndpointAvailableError } from "../errors.ts";
import type { EndpointOptions, ServiceClientOptions } from "../options.ts";
import { ScriptedServer } from "../rest/scripted-server.suite.ts";
import { ServiceClient } from "../service-client.ts";
import { StartedService } from "../started-service.suite.ts";

/** Nothing listens there: port 1 is nobody's. */
const nobody = "http://127.0.0.1:1";
const nowhere = `Endpoint=${nobody};AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH`;

let east: StartedService;
let west: StartedService;

beforeAll(async () => {
  [east, west] = await Promise.all([StartedService.start(), StartedService.start()]);
});
afterAll(() => Promise.all([east.stop(), west.stop()]));

function services(given: readonly EndpointOptions[], options?: ServiceClientOptions): ServiceClient {
  return ServiceClient.fromConnectionString(given, options);
}

const at = (name: string, { connectionString }: { readonly connectionString: string }, type?: "primary" | "secondary") => ({
  name,
  connectionString,
  ...(type === undefined ? {} : { type }),
});
const dead = { name: "dead", connectionString: nowhere };

describe("several endpoints", () => {
  it("all get what is sent, and answer together, though one is dead", async () => {
    using service = services([at("east", east), dead, at("west", west)]);
    const hub = service.hub("several");
    const accesses = await hub.negotiateEach({ userId: "ann" });
    expect(accesses.map(({ endpoint }) => [endpoint.name, endpoint.online])).toEqual([
      ["east", true],
      ["dead", false],
      ["west", true],
    ]);
    const a = await east.connect(accesses[0]!.access);
    const b = await west.connect(accesses[2]!.access);
    a.connection.on("add", (x: number, y: number) => x + y);
    b.connection.on("add", (x: number, y: number) => x * y);

    await hub.user("ann").send("news", 1);
    await expect.poll(() => [a.calls, b.calls]).toEqual([[["news", 1]], [["news", 1]]]);

    expect(await hub.groups.add(b.id, "red")).toBe(true);
    expect(await hub.groups.add(a.id, "red")).toBe(true);
    expect(await hub.groups.add("ghost", "red")).toBe(false);
    const members = [];
    for await (const { connectionId } of hub.listConnectionsInGroup("red", { maxPageSize: 1 })) members.push(connectionId);
    expect(members).toEqual([a.id, b.id]);
    for await (const { connectionId } of hub.listConnectionsInGroup("red", { top: 1 })) expect(connectionId).toBe(a.id);

    expect(await hub.connection(b.id).invoke("add", 3, 4)).toBe(12);
    expect(await hub.connectionExists(b.id)).toBe(true);
    expect(await hub.connectionExists("ghost")).toBe(false);
    expect(await hub.userExists("ann")).toBe(true);
    expect(await hub.userExists("nobody")).toBe(false);
    await hub.userGroups.add("ann", "blue");
    expect(await hub.userGroups.has("ann", "blue")).toBe(true);
    await hub.close.user("ann");
    await Promise.all([a.closed, b.closed]);
  });

  it("can be narrowed for a call", async () => {
    using service = services([at("east", east), at("west", west)]);
    const hub = service.hub("narrowed");
    const onlyWest = hub.with({ endpoints: ({ name }) => name === "west" });
    const [first, second] = await hub.negotiateEach();
    const a = await east.connect(first!.access);
    const b = await west.connect(second!.access);
    await onlyWest.all.send("news", 1);
    await hub.all.send("news", 2);
    await expect
      .poll(() => [a.calls, b.calls])
      .toEqual([
        [["news", 2]],
        [
          ["news", 1],
          ["news", 2],
        ],
      ]);
    expect((await onlyWest.negotiate()).url).toBe(second!.access.url);
    await expect(hub.with({ endpoints: () => false }).all.send("news")).rejects.toThrow(NoEndpointAvailableError);
  });

  it("send clients to a primary one that is online", async () => {
    using service = services([dead, at("east", east, "secondary"), at("west", west)]);
    const urls = new Set<string>();
    for (let i = 0; i < 20; i++) urls.add((await service.hub("chat").negotiate()).url);
    expect([...urls]).toEqual([`${west.service.url}/client/?hub=chat`]);
  });

  it("send clients to a secondary one when no primary is online", async () => {
    using service = services([dead, at("east", east, "secondary")]);
    expect((await service.hub("chat").negotiate()).url).toBe(`${east.service.url}/client/?hub=chat`);
  });

  it("share clients among primary ones", async () => {
    using service = services([at("east", east), at("west", west)]);
    const hub = service.hub("chat");
    const seen = new Set<string>();
    await expect.poll(async () => seen.add((await hub.negotiate()).url).size).toBe(2);
  });

  it("say so when none is online", async () => {
    using service = services([dead, { ...dead, name: "dead too" }]);
    const sentence = "No endpoint is available for the client: dead is offline, dead too is offline.";
    await expect(service.hub("chat").negotiate()).rejects.toThrow(new NoEndpointAvailableError(sentence));
    await expect(service.hub("chat").all.send("news")).rejects.toThrow(NoEndpointAvailableError);
  });

  it("are chosen by a router", async () => {
    const asked: unknown[] = [];
    using service = services([at("east", east), at("west", west)], {
      router: {
        messageEndpoints: (endpoints, hub, recipient) => {
          asked.push([hub, recipient]);
          return endpoints.filter(({ name }) => name === "east");
        },
        negotiateEndpoint: (endpoints, hub, client) => {
          asked.push([hub, client]);
          return endpoints.find(({ name }) => name === "west");
        },
      },
    });
    const hub = service.hub("Routed");
    const client = await west.connect(await hub.negotiate({ userId: "ann" }));
    expect(await hub.userExists("ann")).toBe(false);
    expect(await hub.connectionExists(client.id)).toBe(false);
    expect(asked).toEqual([
      ["Routed", { userId: "ann" }],
      ["Routed", { kind: "user", id: "ann" }],
      ["Routed", { kind: "connection", id: client.id }],
    ]);
  });

  it("must be at least one", () => {
    expect(() => services([])).toThrow(InvalidArgumentError);
  });
});

describe("health", () => {
  const names = (service: ServiceClient) =>
    service.endpoints.map(({ name, online }) => `${name} ${online ? "online" : "offline"}`);

  it("is told when asked", async () => {
    using service = services([at("east", east), dead]);
    expect(names(service)).toEqual(["east online", "dead online"]);
    await service.checkHealth();
    expect(names(service)).toEqual(["east online", "dead offline"]);
    const one = ServiceClient.fromConnectionString(nowhere);
    expect(await one.checkHealth()).toEqual([{ name: "", type: "primary", endpoint: nobody, online: false }]);
  });

  it("is watched: an endpoint is left out after its third failure, and taken back when it answers", async () => {
    await using server = await ScriptedServer.start();
    let isHealthy = true;
    server.script = ({ url }) => (url.startsWith("/api/health") ? (isHealthy ? 200 : 503) : 202);
    using service = services([at("east", east), at("scripted", server)], {
      health: { intervalMs: 20, retryIntervalMs: 10, recoveryIntervalMs: 10, timeoutMs: 1_000 },
    });
    await service.hub("chat").all.send("news");
    expect(names(service)).toEqual(["east online", "scripted online"]);
    isHealthy = false;
    const before = server.seen.length;
    await expect.poll(() => names(service)).toEqual(["east online", "scripted offline"]);
    expect(server.seen.length - before).toBeGreaterThanOrEqual(3);
    const sent = () => server.requests.filter((request) => request.startsWith("POST")).length;
    const sentBefore = sent();
    await service.hub("chat").all.send("news");
    expect(sent()).toBe(sentBefore);
    isHealthy = true;
    await expect.poll(() => names(service)).toEqual(["east online", "scripted online"]);
    await service.hub("chat").all.send("news");
    expect(sent()).toBe(sentBefore + 1);
  });

  it("is asked at once after a call that did not get through, which is no failure while another endpoint accepted", async () => {
    await using server = await ScriptedServer.start();
    let isUp = true;
    server.script = () => (isUp ? 200 : "reset");
    using service = services([at("east", east), at("scripted", server)], { health: { retryIntervalMs: 10 } });
    const hub = service.hub("chat");
    await hub.all.send("news");
    isUp = false;
    await hub.all.send("news");
    await expect.poll(() => names(service)).toEqual(["east online", "scripted offline"]);
  });

  it("does not stand in the way of a single endpoint", async () => {
    await using server = await ScriptedServer.start();
    server.script = ({ url }) => (url.startsWith("/api/health") ? 503 : 202);
    const service = ServiceClient.fromConnectionString(server.connectionString);
    expect((await service.checkHealth())[0]!.online).toBe(false);
    await service.hub("chat").all.send("news");
    expect(server.requests).toEqual([
      "HEAD /api/health?api-version=2022-06-01",
      "POST /api/hubs/chat/:send?api-version=2022-06-01",
    ]);
  });
});

describe("answers of several endpoints", () => {
  it("fail when one refuses, though another accepted", async () => {
    await using server = await ScriptedServer.start();
    server.script = ({ url }) => (url.startsWith("/api/health") ? 200 : 500);
    using service = services([at("east", east), at("scripted", server)]);
    await expect(service.hub("chat").all.send("news")).rejects.toMatchObject({ status: 500, endpoint: server.origin });
    await expect(service.hub("chat").userExists("nobody")).rejects.toMatchObject({ status: 500 });
    await expect(service.hub("chat").connectionExists("ghost")).rejects.toMatchObject({ status: 500 });
  });

  it("about one connection give up the others once one said yes", async () => {
    await using server = await ScriptedServer.start();
    server.script = ({ url }) => (url.startsWith("/api/health") ? 200 : "hang");
    using service = services([at("east", east), at("scripted", server)]);
    const hub = service.hub("chat");
    const [first] = await hub.negotiateEach();
    const client = await east.connect(first!.access);
    expect(await hub.connectionExists(client.id)).toBe(true);
    await expect.poll(() => server.abandoned).toBe(1);
  });
});
