import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Milliseconds. */
const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 30_000;
const PAUSE = 50;

/**
 * Starts processes in turn, each in an empty folder and without settings from the environment, once the one before is ready.
 * @param processes each `{ name, program, args, environment, port, isReady, child, core }`. `isReady()` answers whether it takes work, and
 *   may throw to give up; without it, that the port accepts. `child` is the name of the process that it starts itself, if it does.
 *   `core` is set for a process that is no part of what is measured.
 * @param core where the others run
 * @param limit how many files each may open
 * @returns the pids of what is measured, by name, and `stop(signal)`
 */
export async function start(processes, { core, limit }) {
  const running = [];
  const stop = (signal) => Promise.all(running.map((process) => process.stop(signal)));
  const pids = {};
  try {
    for (const process of processes) {
      const started = launch(process, process.core ?? core, limit);
      running.push(started);
      await ready(process, started);
      if (process.core === undefined) pids[process.name] = started.pid;
      if (process.child !== undefined) pids[process.child] = childOf(started.pid);
    }
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
  return { pids, stop };
}

async function ready({ name, port, isReady = () => accepts(port) }, started) {
  const deadline = Date.now() + START_TIMEOUT;
  while (!(await isReady())) {
    if (started.ended() || Date.now() > deadline) throw new Error(`The ${name} did not start. ${started.complaints()}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

function childOf(pid) {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number);
  return child;
}

function launch({ program, args, environment = {} }, core, limit) {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
  const child = spawn(...pinned(core, limit, program, args), {
    cwd: folder,
    env: { ...withoutSettings(process.env), ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    if (complaints.length < 10_000) complaints += chunk;
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return {
    pid: child.pid,
    complaints: () => complaints,
    ended: () => child.exitCode !== null,
    stop: async (signal) => {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
      await exited;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A command that runs on one core and may open `limit` files. The shell and taskset replace themselves, so the pid is the program's. */
export function pinned(core, limit, program, args) {
  return ["sh", ["-c", 'ulimit -n "$1"; shift; exec taskset -c "$@"', "sh", String(limit), String(core), program, ...args]];
}

function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("SIGNALBOX_")));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (value) => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}
