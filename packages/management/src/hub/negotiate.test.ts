import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessTokenTooLongError, InvalidArgumentError } from "../errors.ts";
import { claimsOf } from "../rest/scripted-server.suite.ts";
import { ServiceClient } from "../service-client.ts";
import { StartedService } from "../started-service.suite.ts";
import type { NegotiateOptions } from "./negotiate.ts";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

async function negotiate(options?: NegotiateOptions, connection = "Endpoint=http://localhost;Port=8888", application?: string) {
  const service = ServiceClient.fromConnectionString(`${connection};AccessKey=${key}`, application ? { application } : {});
  const { url, accessToken } = await service.hub("Chat").negotiate(options);
  const { iat, exp, aud, ...claims } = claimsOf(accessToken);
  return { url, aud, lifetime: Number(exp) - Number(iat), claims };
}

describe("where a client is sent", () => {
  it.each([
    ["Endpoint=http://localhost;Port=8888", "http://localhost:8888/client/?hub=chat", "http://localhost/client/?hub=chat"],
    ["Endpoint=https://a.example/", "https://a.example/client/?hub=chat", "https://a.example/client/?hub=chat"],
    [
      "Endpoint=https://a.example;ClientEndpoint=https://proxy.example:444",
      "https://proxy.example:444/client/?hub=chat",
      "https://a.example/client/?hub=chat",
    ],
    [
      "Endpoint=https://a.example;ServerEndpoint=http://inside.example:81",
      "https://a.example/client/?hub=chat",
      "https://a.example/client/?hub=chat",
    ],
  ])("%s", async (connection, url, aud) => {
    expect(await negotiate({}, connection)).toEqual({ url, aud, lifetime: 3600, claims: {} });
  });

  it("has the application before the hub", async () => {
    const { url, aud } = await negotiate({}, "Endpoint=https://a.example", "Shop");
    expect(url).toBe("https://a.example/client/?hub=shop_chat");
    expect(aud).toBe(url);
  });
});

describe("what a client's token says", () => {
  it.each<[NegotiateOptions, object]>([
    [{ userId: "ann" }, { "asrs.s.uid": "ann" }],
    [{ userId: "" }, {}],
    [
      { detailedErrors: true, diagnosticClient: true },
      { "asrs.s.derror": "True", "asrs.s.dc": "true" },
    ],
    [{ httpTransports: ["webSockets", "longPolling", "webSockets"] }, { "asrs.s.htt": "5" }],
    [
      { handshakeTimeout: 20, maxPollInterval: 60 },
      { "asrs.s.cht": "20", "asrs.s.ttl": "60" },
    ],
    [
      { claims: { role: ["a", "b"], age: 7, exp: "mine", aud: "mine", nonce: "n" } },
      { role: ["a", "b"], age: 7, "asrs.u.exp": "mine", "asrs.u.aud": "mine", "asrs.u.nonce": "n" },
    ],
    [{ claims: { sub: ["ann", "also"] } }, { sub: "ann", "asrs.u.sub": ["also"] }],
    [{ claims: { sub: "ann" } }, { sub: "ann" }],
  ])("%j", async (options, claims) => {
    expect((await negotiate(options)).claims).toEqual(claims);
  });

  it("lives as long as was asked for", async () => {
    expect((await negotiate({ lifetimeMs: 90_500 })).lifetime).toBe(90);
  });

  it("tells when the client is to be closed", async () => {
    const service = ServiceClient.fromConnectionString(`Endpoint=http://localhost;AccessKey=${key}`);
    const { accessToken } = await service.hub("chat").negotiate({ closeOnAuthenticationExpiration: true });
    const claims = claimsOf(accessToken);
    expect(claims).toMatchObject({ "asrs.s.coae": "true", "asrs.s.aeo": String(claims.exp) });
  });

  it("may not be longer than URLs bear", async () => {
    await expect(negotiate({ claims: { long: "x".repeat(4000) } })).rejects.toThrow(AccessTokenTooLongError);
  });

  it.each<NegotiateOptions>([
    { lifetimeMs: 0 },
    { lifetimeMs: Number.NaN },
    { httpTransports: [] },
    { handshakeTimeout: 31 },
    { maxPollInterval: 0.5 },
  ])("is refused with %j", async (options) => {
    await expect(negotiate(options)).rejects.toThrow(InvalidArgumentError);
  });
});

describe("at the service", () => {
  let started: StartedService;
  beforeAll(async () => {
    started = await StartedService.start();
  });
  afterAll(() => started.stop());

  it("the user, the transports and the end of the token count", async () => {
    const hub = ServiceClient.fromConnectionString(started.connectionString).hub("chat");
    const access = await hub.negotiate({
      userId: "ann",
      httpTransports: ["longPolling"],
      lifetimeMs: 2_000,
      closeOnAuthenticationExpiration: true,
    });
    const answer = await fetch(access.url.replace("/client/", "/client/negotiate"), {
      method: "POST",
      headers: { Authorization: `Bearer ${access.accessToken}` },
    });
    const { availableTransports } = (await answer.json()) as { availableTransports: { transport: string }[] };
    expect(availableTransports.map(({ transport }) => transport)).toEqual(["LongPolling"]);

    const client = await started.connect(access);
    expect(await hub.userExists("ann")).toBe(true);
    await client.closed;
    await expect.poll(() => hub.connectionExists(client.id)).toBe(false);
  });
});
