import { signToken, type TokenCredential } from "@signalbox/protocol";
import { createVerifier } from "fast-jwt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AuthenticationError, SignalRServiceError } from "../errors.ts";
import { claimsOf, ScriptedServer } from "../rest/scripted-server.suite.ts";
import { ServiceClient } from "../service-client.ts";

let server: ScriptedServer;
beforeEach(async () => {
  server = await ScriptedServer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await server[Symbol.asyncDispose]();
});

const hour = 60 * 60_000;

describe("signing", () => {
  it("is what other libraries verify", () => {
    const token = signToken({ aud: "ü", n: 1 }, { key: "a key ü" });
    expect(createVerifier({ key: "a key ü", algorithms: ["HS256"] })(token)).toEqual({ aud: "ü", n: 1 });
  });
});

describe("with an access key", () => {
  it("a token is for the URL that is called, without port and query, and is used again until shortly before its end", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const hub = ServiceClient.fromConnectionString(server.connectionString, { application: "app" }).hub("Chat");
    const tokens = async () => {
      server.seen.length = 0;
      await hub.allExcept(["c"]).send("t");
      return server.seen[0]!.headers.authorization;
    };
    const first = await tokens();
    const { aud, iat, exp } = claimsOf(first);
    expect(aud).toBe("http://127.0.0.1/api/hubs/chat/:send");
    expect(Number(exp) - Number(iat)).toBe(3600);
    vi.setSystemTime(Date.now() + hour - 5 * 60_000 - 1);
    expect(await tokens()).toBe(first);
    vi.setSystemTime(Date.now() + 1);
    expect(await tokens()).not.toBe(first);
  });
});

describe("with a Microsoft Entra identity", () => {
  const connectionString = () => `Endpoint=${server.origin};AuthType=azure.msi`;

  it("needs a credential, and says so", () => {
    expect(() => ServiceClient.fromConnectionString(connectionString())).toThrow(AuthenticationError);
    expect(() => ServiceClient.fromConnectionString(connectionString())).toThrow(
      `The connection string of ${server.origin} has no access key but AuthType=azure.msi: pass the option credential, such as ` +
        "new DefaultAzureCredential() of @azure/identity.",
    );
  });

  it("asks for one token while it lasts", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const asked: unknown[] = [];
    const credential: TokenCredential = {
      async getToken(scopes) {
        asked.push(scopes);
        return { token: `token-${asked.length}`, expiresOnTimestamp: Date.now() + hour };
      },
    };
    const hub = ServiceClient.fromConnectionString(connectionString(), { credential }).hub("chat");
    await Promise.all([hub.all.send("t"), hub.user("u").send("t")]);
    vi.setSystemTime(Date.now() + hour);
    await hub.all.send("t");
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer token-1",
      "Bearer token-1",
      "Bearer token-2",
    ]);
    expect(asked).toEqual(Array(2).fill("https://signalr.azure.com/.default"));
  });

  it("signs clients' tokens with the key that the service gives, and names it", async () => {
    const credential: TokenCredential = { getToken: async () => ({ token: "entra", expiresOnTimestamp: Date.now() + hour }) };
    server.script = () => ({ status: 200, body: JSON.stringify({ KeyId: "temporary", AccessKey: "a temporary key" }) });
    const hub = ServiceClient.fromConnectionString(connectionString(), { credential }).hub("chat");
    const [{ accessToken }] = [await hub.negotiate({ userId: "ann" }), await hub.negotiate()];
    const verified = createVerifier({ key: "a temporary key", complete: true })(accessToken);
    expect(verified).toMatchObject({ header: { kid: "temporary" }, payload: { "asrs.s.uid": "ann" } });
    expect(server.requests).toEqual(["GET /api/v1/auth/accessKey"]);
    expect(server.seen[0]!.headers.authorization).toBe("Bearer entra");
  });

  it("says what went wrong", async () => {
    const none = ServiceClient.fromConnectionString(connectionString(), { credential: { getToken: async () => null } });
    await expect(none.hub("chat").all.send("t")).rejects.toThrow(new AuthenticationError("The credential gave no token."));
    const failing: TokenCredential = { getToken: () => Promise.reject(new Error("no identity here")) };
    const service = ServiceClient.fromConnectionString(connectionString(), { credential: failing });
    await expect(service.hub("chat").all.send("t")).rejects.toThrow("The credential gave no token: no identity here");
    const credential: TokenCredential = { getToken: async () => ({ token: "entra", expiresOnTimestamp: Date.now() + hour }) };
    server.script = () => ({ status: 200, body: "{}" });
    const keyless = ServiceClient.fromConnectionString(connectionString(), { credential });
    await expect(keyless.hub("chat").negotiate()).rejects.toThrow(SignalRServiceError);
  });
});
