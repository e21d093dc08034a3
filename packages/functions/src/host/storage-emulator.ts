import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

/** Ports of blob, queue and table service, in this order. 0: a free one. */
type StoragePorts = readonly [blob: number, queue: number, table: number];

/** Where `UseDevelopmentStorage=true` leads. */
const developmentStoragePorts: StoragePorts = [10_000, 10_001, 10_002];

const account = "devstoreaccount1";
/** Known to everybody: the emulator's own. */
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/**
 * Runs in Azurite before it: standard input ends with the host, however that ends, and Azurite with it. One that stayed behind would be taken for the
 * developer's own by the next host, and would break off at its next line of output.
 */
const endWithHost = `process.stdin.resume().unref().once("close", () => process.kill(process.pid, "SIGTERM"));`;

export interface StorageEmulator {
  readonly connectionString: string;
  readonly ports: StoragePorts;
  /** A setting's value with addresses of development storage replaced by those of this emulator. */
  translate(setting: string): string;
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

/** The ports from `first` on; those of free ones when it is 0. */
export function storagePorts(first: number): StoragePorts {
  return first === 0 ? [0, 0, 0] : [first, first + 1, first + 2];
}

/**
 * Whether development storage is there already, started by somebody else.
 * @throws {StorageEmulatorError} when one of its ports is taken by anything that is not storage
 */
export async function isStorageListening(ports: StoragePorts = developmentStoragePorts): Promise<boolean> {
  const listeners = await Promise.all(ports.map(listenerAt));
  if (listeners.includes("storage")) return true;
  const taken = ports[listeners.indexOf("another")];
  if (taken === undefined) return false;
  throw new StorageEmulatorError(
    `Port ${taken} is in use by a program that is not the storage emulator Azurite: end that program, or choose other ports with --storage-port.`,
  );
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
      ...["--import", `data:text/javascript,${encodeURIComponent(endWithHost)}`, azuritePath(directory)],
      ...["--location", data, "--loose", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl"],
      ...["--blobPort", `${blob}`, "--queuePort", `${queue}`, "--tablePort", `${table}`],
    ],
    {
      stdio: "pipe",
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
  const connectionString = connectionStringOf(bound);
  return { ports: bound, connectionString, translate: (setting) => translate(setting, bound), stop };
}

/** `UseDevelopmentStorage=true` becomes the connection string; the emulator's well-known endpoints get the ports that are bound. */
function translate(setting: string, ports: StoragePorts): string {
  if (isDevelopmentStorage(setting)) return connectionStringOf(ports);
  return setting.replaceAll(
    new RegExp(`http://(?:127\\.0\\.0\\.1|localhost):(${developmentStoragePorts.join("|")})/${account}`, "g"),
    (_, port: string) => endpoint(ports[developmentStoragePorts.indexOf(Number(port))]!),
  );
}

function endpoint(port: number): string {
  return `http://127.0.0.1:${port}/${account}`;
}

function connectionStringOf([blob, queue, table]: StoragePorts): string {
  return (
    `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};` +
    `BlobEndpoint=${endpoint(blob)};QueueEndpoint=${endpoint(queue)};TableEndpoint=${endpoint(table)};`
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

/** How long a listener may take to say what it is. Milliseconds. */
const answerLimit = 5_000;

/** Azurite and the emulator before it name themselves in every answer. */
async function listenerAt(port: number): Promise<"storage" | "another" | "nobody"> {
  try {
    const { headers } = await fetch(`http://127.0.0.1:${port}/`, { method: "HEAD", signal: AbortSignal.timeout(answerLimit) });
    return /azur/i.test(headers.get("server") ?? "") ? "storage" : "another";
  } catch (error) {
    return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED" ? "nobody" : "another";
  }
}
