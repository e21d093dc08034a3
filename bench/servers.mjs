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
const hubProgram = join(root, "bench/hub-server.mjs");
const builtHub = { [join(root, "packages/hub/dist/index.js")]: "npm run build" };
const hub = "bench";

/** Milliseconds. */
const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 30_000;

/**
 * The servers that can be compared. `bare` names the kind of bare server that is the limit of the same runtime; `needs` are files that
 * must exist, each with what makes it; `doors` are the kinds of scenario that it can take part in (`scenarios.mjs`). A command may name an
 * `app`: a further process, started once the first listens, that is ready when it negotiates.
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
    "hub-node": hubServer("@signalbox/hub on Node", node, ["bare-node", "bare-node-merged"]),
    "hub-bun": hubServer("@signalbox/hub on Bun", bun, ["bare-bun", "bare-bun-merged"]),
    "hub-node-service": hubBehindService("@signalbox/hub on Node through the service", node, built),
    "hub-bun-service": hubBehindService("@signalbox/hub on Bun through the service", bun, built),
    aspnet: {
      title: "ASP.NET Core SignalR",
      doors: ["rest", "hub"],
      needs: published,
      command: (port) => ({
        program: "dotnet",
        args: [join(anchors, "aspnet/out/aspnet.dll")],
        environment: { ASPNETCORE_URLS: `http://127.0.0.1:${port}` },
        target: ["--url", `http://127.0.0.1:${port}/hub`],
      }),
    },
    "socket.io": {
      title: "Socket.IO on Node",
      doors: ["hub"],
      needs: { [join(anchors, "node/node_modules/socket.io")]: `npm install in ${join(anchors, "node")}` },
      command: (port) => ({
        program: node,
        args: [join(anchors, "node/socketio.mjs"), String(port)],
        environment: { NODE_ENV: "production" },
        target: ["--url", `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, "--protocol", "socketio"],
      }),
    },
    "bare-node": bareServer("bare ws on Node", node, bare, installed),
    "bare-node-merged": bareServer("bare ws on Node, merged writes", node, bare, installed, "merge"),
    "bare-bun": bareServer("bare Bun", bun, bare, installed),
    "bare-bun-merged": bareServer("bare Bun, merged writes", bun, bare, installed, "merge"),
  };
}

function signalbox(title, runtime, needs, bare) {
  return {
    title,
    doors: ["rest"],
    needs,
    bare,
    command: (port, runtimeArgs = []) => service(runtime, port, runtimeArgs),
  };
}

function service(runtime, port, runtimeArgs) {
  const key = randomBytes(32).toString("base64");
  const connectionString = `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${key};Version=1.0;`;
  const ports = ["--port", String(port), "--admin-port", "0"];
  return {
    program: runtime,
    args: [...runtimeArgs, cli, "start", ...ports, "--in-memory", "--access-keys-primary", key],
    environment: { NODE_ENV: "production" },
    connectionString,
    target: ["--connection-string", connectionString, "--hub", hub],
  };
}

/** The service and the app server on the same core: a cost is that of both. */
function hubBehindService(title, runtime, built) {
  return {
    title,
    doors: ["hub"],
    needs: { ...built, ...builtHub },
    command: (port, runtimeArgs = [], appPort) => {
      const { connectionString, ...command } = service(runtime, port, runtimeArgs);
      return {
        ...command,
        app: {
          program: runtime,
          args: [...runtimeArgs, hubProgram, String(appPort), connectionString],
          environment: { NODE_ENV: "production" },
          negotiate: `http://127.0.0.1:${appPort}/hub/negotiate?negotiateVersion=1`,
        },
        target: ["--url", `http://127.0.0.1:${appPort}/hub`, "--negotiate", "/hub/negotiate"],
      };
    },
  };
}

function hubServer(title, runtime, bare) {
  return {
    title,
    doors: ["hub"],
    needs: builtHub,
    bare,
    command: (port, runtimeArgs = []) => ({
      program: runtime,
      args: [...runtimeArgs, hubProgram, String(port)],
      environment: { NODE_ENV: "production" },
      target: ["--url", `http://127.0.0.1:${port}/hub`],
    }),
  };
}

function bareServer(title, runtime, script, needs, ...flags) {
  return {
    title,
    doors: ["rest", "hub"],
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
 * Starts a server on one core, in an empty folder and without settings from the environment.
 * @returns the pids of its processes, what to tell the generator, and `stop(signal)`
 */
export async function start(server, { core, limit, runtimeArgs }) {
  const port = await freePort();
  const { app, target, ...command } = server.command(port, runtimeArgs, await freePort());
  const processes = [];
  const stop = (signal) => Promise.all(processes.map((process) => process.stop(signal)));
  const run = async (command, isReady) => {
    const process = launch(command, core, limit);
    processes.push(process);
    const deadline = Date.now() + START_TIMEOUT;
    while (!(await isReady())) {
      if (process.ended() || Date.now() > deadline) {
        await stop("SIGKILL");
        throw new Error(`${server.title} did not start. ${process.complaints()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await run(command, () => accepts(port));
  if (app !== undefined) await run(app, () => negotiates(app.negotiate));
  return { pids: processes.map(({ pid }) => pid), target, stop };
}

function launch({ program, args, environment }, core, limit) {
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

function negotiates(url) {
  return fetch(url, { method: "POST" }).then(
    (response) => response.ok,
    () => false,
  );
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
