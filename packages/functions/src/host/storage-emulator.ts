import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { basename, join } from "node:path";

/** Ports of blob, queue and table service, in this order. 0: a free one. */
export type StoragePorts = readonly [blob: number, queue: number, table: number];

/** Where `UseDevelopmentStorage=true` leads. */
const developmentStoragePorts: StoragePorts = [10_000, 10_001, 10_002];

const account = "devstoreaccount1";
/** Known to everybody: the emulator's own. */
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface StorageEmulator {
  readonly connectionString: string;
  readonly ports: StoragePorts;
  stop(): Promise<void>;
}

/** Azurite is not installed, or does not start. The message is a sentence for the developer. */
export class StorageEmulatorError extends Error {
  override readonly name = "StorageEmulatorError";
}

/** Whether a connection string means the storage emulator of this machine. */
export function isDevelopmentStorage(connectionString: string | undefined): boolean {
  return connectionString !== undefined && /^\s*UseDevelopmentStorage\s*=\s*true\s*;?\s*$/i.test(connectionString);
}

/** Whether somebody answers at one of the ports already. */
export async function isStorageListening(ports: StoragePorts = developmentStoragePorts): Promise<boolean> {
  return (await Promise.all(ports.map(isListening))).includes(true);
}

/**
 * Starts Azurite, found from the app's folder or from here, in a process of its own.
 * @param data folder that keeps what is stored
 * @throws {StorageEmulatorError}
 */
export async function startStorageEmulator(
  directory: string,
  data: string,
  ports: StoragePorts = developmentStoragePorts,
): Promise<StorageEmulator> {
  const [blob, queue, table] = ports;
  const child = spawn(
    basename(process.execPath).startsWith("node") ? process.execPath : "node",
    [
      azuritePath(directory),
      ...["--location", data, "--loose", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl"],
      ...["--blobPort", `${blob}`, "--queuePort", `${queue}`, "--tablePort", `${table}`],
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "" },
      // A Ctrl-C in the terminal is for the host alone: functions under way still write what they have.
      detached: process.platform !== "win32",
    },
  );
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, "exit");
  };
  const bound = await new Promise<StoragePorts>((resolve, reject) => {
    let output = "";
    const read = (text: string) => {
      output += text;
      const found = ["Blob", "Queue", "Table"].map((name) =>
        new RegExp(`Azurite ${name} service is successfully listening at \\S*:(\\d+)`).exec(output),
      );
      if (found.every((match) => match !== null)) resolve(found.map((match) => Number(match![1])) as unknown as StoragePorts);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", reject);
    child.once("exit", () =>
      reject(
        new StorageEmulatorError(`The storage emulator Azurite does not start: ${output.trim().split("\n").at(-1) ?? ""}`),
      ),
    );
  });
  // Its access log is for nobody.
  child.stdout.removeAllListeners("data").resume();
  child.stderr.removeAllListeners("data").resume();
  return { ports: bound, connectionString: connectionStringOf(bound), stop };
}

function connectionStringOf([blob, queue, table]: StoragePorts): string {
  const at = (port: number) => `http://127.0.0.1:${port}/${account}`;
  return (
    `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};` +
    `BlobEndpoint=${at(blob)};QueueEndpoint=${at(queue)};TableEndpoint=${at(table)};`
  );
}

function azuritePath(directory: string): string {
  for (const from of [join(directory, "package.json"), import.meta.url]) {
    try {
      const require = createRequire(from);
      const manifest = require.resolve("azurite/package.json");
      return join(manifest, "..", require("azurite/package.json").bin.azurite);
    } catch {
      // Looked for in the next place.
    }
  }
  throw new StorageEmulatorError(
    "The app's settings ask for development storage, and the storage emulator is not installed: npm install --save-dev azurite",
  );
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
