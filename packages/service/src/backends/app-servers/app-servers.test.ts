import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { StartedService, transportsAndProtocols } from "../../started-service.suite.ts";
import { ScriptedServer, type ServerOptions } from "./scripted-server.suite.ts";

let started: StartedService;
const servers: ScriptedServer[] = [];

beforeAll(async () => {
  started = await StartedService.start();
});
afterAll(() => started.stop());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: ServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(started.service, options);
  servers.push(server);
  return server;
}

describe("A client of an app server", () => {
  it.each(transportsAndProtocols)("echoes over %s in %s", async (_name, protocol, transport) => {
    await serve();
    const client = await started.connect({ transport, protocol });
    expect(await client.connection.invoke("echo", "hällo")).toBe("hällo");
    await client.connection.invoke("broadcast", 1, "zwei");
    await vi.waitFor(() => expect(client.calls).toEqual([[1, "zwei"]]));
    await client.connection.stop();
  });
});
