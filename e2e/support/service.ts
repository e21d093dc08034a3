import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository.ts";

/** Where the service runs; each is pinned by the repository. */
export const runtimes = ["Node 26", "Node 22", "Bun"] as const;
export type Runtime = (typeof runtimes)[number];

const require = createRequire(import.meta.url);

const interpreters: Record<Runtime, string> = {
  "Node 26": join(root, "node_modules/node/bin/node"),
  "Node 22": require.resolve("node/bin/node"),
  Bun: require.resolve("bun/bin/bun.exe"),
};

/** The program that runs JavaScript and TypeScript. */
export function runtimeProgram(runtime: Runtime): string {
  return interpreters[runtime];
}

const signalbox = join(root, "packages/cli/bin/signalbox.js");

export interface ServiceOptions {
  readonly runtime?: Runtime;
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** Further arguments of `signalbox start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Content of the settings file given with `--config`. */
  readonly settings?: unknown;
  /** Where it runs: settings and data files of a service that is started again. Absent: an empty folder, removed at the end. */
  readonly folder?: string;
  /** Another `signalbox` than the checkout's. */
  readonly program?: readonly [command: string, ...args: string[]];
}

/** A port that the system gives nobody by itself, for a service that a test stops and starts again: no other socket takes it meanwhile. */
export function keptPort(): number {
  return randomInt(15_000, 30_000);
}

/** A service as a user of it sees it: a process, its output and its connection string. */
export interface RunningService {
  readonly connectionString: string;
  /** From the connection string, port included, no trailing slash. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly port: number;
  readonly pid: number;
  /** Where its settings file is. */
  readonly folder: string;
  /** Everything it has printed so far, both streams. */
  output(): string;
  /** True while the process lives. */
  readonly running: boolean;
  /** Sends a signal and waits for the end. @returns the exit code; undefined when a signal ended the process */
  stop(signal?: NodeJS.Signals): Promise<number | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts `signalbox start` and waits for its banner. @throws when it ends without one, with what it printed */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const process = launch(options);
  const banner = /Endpoint=[^;\s]+;(?:Port=\d+;)?AccessKey=[^;\s]+;[^\s]*/;
  await process.printed(banner);
  const connectionString = banner.exec(process.output())![0];
  const part = (name: string) => new RegExp(`${name}=([^;]+)`).exec(connectionString)?.[1];
  const url = new URL(part("Endpoint")!);
  url.port = part("Port") ?? url.port;
  return {
    connectionString,
    endpoint: url.origin,
    accessKey: part("AccessKey")!,
    port: Number(url.port),
    pid: process.child.pid!,
    folder: process.folder,
    output: process.output,
    get running() {
      return process.child.exitCode === null && process.child.signalCode === null;
    },
    stop: process.stop,
    [Symbol.asyncDispose]: process.dispose,
  };
}

/** Runs `signalbox start` where it should refuse to start; one that does not is ended, and has no exit code. */
export async function startRefused(
  options: ServiceOptions,
): Promise<{ readonly code: number | undefined; readonly output: string }> {
  const process = launch(options);
  const code = await process.exited;
  await process.dispose();
  return { code, output: process.output() };
}

/** A start that has neither shown its banner nor ended by now hangs. */
const startLimit = 20_000;

/** A `signalbox start` that has been spawned. */
interface Launched {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly exited: Promise<number | undefined>;
  output(): string;
  /** Resolves when the output matches; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<number | undefined>;
  dispose(): Promise<void>;
}

function launch(options: ServiceOptions): Launched {
  if (!existsSync(join(root, "packages/cli/dist")))
    throw new Error("The e2e suites run the built service: run `npm run build` first.");
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
  const port = options.port ?? 0;
  const args = ["start", "--port", String(port), ...(options.args ?? [])];
  // Beside a given port the admin port would be the next one, which anybody on this machine may have by now.
  if (port !== 0 && !args.includes("--admin-port")) args.push("--admin-port", "0");
  if (options.settings !== undefined) {
    writeFileSync(join(folder, "settings.json"), JSON.stringify(options.settings));
    args.push("--config", join(folder, "settings.json"));
  }
  const [command, ...prefix] = options.program ?? [interpreters[options.runtime ?? "Node 26"], signalbox];
  const child = spawn(command, [...prefix, ...args], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const changed = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      changed.dispatchEvent(new Event("output"));
    });
  }
  const exited = once(child, "close").then(([code]: (number | null)[]) => code ?? undefined);
  const overdue = setTimeout(() => {
    printed += "\n(neither started nor ended: killed by the test)";
    child.kill("SIGKILL");
  }, startLimit);
  exited.finally(() => clearTimeout(overdue));
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    return exited;
  };
  return {
    child,
    folder,
    exited,
    output: () => printed,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(printed)) return;
          clearTimeout(overdue);
          resolve();
        };
        changed.addEventListener("output", look);
        exited.then((code) => reject(new Error(`signalbox start ended with ${code}:\n${printed}`)), reject);
      }),
    stop,
    dispose: async () => {
      await stop("SIGKILL");
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
