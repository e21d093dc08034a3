import { type ClientInvocationMessage, jsonProtocol, messagePackProtocol, ServiceMessageType } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScriptedService } from "../../test/scripted-service.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

class Asking extends Hub {}

let services: readonly ScriptedService[];
let server: HubServer;
let listening: ListeningHubServer;

beforeEach(async () => {
  services = [await ScriptedService.start(), await ScriptedService.start(), await ScriptedService.start()];
  server = new HubServer({
    service: { endpoints: services.map(({ connectionString }) => connectionString), connections: 1 },
    onError: () => {},
  }).map("/asking", Asking);
  listening = await server.listen(0);
});
afterEach(async () => {
  for (const connection of services.flatMap(({ connections }) => connections)) connection.ping("shutdown", "finack");
  await listening?.close();
  for (const service of services) await service.stop();
});

/** Asks a client that none of the endpoints is known to have. */
async function ask() {
  const connections = await Promise.all(services.map((service) => service.connection()));
  const answer = server.hub(Asking).clients.client("far").invoke("ask");
  answer.catch(() => {}); // Looked at later.
  const asked: ClientInvocationMessage[] = [];
  for (const connection of connections) {
    await expect.poll(() => connection.of(ServiceMessageType.ClientInvocation)).toHaveLength(1);
    asked.push(connection.of(ServiceMessageType.ClientInvocation)[0]!);
  }
  return {
    answer,
    refuse: (at: number) =>
      connections[at]!.send({
        ...asked[at]!,
        type: ServiceMessageType.ErrorCompletion,
        error: "Connection 'far' is disconnected.",
      }),
    complete: (at: number, end: { result?: unknown; error?: string }, name: "json" | "messagepack", connectionId = "far") => {
      const { invocationId, callerServerId } = asked[at]!;
      const protocol = name === "json" ? jsonProtocol : messagePackProtocol;
      const payload = protocol.encode({ type: 3, invocationId, ...end } as never);
      const type = ServiceMessageType.ClientCompletion;
      connections[at]!.send({ type, invocationId, connectionId, callerServerId, protocol: name, payload });
    },
  };
}

describe("a client of another server that is asked", () => {
  it.each(["json", "messagepack"] as const)("answers with its result, in %s", async (protocol) => {
    const good = await ask();
    good.complete(1, { result: 42 }, protocol);
    expect(await good.answer).toBe(42);
  });

  it.each(["json", "messagepack"] as const)("answers with its error, in %s", async (protocol) => {
    const bad = await ask();
    bad.complete(1, { error: "no idea" }, protocol);
    await expect(bad.answer).rejects.toThrow("no idea");
  });

  it("is not answered for by another connection", async () => {
    const { answer, complete } = await ask();
    complete(0, { result: "forged" }, "json", "near");
    complete(0, { result: "true" }, "json");
    expect(await answer).toBe("true");
  });

  it("is missing only when the last of several endpoints has said so", async () => {
    const { answer, refuse } = await ask();
    let settled = false;
    answer.catch(() => {
      settled = true;
    });
    refuse(0);
    refuse(1);
    // What the endpoint says next comes after that.
    services[1]!.connections[0]!.ping("echo", "1");
    await expect
      .poll(() => services[1]!.connections[0]!.of(ServiceMessageType.Ping).map(({ values }) => values[0]))
      .toContain("echo");
    expect(settled).toBe(false);
    refuse(2);
    await expect(answer).rejects.toMatchObject({ code: "connectionNotFound", message: "Connection 'far' is disconnected." });
  });

  it("answers through the one endpoint that has it, whatever the others say", async () => {
    const { answer, refuse, complete } = await ask();
    refuse(0);
    complete(1, { result: "here" }, "json");
    refuse(2);
    expect(await answer).toBe("here");
  });
});
