import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pingValue } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartedService } from "../../started-service.suite.ts";
import { SqliteStore } from "../../store/sqlite-store.ts";
import { ScriptedServer, type ServerOptions } from "./scripted-server.suite.ts";

let folder: string;
let started: StartedService;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-instances-"));
});
afterEach(async () => {
  await started.stop();
  rmSync(folder, { recursive: true });
});

const file = () => join(folder, "data.db");
const start = async () => {
  started = await StartedService.start({ inMemory: false, data: file() });
};

/** What a process leaves behind that is killed: e2e/ kills a real one. */
function die(id: string): void {
  const store = new SqliteStore(file());
  store.instances.begin(id, Date.now());
  store.close();
}

/** The instances that a server connection is told are dead. */
async function told(options: ServerOptions = {}): Promise<(string | undefined)[]> {
  const server = await ScriptedServer.start(started.service, options);
  // The answer to this ping comes behind everything that the service says by itself.
  server.send({ type: 3, values: ["status", "1"] });
  await server.connection.until(3, (ping) => pingValue(ping, "status") !== undefined);
  const pings = server.connection.received.filter((message) => message.type === 3);
  await server.stop();
  return pings.map((ping) => pingValue(ping, "offline")).filter((id) => id !== undefined);
}

describe("A service whose predecessor was killed", () => {
  it("says so to each app server that connects, on each connection that may carry clients", async () => {
    die("first");
    die("second");
    await start();
    for (const connectionType of [0, 1, 0]) expect(await told({ connectionType })).toEqual(["first", "second"]);
    expect(await told({ connectionType: 2 })).toEqual([]);
  });

  it("says nothing of one that ended in order", async () => {
    await start();
    await told();
    await started.stop();
    await start();
    expect(await told()).toEqual([]);
  });
});
