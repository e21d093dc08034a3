// What the .NET SDK's own tests say of its answer to negotiate (reference hub-and-service-protocol §4.3, §5.3).
import { createVerifier } from "fast-jwt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessKey, ScriptedService } from "../../test/scripted-service.ts";
import { Hub, HubServer, type HubServerOptions, type ListeningHubServer, type ServiceOptions } from "../index.ts";

class Chat extends Hub {}

let service: ScriptedService;
let listening: ListeningHubServer | undefined;
beforeEach(async () => {
  service = await ScriptedService.start();
});
afterEach(async () => {
  for (const connection of service.connections) connection.ping("shutdown", "finack");
  await listening?.close();
  await service.stop();
});

const verify = createVerifier({ key: accessKey });

/** @returns the URL's query, the token's claims, and both as they are */
async function negotiate(path: string, options: Partial<ServiceOptions> = {}, server: Partial<HubServerOptions> = {}) {
  listening = await new HubServer({
    service: { endpoints: service.connectionString, connections: 1, ...options },
    onError: () => {},
    ...server,
  })
    .map("/user/path", Chat)
    .listen(0);
  await service.connection();
  const response = await fetch(`http://127.0.0.1:${listening.port}${path}`, { method: "POST" });
  expect(response.status).toBe(200);
  const answer = (await response.json()) as { url: string; accessToken: string; availableTransports: unknown[] };
  expect(answer).toMatchObject({ availableTransports: [] });
  expect(answer).not.toHaveProperty("connectionId");
  return { url: answer.url, claims: verify(answer.accessToken) as Record<string, unknown> & { iat: number; exp: number } };
}

const ann = { authenticate: () => ({ id: "ann", claims: { custom: "custom" } }) };

describe("the answer to negotiate", () => {
  it.each([
    ["/user/path/negotiate", "&asrs.op=%2Fuser%2Fpath"],
    ["/user/path/negotiate/", "&asrs.op=%2Fuser%2Fpath"],
    ["/user/path/negotiate?customKey=customValue", "&asrs.op=%2Fuser%2Fpath&customKey=customValue"],
    ["/user/path/negotiate?a=%C3%BC&a=2&&b", "&asrs.op=%2Fuser%2Fpath&a=%C3%BC&a=2&b"],
  ])("to %s forwards path and query", async (path, expected) => {
    const { url } = await negotiate(path);
    expect(url.replace(/&asrs_request_id=[\w-]+$/, "")).toBe(`http://127.0.0.1:${service.port}/client/?hub=chat${expected}`);
  });

  it("has the application before the hub", async () => {
    const { url, claims } = await negotiate("/user/path/negotiate", { applicationName: "appName" });
    expect(url).toContain("/client/?hub=appname_chat&");
    expect(claims.aud).toBe("http://127.0.0.1/client/?hub=appname_chat");
  });

  it("names the user and its claims, and nothing that is not asked for", async () => {
    const { claims } = await negotiate("/user/path/negotiate", { accessTokenLifetime: 24 * 3_600_000 }, ann);
    expect(claims).toMatchObject({ "asrs.s.uid": "ann", "asrs.u.custom": "custom" });
    expect(claims.exp - claims.iat).toBe(24 * 3_600);
    expect(Object.keys(claims).filter((name) => /^asrs\.s\.(?!uid$)/.test(name))).toEqual([]);
  });

  it("names the user as the hub does", async () => {
    const { claims } = await negotiate("/user/path/negotiate", {}, { ...ann, userId: (user) => `user ${user?.id}` });
    expect(claims["asrs.s.uid"]).toBe("user ann");
  });

  it("names nobody where the hub knows nobody", async () => {
    const { claims } = await negotiate("/user/path/negotiate", {}, { ...ann, userId: () => undefined });
    expect(claims).not.toHaveProperty(["asrs.s.uid"]);
  });

  it("keeps the client with its server where that is asked for", async () => {
    const { claims } = await negotiate("/user/path/negotiate", { sticky: "Preferred" });
    const server = service.connections[0]!.request.headers["x-asrs-server-id"];
    expect(claims).toMatchObject({ "asrs.s.sn": server, "asrs.s.ssticky": "Preferred" });
  });

  it.each([1, 15, 300])("lets polls wait for %d s", async (maxPollIntervalInSeconds) => {
    const { claims } = await negotiate("/user/path/negotiate", { maxPollIntervalInSeconds });
    expect(claims["asrs.s.ttl"]).toBe(String(maxPollIntervalInSeconds));
  });

  it.each([-10, 0, 500, 1.5])("cannot let polls wait for %d s", (maxPollIntervalInSeconds) => {
    const server = new HubServer({ service: { endpoints: service.connectionString, maxPollIntervalInSeconds } });
    expect(() => server.map("/user/path", Chat)).toThrow(
      "'service.maxPollIntervalInSeconds' must be a whole number from 1 to 300",
    );
  });

  it.each([
    ["WebSockets", 1],
    ["ServerSentEvents", 2],
    ["LongPolling", 4],
  ] as const)("allows %s alone", async (transport, bits) => {
    const { claims } = await negotiate("/user/path/negotiate", {}, { transports: [transport] });
    expect(claims["asrs.s.htt"]).toBe(String(bits));
  });

  it("has the service close the client when the user's time is over", async () => {
    const authenticate = () => ({ id: "ann", expiresAt: new Date(4_000_000_000_000) });
    const { claims } = await negotiate("/user/path/negotiate", {}, { authenticate });
    expect(claims).toMatchObject({ "asrs.s.coae": "true", "asrs.s.aeo": "4000000000" });
  });
});
