import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { createVerifier } from "fast-jwt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConnectionNotFoundError, InvalidArgumentError, SignalRServiceError, UserMismatchError } from "../errors.ts";
import { ScriptedServer } from "../rest/scripted-server.suite.ts";
import { ServiceClient } from "../service-client.ts";
import { StartedService } from "../started-service.suite.ts";
import type { HubContext } from "./hub-context.ts";
import type { ClientAccess } from "./negotiate.ts";

const nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

let started: StartedService;
let hub: HubContext;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  started = await StartedService.start();
  hub = ServiceClient.fromConnectionString(started.connectionString, { application: "App" }).hub("Renewed");
});
afterAll(() => started.stop());
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Negotiates by itself: the library tells nobody the connection token. */
async function connect({ url, accessToken }: ClientAccess) {
  const negotiation = await fetch(url.replace("/?", "/negotiate?negotiateVersion=1&"), {
    method: "POST",
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  const { connectionToken } = (await negotiation.json()) as { readonly connectionToken: string };
  const connection = new HubConnectionBuilder()
    .withUrl(`${url}&id=${connectionToken}`, {
      accessTokenFactory: () => accessToken,
      skipNegotiation: true,
      transport: HttpTransportType.WebSockets,
    })
    .configureLogging(LogLevel.None)
    .build();
  await connection.start();
  stops.push(() => connection.stop());
  return { connection, token: connectionToken };
}

const valuesOf = (claims: readonly { readonly type: string; readonly value: string }[], type: string) =>
  claims.filter((claim) => claim.type === type).map(({ value }) => value);

const verify = createVerifier({
  key: async () => /AccessKey=([^;]+)/.exec(started.connectionString)![1]!,
  algorithms: ["HS256"],
});

describe("a client's authentication", () => {
  it("is refreshed while it stays connected, and its next token says the same", async () => {
    const { token, connection } = await connect(await hub.negotiate({ userId: "ann", claims: { role: "user", tenant: "a" } }));
    expect(valuesOf(await hub.connectionClaims(token), role)).toEqual(["user"]);

    const claims = { nameid: "ann", role: ["admin", "editor"], exp: 5 };
    const access = await hub.refreshAuthentication(token, { claims, lifetimeMs: 300_000 });
    expect(access.tokenLifetimeSeconds).toBe(300);
    const now = await hub.connectionClaims(token);
    expect([role, nameIdentifier, "asrs.u.exp", "tenant"].map((type) => valuesOf(now, type))).toEqual([
      ["admin", "editor"],
      ["ann"],
      ["5"],
      [],
    ]);
    expect(connection.state).toBe("Connected");

    const payload = (await verify(access.accessToken)) as Record<string, unknown>;
    expect(payload).toMatchObject({ "asrs.s.uid": "ann", [role]: ["admin", "editor"], "asrs.u.exp": "5" });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
    const { url } = await hub.negotiate();
    const again = await connect({ url, accessToken: access.accessToken });
    expect(valuesOf(await hub.connectionClaims(again.token), role)).toEqual(["admin", "editor"]);
    expect(await hub.userExists("ann")).toBe(true);
  });

  it("keeps its claims when none are given, and its expiry unless a new one is", async () => {
    const { token } = await connect(
      await hub.negotiate({
        userId: "ann",
        claims: { role: "user" },
        lifetimeMs: 600_000,
        closeOnAuthenticationExpiration: true,
      }),
    );
    const [deadline] = valuesOf(await hub.connectionClaims(token), "asrs.s.aeo");
    const kept = await hub.refreshAuthentication(token);
    expect(kept.tokenLifetimeSeconds).toBeLessThanOrEqual(600);
    expect(valuesOf(await hub.connectionClaims(token), "asrs.s.aeo")).toEqual([deadline]);

    const expiresAt = Date.now() + 1_200_000;
    const longer = await hub.refreshAuthentication(token, { expiresAt });
    expect(longer.tokenLifetimeSeconds).toBeGreaterThan(600);
    const claims = await hub.connectionClaims(token);
    expect([valuesOf(claims, "asrs.s.aeo"), valuesOf(claims, role)]).toEqual([
      [String(Math.floor(expiresAt / 1000))],
      ["user"],
    ]);
  });

  it("is found at the endpoint that has the client, whose key signs the new token", async () => {
    const other = await StartedService.start({ accessKeysPrimary: "another key, which is long enough for all of them" });
    stops.push(() => other.stop());
    const service = ServiceClient.fromConnectionString([
      { name: "here", connectionString: started.connectionString },
      { name: "there", connectionString: other.connectionString },
    ]);
    stops.push(async () => service.close());
    const both = service.hub("both");
    for (const { endpoint, access } of await both.negotiateEach({ userId: "ann" })) {
      const { token } = await connect(access);
      const { accessToken } = await both.refreshAuthentication(token);
      await connect({ url: access.url, accessToken });
      expect(await both.with({ endpoints: ({ name }) => name === endpoint.name }).userExists("ann")).toBe(true);
    }
  });

  it("is not refreshed for another user, an unknown token, or with values that make no sense", async () => {
    const { token } = await connect(await hub.negotiate({ userId: "ann" }));
    const mismatch = await hub.refreshAuthentication(token, { claims: { sub: "bob" } }).catch((error: unknown) => error);
    expect(mismatch).toBeInstanceOf(UserMismatchError);
    expect(mismatch).toMatchObject({ status: 403, message: expect.stringContaining("another user") });
    await expect(hub.refreshAuthentication("unknown")).rejects.toThrow(ConnectionNotFoundError);
    await expect(hub.connectionClaims("unknown")).rejects.toThrow("There is no connection with this token.");
    await expect(hub.connectionClaims("")).rejects.toThrow(InvalidArgumentError);
    for (const expiresAt of [Date.now() - 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(hub.refreshAuthentication(token, { expiresAt })).rejects.toThrow("expiresAt must be in the future");
    }
    await expect(hub.refreshAuthentication(token, { lifetimeMs: 1 })).rejects.toThrow("lifetimeMs must be");
  });

  it("is asked for as the .NET SDK asks; an answer without claims is an error", async () => {
    await using server = await ScriptedServer.start();
    server.script = () => ({ status: 200, body: "{}" });
    const scripted = ServiceClient.fromConnectionString(server.connectionString).hub("Chat");
    await expect(scripted.refreshAuthentication("t", { claims: { a: true } })).rejects.toThrow(SignalRServiceError);
    await expect(scripted.connectionClaims("t")).rejects.toThrow("The service told no claims.");
    expect(server.requests).toEqual([
      "POST /api/hubs/chat/connections/:refreshAuth?api-version=2026-07-01",
      "POST /api/hubs/chat/connections/:getClaims?api-version=2026-07-01",
    ]);
    expect(server.seen.map(({ body }) => JSON.parse(String(body)) as unknown)).toEqual([
      { connectionToken: "t", expireTime: "9999-12-31T23:59:59.9999999+00:00", claims: [{ type: "a", value: "true" }] },
      { connectionToken: "t" },
    ]);
  });
});
