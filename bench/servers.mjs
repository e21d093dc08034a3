import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "packages/cli/bin/signalbox.js");
const node = process.execPath;
const bun = join(root, "node_modules/.bin/bun");
const hub = "bench";

/** Milliseconds. */
const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 30_000;

/**
 * The servers that can be compared. `raw` starts those that take clients without SignalR. `bare` names the kind of bare server that is the limit of the same runtime; `needs` are files that
 * must exist, each with what makes it.
 */
export function serversIn(load) {
  const anchors = join(load, "anchors");
  const bare = join(anchors, "node/bare.mjs");
  const built = { [join(root, "packages/cli/dist/main.js")]: "npm run build" };
  const installed = { [join(anchors, "node/node_modules/ws")]: `npm install in ${join(anchors, "node")}` };
  const published = {
    [join(anchors, "aspnet/out/aspnet.dll")]: `dotnet build -c Release -o out in ${join(anchors, "aspnet")}`,
  };
  return {
    "signalbox-node": signalbox("Signalbox on Node", node, built, ["bare-node", "bare-node-merged"]),
    "signalbox-bun": signalbox("Signalbox on Bun", bun, built, ["bare-bun", "bare-bun-merged"]),
    aspnet: {
      title: "ASP.NET Core SignalR",
      needs: published,
      command: (port) => ({
        program: "dotnet",
        args: [join(anchors, "aspnet/out/aspnet.dll")],
        environment: { ASPNETCORE_URLS: `http://127.0.0.1:${port}` },
        target: ["--url", `http://127.0.0.1:${port}/hub`],
      }),
    },
    "bare-node": {
      ...bareServer("bare ws on Node", node, bare, installed),
      raw: (port, { app }) => ({
        program: node,
        args: [join(root, "bench/raw-bare.mjs"), String(port), app],
        environment: {},
        target: ["--url", `http://127.0.0.1:${port}/`, "--protocol", "raw"],
      }),
    },
    "bare-node-merged": bareServer("bare ws on Node, merged writes", node, bare, installed, "merge"),
    "bare-bun": bareServer("bare Bun", bun, bare, installed),
    "bare-bun-merged": bareServer("bare Bun, merged writes", bun, bare, installed, "merge"),
  };
}

function signalbox(title, runtime, needs, bare) {
  return {
    title,
    needs,
    bare,
    command: (port, { runtimeArgs, key }) => ({
      program: runtime,
      args: [...runtimeArgs, ...started(port, key)],
      environment: { NODE_ENV: "production" },
      target: ["--connection-string", `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${key};Version=1.0;`, "--hub", hub],
    }),
    raw: (port, { runtimeArgs, key, app }) => ({
      program: runtime,
      args: [...runtimeArgs, ...started(port, key), "--upstream-templates", `${app}/{event}`],
      environment: { NODE_ENV: "production" },
      target: ["--url", `http://127.0.0.1:${port}/ws/client/hubs/${hub}`, "--protocol", "raw"],
    }),
  };
}

function started(port, key) {
  return [cli, "start", "--port", String(port), "--admin-port", "0", "--in-memory", "--access-keys-primary", key];
}

function bareServer(title, runtime, script, needs, ...flags) {
  return {
    title,
    needs,
    command: (port) => ({
      program: runtime,
      args: [script, String(port), ...flags],
      environment: {},
      target: ["--url", `http://127.0.0.1:${port}/hub`, "--hub", hub],
    }),
  };
}

/** What stands in the way of starting a server: sentences, empty when nothing does. */
export function missing(server) {
  return Object.entries(server.needs)
    .filter(([path]) => !existsSync(path))
    .map(([path, maker]) => `${server.title} needs ${path}: run ${maker}`);
}

/**
 * Starts a server on one core, in an empty folder and without settings from the environment; for clients without SignalR also the app that
 * it calls, on another.
 * @param mode of the app; undefined: none is needed
 * @returns its pid, what to tell the generator, and `stop(signal)`
 */
export async function startFor(mode, server, { core, appCore, limit, runtimeArgs }) {
  const port = await freePort();
  const key = randomBytes(32).toString("base64");
  if (mode === undefined) return start(server.title, port, server.command(port, { runtimeArgs, key }), { core, limit });
  const appPort = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const program = {
    program: node,
    args: [join(root, "bench/raw-app.mjs"), String(appPort), origin, key, mode],
    environment: {},
  };
  const app = await start("The app", appPort, program, { core: appCore, limit });
  try {
    const command = server.raw(port, { runtimeArgs, key, app: `http://127.0.0.1:${appPort}` });
    const running = await start(server.title, port, command, { core, limit });
    return { ...running, stop: (signal) => running.stop(signal).finally(() => app.stop("SIGKILL")) };
  } catch (error) {
    await app.stop("SIGKILL");
    throw error;
  }
}

async function start(title, port, { program, args, environment, target }, { core, limit }) {
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
  const stop = async (signal) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
    await exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop("SIGKILL");
      throw new Error(`${title} did not start. ${complaints}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: child.pid, target, stop };
}

/** A command that runs on one core and may open `limit` files. The shell and taskset replace themselves, so the pid is the program's. */
export function pinned(core, limit, program, args) {
  return ["sh", ["-c", 'ulimit -n "$1"; shift; exec taskset -c "$@"', "sh", String(limit), String(core), program, ...args]];
}

function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("SIGNALBOX_")));
}

function freePort() {
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
