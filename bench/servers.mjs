import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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
 * The servers that can be compared. `bare` names the kind of bare server that is the limit of the same runtime; `needs` are files that
 * must exist, each with what makes it; `raw` starts those that take clients without SignalR; `kinds` are those of the scenarios that it can run (default: "service"), `only` their names.
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
    "signalbox-node": {
      ...signalbox("Signalbox on Node", node, built, ["bare-node", "bare-node-merged", "bare-http"]),
      kinds: ["service", "functions"],
    },
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
      raw: (port, app) => ({
        program: node,
        args: [join(root, "bench/raw-bare.mjs"), String(port), app.origin],
        environment: {},
        target: ["--url", `http://127.0.0.1:${port}/`, "--protocol", "raw"],
      }),
    },
    "bare-node-merged": bareServer("bare ws on Node, merged writes", node, bare, installed, "merge"),
    "bare-bun": bareServer("bare Bun", bun, bare, installed),
    "bare-bun-merged": bareServer("bare Bun, merged writes", bun, bare, installed, "merge"),
    "functions-v4": functionsHost("functions host, app of model v4", node, built, "v4"),
    "functions-v3": functionsHost("functions host, app of model v3", node, built, "v3"),
    "functions-v4-bun": functionsHost("functions host on Bun, app of model v4 on Node", bun, built, "v4"),
    "bare-http": {
      title: "bare node:http",
      only: ["function-http"],
      needs: {},
      command: (port) => ({
        program: node,
        args: [join(root, "bench/bare-http.mjs"), String(port)],
        environment: {},
        target: [],
      }),
    },
  };
}

function signalbox(title, runtime, needs, bare) {
  return {
    title,
    needs,
    bare,
    command: (port, runtimeArgs = []) => {
      const key = randomBytes(32).toString("base64");
      return {
        program: runtime,
        args: [...runtimeArgs, ...started(port, key)],
        environment: { NODE_ENV: "production" },
        connectionString: connectionString(port, key),
        target: ["--connection-string", connectionString(port, key), "--hub", hub],
      };
    },
    raw: (port, app, runtimeArgs = []) => ({
      program: runtime,
      args: [...runtimeArgs, ...started(port, app.key), "--upstream-templates", `${app.origin}/{event}`],
      environment: { NODE_ENV: "production" },
      target: ["--url", `http://127.0.0.1:${port}/ws/client/hubs/${hub}`, "--protocol", "raw"],
    }),
  };
}

function started(port, key) {
  return [cli, "start", "--port", String(port), "--admin-port", "0", "--in-memory", "--access-keys-primary", key];
}

function connectionString(port, key) {
  return `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${key};Version=1.0;`;
}

/** A service, a functions host and the app's process, all on the one core. */
function functionsHost(title, runtime, needs, model) {
  return {
    title,
    kinds: ["functions"],
    needs,
    bare: ["bare-http"],
    service: signalbox("", runtime, needs),
    command: (port, runtimeArgs = [], service) => ({
      program: runtime,
      args: [...runtimeArgs, cli, "functions", "start", join(root, "bench/apps", model), "--port", String(port)],
      environment: { NODE_ENV: "production", PATH: process.env.PATH, AzureSignalRConnectionString: service.connectionString },
      connectionString: service.connectionString,
      target: [],
    }),
  };
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
 * Starts a server on one core, in an empty folder and without settings from the environment; a functions host after a service of its own.
 * @returns the pids of its processes by name, its port and connection string, what to tell the generator, and `stop(signal)`
 */
export async function start(server, options) {
  if (options.mode !== undefined) return startWithApp(server, options);
  if (server.service === undefined) {
    const { pid, ...running } = await startProcess(server, options);
    return { ...running, pids: { service: pid } };
  }
  const service = await startProcess(server.service, { ...options, runtimeArgs: [] });
  const stopService = () => service.stop("SIGKILL");
  try {
    const { pid, ...host } = await startProcess(server, options, service);
    const stop = (signal) => host.stop(signal).finally(stopService);
    try {
      const app = await appOf(host.port, pid);
      return { ...host, pids: { service: service.pid, host: pid, app }, stop };
    } catch (error) {
      await stop("SIGKILL");
      throw error;
    }
  } catch (error) {
    await stopService();
    throw error;
  }
}

/** A server for clients without SignalR, after the app that it calls, which stands on the generator's core. */
async function startWithApp(server, { mode, appCore, ...options }) {
  const [port, appPort] = [await freePort(), await freePort()];
  const key = randomBytes(32).toString("base64");
  const args = [join(root, "bench/raw-app.mjs"), String(appPort), `http://127.0.0.1:${port}`, key, mode];
  const command = () => ({ program: node, args, environment: {}, target: [] });
  const app = await startProcess({ title: "The app", command }, { ...options, core: appCore, port: appPort });
  const stopApp = () => app.stop("SIGKILL");
  try {
    const where = { origin: `http://127.0.0.1:${appPort}`, key };
    const raw = { title: server.title, command: (at, runtimeArgs) => server.raw(at, where, runtimeArgs) };
    const { pid, ...running } = await startProcess(raw, { ...options, port });
    return { ...running, pids: { service: pid }, stop: (signal) => running.stop(signal).finally(stopApp) };
  } catch (error) {
    await stopApp();
    throw error;
  }
}

/** The pid of a functions host's app, once the app is loaded. */
async function appOf(port, pid) {
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    const status = await (await fetch(`http://127.0.0.1:${port}/admin/host/status`)).json();
    if (status.errors !== undefined) throw new Error(`The app is not in order: ${status.errors.join(" ")}`);
    const [app] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number);
    if (status.state === "Running" && app > 0) return app;
    if (Date.now() > deadline) throw new Error(`The app is ${status.state}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function startProcess(server, { core, limit, runtimeArgs, port: wanted }, service) {
  const port = wanted ?? (await freePort());
  const { program, args, environment, target, connectionString } = server.command(port, runtimeArgs, service);
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
      throw new Error(`${server.title} did not start. ${complaints}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { pid: child.pid, port, connectionString, target, stop };
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
