import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadSettings } from "../config/load.ts";
import { StartedService } from "../started-service.suite.ts";
import { ScriptedServer } from "./app-servers/scripted-server.suite.ts";

let started: StartedService;
const upstream = createServer((_, response) => {
  response.end('{"type":3,"invocationId":"0","result":"webhook"}\u001e');
});
const servers: ScriptedServer[] = [];
const modes = { byDefault: "default", classically: "classic", serverless: "serverless" };

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
  started = await StartedService.start({ modes: JSON.stringify(modes), "upstream.templates": url });
});
afterAll(async () => {
  await started.stop();
  upstream.close();
});
afterEach(async () => {
  await started.stopClients();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(hub: string): Promise<void> {
  servers.push(await ScriptedServer.start(started.service, { hub }));
}

/** Who serves a new client of the hub. */
async function whoServes(hub: string): Promise<unknown> {
  const client = await started.connect({ hub });
  const answer = await client.connection.invoke("whoServes").catch((error: Error) => error.message);
  return String(answer).startsWith("server_") ? "app server" : answer;
}

const nobody = "Invocation failed, no upstream takes the event 'whoServes' of hub 'classically'";

describe("A hub", () => {
  it.each([
    ["auto", "webhook", "app server"],
    ["classically", nobody, "app server"],
  ])("in mode %s is served by its app servers if there are any", async (hub, without, withServer) => {
    expect(await whoServes(hub)).toBe(without);
    await serve(hub);
    expect(await whoServes(hub)).toBe(withServer);
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    expect(await whoServes(hub)).toBe(without);
  });

  it("in mode default is served by app servers and nobody else", async () => {
    await expect(whoServes("byDefault")).rejects.toThrow("No app server is connected.");
    await serve("byDefault");
    expect(await whoServes("byDefault")).toBe("app server");
  });

  it("in mode serverless is served by webhooks, and refuses app servers", async () => {
    await expect(serve("serverless")).rejects.toThrow("HTTP 403");
    expect(await whoServes("serverless")).toBe("webhook");
  });

  it("keeps a client with the backend it had when it came", async () => {
    const early = await started.connect({ hub: "auto" });
    await serve("auto");
    expect(await early.connection.invoke("whoServes")).toBe("webhook");
    const late = await started.connect({ hub: "auto" });
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    expect((await late.closed)?.message).toContain("The connection to the app server was lost.");
  });

  it("does not hand a client of an app server to webhooks while the server is away", async () => {
    for (const hub of ["auto", "classically"]) {
      await expect(started.connect({ hub, query: "&asrs_request_id=x" })).rejects.toThrow("No app server is connected.");
    }
  });

  it("takes another mode while the service runs, whatever the hub is called", async () => {
    const settings = (mode: string) =>
      loadSettings({ flags: { port: "0", ip: "127.0.0.1", inMemory: true, mode, modes: JSON.stringify(modes) } }).settings;
    started.service.reload(settings("default"));
    for (const hub of ["auto", "constructor"]) {
      await expect(whoServes(hub)).rejects.toThrow("No app server is connected.");
    }
    started.service.reload(settings("serverless"));
    await expect(serve("constructor")).rejects.toThrow("HTTP 403");
    started.service.reload(settings("classic"));
    expect(await whoServes("auto")).toContain("no upstream takes");
  });
});
