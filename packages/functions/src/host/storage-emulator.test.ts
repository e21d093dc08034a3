import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createApp, startHost } from "./started-host.suite.ts";
import { isStorageListening, type StorageEmulator, StorageEmulatorError, startStorageEmulator } from "./storage-emulator.ts";

const folder = mkdtempSync(join(tmpdir(), "signalbox-storage-"));
let azurite: StorageEmulator;
beforeAll(async () => {
  azurite = await startStorageEmulator(import.meta.dirname, folder, [0, 0, 0]);
});
afterAll(async () => {
  await azurite?.stop();
  rmSync(folder, { recursive: true });
});

const portOf = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

/** Asks nothing: an Azurite whose output nobody takes breaks off when it logs a request. */
const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

describe("Azurite", () => {
  it("ends with its host, even when that is killed", async () => {
    const program = `
      import { startStorageEmulator } from ${JSON.stringify(import.meta.resolve("./storage-emulator.ts"))};
      const { ports } = await startStorageEmulator(${JSON.stringify(import.meta.dirname)}, ${JSON.stringify(folder)}, [0, 0, 0]);
      console.log(ports[0]);`;
    const host = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [printed] = await once(host.stdout, "data");
    expect(await accepts(Number(printed))).toBe(true);
    host.kill("SIGKILL");
    await expect.poll(() => accepts(Number(printed))).toBe(false);
  });
});

describe("the ports of development storage", () => {
  it("may have an Azurite already, be it blobs, queues or tables alone", async () => {
    for (const port of azurite.ports) expect(await isStorageListening([port, port, port])).toBe(true);
  });

  it.each([
    ["a web server", () => createServer((_, response) => response.end())],
    ["a server that hangs up", () => createTcpServer((socket) => socket.end())],
  ])("may be taken by %s, which is named", async (_, create) => {
    const port = await portOf(create());
    await expect(isStorageListening([port, port, port])).rejects.toThrow(StorageEmulatorError);
    await expect(isStorageListening([port, port, port])).rejects.toThrow(`Port ${port} is in use`);
  });

  it("are free when nobody listens", async () => {
    const server = createTcpServer();
    const port = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await isStorageListening([port, port, port])).toBe(false);
  });
});

describe("settings that lead to development storage", () => {
  it("lead to the emulator, wherever it is", () => {
    const [blob, , table] = azurite.ports;
    expect(azurite.translate("UseDevelopmentStorage=true")).toBe(azurite.connectionString);
    expect(azurite.translate("http://127.0.0.1:10000/devstoreaccount1/content")).toBe(
      `http://127.0.0.1:${blob}/devstoreaccount1/content`,
    );
    expect(azurite.translate("TableEndpoint=http://localhost:10002/devstoreaccount1;")).toBe(
      `TableEndpoint=http://127.0.0.1:${table}/devstoreaccount1;`,
    );
    expect(azurite.translate("http://127.0.0.1:10000/other")).toBe("http://127.0.0.1:10000/other");
  });

  it("do so in an app whose host starts the emulator at ports of one's choice", async () => {
    const app = createApp({
      "local.settings.json": {
        IsEncrypted: false,
        Values: {
          AzureWebJobsStorage: "UseDevelopmentStorage=true",
          BlobEndpoint: "http://127.0.0.1:10000/devstoreaccount1",
        },
      },
      "src/app.js": `
        const { app } = require("@azure/functions");
        app.get("settings", { handler: () => ({ jsonBody: [process.env.AzureWebJobsStorage, process.env.BlobEndpoint] }) });
      `,
    });
    const { call } = await startHost(app, { storageEmulator: { port: 0 } });
    const [connectionString, endpoint] = (await (await call("/api/settings")).json()) as [string, string];
    expect(connectionString).toContain(`BlobEndpoint=${endpoint};`);
    expect((await fetch(endpoint)).headers.get("server")).toMatch(/^Azurite-Blob/);
  });
});
