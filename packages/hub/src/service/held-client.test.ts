import { AckStatus, encodeConnectionClaims, ServiceMessageType } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claims, ScriptedService } from "../../test/scripted-service.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

let services: readonly ScriptedService[];
let listening: ListeningHubServer;
const errors: string[] = [];

beforeEach(async () => {
  errors.length = 0;
  services = [await ScriptedService.start(), await ScriptedService.start()];
  const endpoints = services.map(({ connectionString }) => connectionString);
  const server = new HubServer({
    service: { endpoints, connections: 1 },
    authenticate: ({ accessToken }) => ({ id: accessToken ?? "", claims: { role: ["a", "b"] }, expiresAt: new Date(4e12) }),
    onError: (error) => errors.push((error as Error).message),
  }).map("/chat", class Chat extends Hub {});
  listening = await server.listen(0);
  await expect.poll(() => services.map(({ connections }) => connections.length)).toEqual([1, 1]);
});
afterEach(async () => {
  for (const { connections } of services) for (const connection of connections) connection.ping("shutdown", "finack");
  await listening.close();
  for (const service of services) await service.stop();
});

function refresh(): Promise<Response> {
  const headers = { authorization: "Bearer ann", "x-signalr-connection-token": "secret" };
  return fetch(`http://127.0.0.1:${listening.port}/chat/refresh`, { method: "POST", headers });
}

/** Answers the questions for claims that have come to an endpoint. */
async function tell(service: ScriptedService, user: string | undefined): Promise<void> {
  const [connection] = service.connections;
  await expect.poll(() => connection!.of(ServiceMessageType.GetConnectionClaims)).toHaveLength(1);
  const { ackId, connectionToken } = connection!.of(ServiceMessageType.GetConnectionClaims)[0]!;
  expect(connectionToken).toBe("secret");
  const status = user === undefined ? AckStatus.NotFound : AckStatus.Ok;
  const payload = user === undefined ? undefined : encodeConnectionClaims(claims({ "asrs.s.uid": user }));
  connection!.send({ type: ServiceMessageType.Ack, ackId, status, message: "", payload });
}

describe("A new token of a client that one of two endpoints has", () => {
  it("goes to that endpoint, and the client gets its next access token", async () => {
    const answer = refresh();
    await Promise.all([tell(services[0]!, undefined), tell(services[1]!, "ann")]);
    const [holder] = services[1]!.connections;
    await expect.poll(() => holder!.of(ServiceMessageType.RefreshAuth)).toHaveLength(1);
    const [renewal] = holder!.of(ServiceMessageType.RefreshAuth);
    expect(renewal).toMatchObject({ connectionToken: "secret", expireTime: 4e12 });
    const said = renewal!.claims.map(({ type, value }) => `${type}=${value}`);
    expect(said).toEqual(expect.arrayContaining(["asrs.s.uid=ann", "asrs.u.role=a", "asrs.u.role=b"]));
    holder!.send({ type: ServiceMessageType.Ack, ackId: renewal!.ackId, status: AckStatus.Ok, message: "" });
    const body = (await (await answer).json()) as { accessToken: string };
    expect(JSON.parse(Buffer.from(body.accessToken.split(".")[1]!, "base64url").toString())).toMatchObject({
      "asrs.s.uid": "ann",
      "asrs.u.role": ["a", "b"],
    });
    expect(services[0]!.connections[0]!.of(ServiceMessageType.RefreshAuth)).toEqual([]);
  });

  it.each([
    ["whose user is another", "bob", 403, "permission_change_rejected"],
    ["that has left", undefined, 404, "connection_not_found"],
  ])("%s is refused", async (_, user, status, error) => {
    const answer = refresh();
    await Promise.all([tell(services[0]!, undefined), tell(services[1]!, user)]);
    expect([(await answer).status, await (await answer).json()]).toMatchObject([status, { error }]);
  });

  it("cannot be asked for while the hub is not connected to the service", async () => {
    for (const service of services) await service.stop();
    await expect.poll(async () => (await refresh()).status).toBe(500);
    expect(await (await refresh()).json()).toMatchObject({ error: "internal_server_error" });
    expect(errors).toContain("The hub is not connected to the service.");
  });
});
