import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../bin/signalbox.js", import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  out(): string;
  err(): string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The program that runs the script; this test's Node unless said. */
  readonly runtime?: string;
  /** Keeps its standard input open until this process ends it. */
  readonly stdin?: boolean;
}

/** Starts the real command line, from its sources, in a process of its own. */
export function launch(
  args: readonly string[],
  { cwd, env = {}, runtime = process.execPath, stdin = false }: RunOptions,
): Running {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SIGNALBOX_|NODE_OPTIONS$|FORCE_COLOR$)/.test(name)),
  );
  const child = spawn(runtime, ["--conditions=signalbox-source", program, ...args], {
    cwd,
    env: { ...clean, ...env },
    stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, out: () => out, err: () => err };
}

/** Runs a command to its end. */
export function signalbox(args: readonly string[], options: RunOptions): Running["ended"] {
  return launch(args, options).ended;
}
