import { createVerifier } from "fast-jwt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScriptedService } from "../../test/scripted-service.ts";
import { Hub, HubServer, type ServiceOptions, type TokenCredential } from "../index.ts";

// Signalbox knows access keys only, and there is no cloud here, so the service is a scripted one.

let service: ScriptedService;
const servers: HubServer[] = [];
const errors: string[] = [];

beforeEach(async () => {
  errors.length = 0;
  service = await ScriptedService.start();
});
afterEach(async () => {
  for (const connection of service.connections) connection.ping("shutdown", "finack");
  for (const server of servers.splice(0)) await server.close();
  await service.stop();
});

async function serve(credential: TokenCredential | undefined): Promise<string> {
  const endpoints = `Endpoint=http://127.0.0.1;Port=${service.port};AuthType=azure;Version=1.0;`;
  const options: ServiceOptions = { endpoints, connections: 1, credential };
  const onError = (error: unknown) => void errors.push((error as Error).message);
  const server = new HubServer({ service: options, authenticate: () => ({ id: "ann" }), onError });
  server.map("/chat", class Chat extends Hub {}, { name: "chat" });
  servers.push(server);
  return `http://127.0.0.1:${(await server.listen(0)).port}/chat/negotiate`;
}

const asked: unknown[] = [];
const credential: TokenCredential = {
  async getToken(scope) {
    asked.push(scope);
    return { token: "entra", expiresOnTimestamp: Date.now() + 3_600_000 };
  },
};

const negotiate = (url: string) => fetch(url, { method: "POST" });

describe("A hub server with a Microsoft Entra identity", () => {
  it("shows its token, and signs clients' tokens with the key that the service gives for it", async () => {
    const keys: unknown[] = [];
    service.onRequest = ({ url, headers }) => {
      keys.push([url, headers.authorization]);
      return [200, JSON.stringify({ KeyId: "temporary", AccessKey: "a temporary key" })];
    };
    const url = await serve(credential);
    expect((await service.connection()).request.headers.authorization).toBe("Bearer entra");
    const [{ accessToken }] = (await Promise.all([1, 2].map(async () => (await negotiate(url)).json()))) as [
      { accessToken: string },
    ];
    const verified = createVerifier({ key: "a temporary key", complete: true })(accessToken);
    expect(verified).toMatchObject({ header: { kid: "temporary" }, payload: { "asrs.s.uid": "ann" } });
    expect(keys).toEqual([["/api/v1/auth/accessKey", "Bearer entra"]]);
    expect(asked).toEqual(["https://signalr.azure.com/.default"]);
  });

  it("says so when the service gives no key, and asks again", async () => {
    const url = await serve(credential);
    await service.connection();
    expect((await negotiate(url)).status).toBe(500);
    expect(errors.at(-1)).toMatch(/\/api\/v1\/auth\/accessKey gave no key for signing clients' tokens \(404\)\.$/);
    service.onRequest = () => [200, "no JSON"];
    expect((await negotiate(url)).status).toBe(500);
    service.onRequest = () => [200, JSON.stringify({ KeyId: "temporary", AccessKey: "a temporary key" })];
    expect((await negotiate(url)).status).toBe(200);
  });

  it("says so when the credential gives no token, and tries again", async () => {
    let fails = true;
    const url = await serve({
      getToken: (scope) => (fails ? Promise.reject(new Error("no identity here")) : credential.getToken(scope)),
    });
    expect((await negotiate(url)).status).toBe(500);
    expect(errors[0]).toMatch(/could not be connected to: The credential gave no token: no identity here$/);
    fails = false;
    expect((await service.connection()).request.headers.authorization).toBe("Bearer entra");
  });

  it("needs a credential", async () => {
    await expect(serve(undefined)).rejects.toThrow("has no access key but AuthType=azure: pass the option service.credential");
    await expect(serve({} as TokenCredential)).rejects.toThrow("The option 'service.credential' must have a method getToken");
  });
});
