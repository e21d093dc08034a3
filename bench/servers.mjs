import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "packages/cli/bin/signalbox.js");
const node = process.execPath;
const bun = join(root, "node_modules/.bin/bun");
const built = { [join(root, "packages/cli/dist/main.js")]: "npm run build" };
const production = { NODE_ENV: "production" };
const bareOn = {
  [node]: ["bare-node", "bare-node-merged", "bare-http"],
  [bun]: ["bare-bun", "bare-bun-merged"],
};

/**
 * The servers that can be compared. `doors` says by what it can be reached, a scenario by which it goes in: `rest`, `hub`, `raw`, `functions`
 * or `http`. A door is how to start the server for it: `({ port, otherPort, runtimeArgs, otherCore, mode })` to `{ processes, target }`, the
 * processes as `start` of processes.mjs takes them and what to tell the generator. `bare` names the servers that do the least work on the
 * same runtime, `needs` files that must exist, each with what makes it; `isOurs` those whose failures count.
 */
export function serversIn(load) {
  const anchors = join(load, "anchors");
  const inNode = (name) => ({ [join(anchors, "node/node_modules", name)]: `npm install in ${join(anchors, "node")}` });
  const aspnet = join(anchors, "aspnet/out/aspnet.dll");
  const bare = (title, runtime, ...flags) => ({
    ...plain(title, ["rest", "hub"], runtime, ({ port }) => [join(anchors, "node/bare.mjs"), String(port), ...flags]),
    needs: inNode("ws"),
  });
  const bareNode = bare("bare ws on Node", node);
  return {
    "signalbox-node": service("Signalbox on Node", node),
    "signalbox-bun": service("Signalbox on Bun", bun),
    "hub-node": ours("@signalbox/hub on Node", node, { hub: selfHosted(node) }),
    "hub-bun": ours("@signalbox/hub on Bun", bun, { hub: selfHosted(bun) }),
    "hub-node-service": ours("@signalbox/hub on Node through the service", node, { hub: behindService(node) }),
    "hub-bun-service": ours("@signalbox/hub on Bun through the service", bun, { hub: behindService(bun) }),
    aspnet: {
      ...plain(
        "ASP.NET Core SignalR",
        ["rest", "hub"],
        "dotnet",
        () => [aspnet],
        ({ port }) => ({
          ASPNETCORE_URLS: `http://127.0.0.1:${port}`,
        }),
      ),
      needs: { [aspnet]: `dotnet build -c Release -o out in ${join(anchors, "aspnet")}` },
    },
    "socket.io": {
      title: "Socket.IO on Node",
      needs: inNode("socket.io"),
      doors: {
        hub: ({ port }) => ({
          processes: [
            {
              name: "server",
              port,
              program: node,
              args: [join(anchors, "node/socketio.mjs"), String(port)],
              environment: production,
            },
          ],
          target: ["--url", `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, "--protocol", "socketio"],
        }),
      },
    },
    "bare-node": { ...bareNode, doors: { ...bareNode.doors, raw: bareRaw } },
    "bare-node-merged": bare("bare ws on Node, merged writes", node, "merge"),
    "bare-bun": bare("bare Bun", bun),
    "bare-bun-merged": bare("bare Bun, merged writes", bun, "merge"),
    "functions-v4": ours("functions host, app of model v4", node, { functions: functionsHost(node, "v4") }),
    "functions-v3": ours("functions host, app of model v3", node, { functions: functionsHost(node, "v3") }),
    "functions-v4-bun": ours("functions host on Bun, app of model v4 on Node", bun, { functions: functionsHost(bun, "v4") }),
    "bare-http": {
      title: "bare node:http",
      needs: {},
      doors: {
        http: ({ port }) => ({
          processes: [{ name: "server", port, program: node, args: [join(root, "bench/bare-http.mjs"), String(port)] }],
          target: ["--origin", `http://127.0.0.1:${port}`],
        }),
      },
    },
  };
}

/** What stands in the way of starting a server: sentences, empty when nothing does. */
export function missing(server) {
  return Object.entries(server.needs)
    .filter(([path]) => !existsSync(path))
    .map(([path, maker]) => `${server.title} needs ${path}: run ${maker}`);
}

function ours(title, runtime, doors) {
  return { title, isOurs: true, needs: built, bare: bareOn[runtime], doors };
}

/** One process with the hub of the load kit, and its REST routes where it has them. */
function plain(title, doors, program, args, environment = () => ({})) {
  const door = (place) => ({
    processes: [{ name: "server", port: place.port, program, args: args(place), environment: environment(place) }],
    target: ["--url", `http://127.0.0.1:${place.port}/hub`, "--hub", "bench"],
  });
  return { title, doors: Object.fromEntries(doors.map((name) => [name, door])) };
}

function service(title, runtime) {
  return ours(title, runtime, {
    rest: (place) => {
      const { process, connectionString } = serviceProcess(runtime, place);
      return { processes: [process], target: ["--connection-string", connectionString, "--hub", "bench"] };
    },
    raw: (place) => {
      const key = newKey();
      const { process } = serviceProcess(runtime, place, key, "--upstream-templates", `${appOrigin(place)}/{event}`);
      return {
        processes: [rawApp(place, key), process],
        target: ["--url", `http://127.0.0.1:${place.port}/ws/client/hubs/bench`, "--protocol", "raw"],
      };
    },
    // For the same requests as a functions host.
    functions: (place) => {
      const { process, connectionString } = serviceProcess(runtime, place);
      return { processes: [process], target: ["--origin", `http://127.0.0.1:${place.port}`, "--service", connectionString] };
    },
  });
}

function serviceProcess(runtime, { port, runtimeArgs }, key = newKey(), ...flags) {
  const ports = ["--port", String(port), "--admin-port", "0"];
  const args = [...runtimeArgs, cli, "start", ...ports, "--in-memory", "--access-keys-primary", key, ...flags];
  return {
    process: { name: "service", port, program: runtime, args, environment: production },
    connectionString: `Endpoint=http://127.0.0.1;Port=${port};AccessKey=${key};Version=1.0;`,
  };
}

function newKey() {
  return randomBytes(32).toString("base64");
}

function hubProcess(runtime, port, runtimeArgs, ...connectionString) {
  const args = [...runtimeArgs, join(root, "bench/hub-server.mjs"), String(port), ...connectionString];
  return { name: "app", port, program: runtime, args, environment: production };
}

function selfHosted(runtime) {
  return ({ port, runtimeArgs }) => ({
    processes: [hubProcess(runtime, port, runtimeArgs)],
    target: ["--url", `http://127.0.0.1:${port}/hub`],
  });
}

/** The service and the app server on the same core: a cost is that of both. */
function behindService(runtime) {
  return (place) => {
    const { process, connectionString } = serviceProcess(runtime, place);
    const { otherPort, runtimeArgs } = place;
    return {
      processes: [
        process,
        {
          ...hubProcess(runtime, otherPort, runtimeArgs, connectionString),
          // It negotiates once it is connected to the service.
          isReady: () =>
            fetch(`http://127.0.0.1:${otherPort}/hub/negotiate?negotiateVersion=1`, { method: "POST" }).then(
              (response) => response.ok,
              () => false,
            ),
        },
      ],
      // With tokens of the generator's own: to negotiate is no part of what is measured.
      target: ["--connection-string", connectionString, "--hub", "loadhub"],
    };
  };
}

/** A service, a functions host and the app's process, all on the one core. */
function functionsHost(runtime, model) {
  return (place) => {
    const { process: serviceOfHost, connectionString } = serviceProcess(runtime, { ...place, runtimeArgs: [] });
    const port = place.otherPort;
    return {
      processes: [
        serviceOfHost,
        {
          name: "host",
          program: runtime,
          args: [...place.runtimeArgs, cli, "functions", "start", join(root, "bench/apps", model), "--port", String(port)],
          environment: { ...production, PATH: process.env.PATH, AzureSignalRConnectionString: connectionString },
          isReady: () => isLoaded(port),
          child: "app",
        },
      ],
      target: ["--origin", `http://127.0.0.1:${port}`, "--service", connectionString],
    };
  };
}

/** Whether a functions host has its app. */
async function isLoaded(port) {
  const response = await fetch(`http://127.0.0.1:${port}/admin/host/status`).catch(() => undefined);
  if (response === undefined) return false;
  const { state, errors } = await response.json();
  if (errors !== undefined) throw new Error(`The app is not in order: ${errors.join(" ")}`);
  return state === "Running";
}

function appOrigin({ otherPort }) {
  return `http://127.0.0.1:${otherPort}`;
}

/** The app that a server for clients without SignalR calls. It is no part of what is measured. */
function rawApp({ port, otherPort, otherCore, mode }, key) {
  const args = [join(root, "bench/raw-app.mjs"), String(otherPort), `http://127.0.0.1:${port}`, key, mode];
  return { name: "app", port: otherPort, core: otherCore, program: node, args };
}

function bareRaw(place) {
  const args = [join(root, "bench/raw-bare.mjs"), String(place.port), appOrigin(place)];
  return {
    processes: [rawApp(place, newKey()), { name: "server", port: place.port, program: node, args }],
    target: ["--url", `http://127.0.0.1:${place.port}/`, "--protocol", "raw"],
  };
}
