import { randomInt } from "node:crypto";
import { launchSignalbox, type ProcessOptions, type SignalboxProcess } from "./signalbox-process.ts";

export { type Runtime, runtimeProgram, runtimes } from "./signalbox-process.ts";

export interface ServiceOptions extends ProcessOptions {
  /** 0, the default, picks a free one. */
  readonly port?: number;
  /** Further arguments of `signalbox start`. */
  readonly args?: readonly string[];
  /** Content of the settings file given with `--config`. */
  readonly settings?: unknown;
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
  /** Of the admin listener, from the banner. */
  readonly adminUrl: string;
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
  const banner = /(Endpoint=[^;\s]+;(?:Port=\d+;)?AccessKey=[^;\s]+;[^\s]*)[\s\S]+Dashboard +(\S+)\n/;
  const [, connectionString = "", adminUrl = ""] = await process.printed(banner);
  const part = (name: string) => new RegExp(`${name}=([^;]+)`).exec(connectionString)?.[1];
  const url = new URL(part("Endpoint")!);
  url.port = part("Port") ?? url.port;
  return {
    connectionString,
    endpoint: url.origin,
    accessKey: part("AccessKey")!,
    port: Number(url.port),
    adminUrl,
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
const startLimit = 60_000;

function launch({ port = 0, args = [], settings, ...options }: ServiceOptions): SignalboxProcess {
  const all = ["start", "--port", String(port), ...args];
  // Beside a given port the admin port would be the next one, which anybody on this machine may have by now.
  if (port !== 0 && !args.includes("--admin-port")) all.push("--admin-port", "0");
  if (settings === undefined) return launchSignalbox(all, startLimit, options);
  const files = { "settings.json": JSON.stringify(settings) };
  return launchSignalbox([...all, "--config", "settings.json"], startLimit, { ...options, files });
}
