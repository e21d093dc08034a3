import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository.ts";

/** What the `signalbox` command runs on; each is pinned by the repository. */
export const runtimes = ["Node 26", "Node 22", "Bun"] as const;
export type Runtime = (typeof runtimes)[number];

/** Environment for `npm start` and its like: everything is installed and built, and a test does neither beside the others. */
export const prepared = { npm_config_ignore_scripts: "true" } as const;

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

export interface ProcessOptions {
  readonly runtime?: Runtime;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs: settings and data files of a process that is started again. Absent: an empty folder, removed at the end. */
  readonly folder?: string;
  /** Written there before, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Another `signalbox` than the checkout's. */
  readonly program?: readonly [command: string, ...args: string[]];
}

/** A `signalbox` command of the built checkout that has been spawned. */
export interface SignalboxProcess {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly exited: Promise<number | undefined>;
  /** Everything it has printed so far, both streams. */
  output(): string;
  /** Resolves when the output matches; rejects, with the output, when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal and waits for the end. @returns the exit code; undefined when a signal ended the process */
  stop(signal?: NodeJS.Signals): Promise<number | undefined>;
  /** Kills it if it still lives, and removes its folder unless it was given. */
  dispose(): Promise<void>;
}

/**
 * Runs a `signalbox` command.
 * @param startLimit one that has neither printed what was waited for nor ended by then hangs, and is killed. Milliseconds
 */
export function launchSignalbox(args: readonly string[], startLimit: number, options: ProcessOptions = {}): SignalboxProcess {
  if (!existsSync(join(root, "packages/cli/dist")))
    throw new Error("The e2e suites run the built service: run `npm run build` first.");
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  const [command, ...prefix] = options.program ?? [runtimeProgram(options.runtime ?? "Node 26"), signalbox];
  // Ends with the test's process, should that not come to its end.
  const suffix = options.program === undefined ? ["--until-stdin-ends"] : [];
  const child = spawn(command, [...prefix, ...args, ...suffix], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
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
          const match = pattern.exec(printed);
          if (match === null) return;
          clearTimeout(overdue);
          changed.removeEventListener("output", look);
          resolve(match);
        };
        changed.addEventListener("output", look);
        look();
        exited.then((code) => reject(new Error(`signalbox ${args[0]} ended with ${code}:\n${printed}`)), reject);
      }),
    stop,
    dispose: async () => {
      await stop("SIGKILL");
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
