import { execFile, execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { freePort, pinned, start } from "./processes.mjs";
import { topFunctions } from "./profile.mjs";
import { complaintsOf, report } from "./report.mjs";
import { scenarios } from "./scenarios.mjs";
import { missing, serversIn } from "./servers.mjs";

const usage = `node bench/run.mjs [options]

  --load DIR         the load kit (default: SIGNALBOX_LOAD, or ../shared/load beside this repository)
  --servers LIST     of ${Object.keys(serversIn("")).join(", ")} (default: all that can start)
  --scenarios LIST   of ${Object.keys(scenarios).filter(isRun).join(", ")} (default: all)
  --runs N           rounds through all of it (default: 3)
  --warm S           seconds before the figures count (default: 3)
  --seconds S        seconds that count (default: 5)
  --log FILE         append every raw figure as a line of JSON
  --profile          profile the CPU of one server in one scenario instead (default: signalbox-node, rest-broadcast-8)
`;

/** Cores: the server's and the generator's. */
const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
/** Files besides the connections. */
const SPARE_FILES = 200;

const { values: options } = parseArgs({
  options: {
    load: {
      type: "string",
      default: process.env.SIGNALBOX_LOAD ?? fileURLToPath(new URL("../../shared/load", import.meta.url)),
    },
    servers: { type: "string" },
    scenarios: { type: "string" },
    runs: { type: "string", default: "3" },
    warm: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    log: { type: "string" },
    profile: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (options.help) process.stdout.write(usage);
else {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = 2;
  }
}

async function main() {
  const load = resolve(options.load);
  const generator = join(load, "signalr-load");
  if (cpus().length < 2) throw new Error("Two cores are needed, one for the server and one for the generator.");
  // An older one would start Signalbox in a further process, which nobody measures.
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 18)) throw new Error(`Node 22.18 or newer is needed; this is ${process.version}.`);
  const servers = serversIn(load);
  const chosen = { servers: chooseServers(servers), scenarios: chooseScenarios() };
  if (!existsSync(generator) && chosen.scenarios.some((name) => !scenarios[name].isFunctions))
    throw new Error(`There is no load generator at ${generator}: run make there, or name its folder with --load.`);
  const limit = fileLimit(Math.max(...chosen.scenarios.map((name) => scenarios[name].connections)) + SPARE_FILES);
  if (options.profile) return profile(generator, servers, chosen, limit);

  const runs = [];
  for (let round = 1; round <= Number(options.runs); round++) {
    for (const scenario of chosen.scenarios) {
      for (const server of chosen.servers.filter((name) => doorOf(servers[name], scenario) !== undefined)) {
        const before = loadAverage();
        const result = await measure(generator, servers[server], scenario, limit);
        for (const name of [scenario, ...sharingRunOf(scenario)]) runs.push({ round, server, scenario: name, result });
        if (options.log)
          appendFileSync(options.log, `${JSON.stringify({ round, server, scenario, loadBefore: before, result })}\n`);
        process.stderr.write(`round ${round}  ${scenario}  ${server}  load ${before}  ${complaintsOf(result)}\n`);
      }
    }
  }
  process.stdout.write(
    `Load average ${loadAverage()}; ${options.runs} rounds, ${options.warm} s + ${options.seconds} s each; ` +
      `Node ${process.versions.node}.\n\n${report(runs, servers)}\n`,
  );
  return runs.some(({ server, result }) => servers[server].isOurs && complaintsOf(result) !== "") ? 1 : 0;
}

/** Every run gets a fresh server, so that memory of the one before is not counted. */
async function measure(generator, server, name, limit, runtimeArgs = [], stopSignal = "SIGKILL") {
  const scenario = scenarios[name];
  const { processes, target } = server.doors[doorOf(server, name)]({
    port: await freePort(),
    otherPort: await freePort(),
    otherCore: GENERATOR_CORE,
    mode: scenario.mode,
    runtimeArgs,
  });
  const running = await start(processes, { core: SERVER_CORE, limit });
  const command = scenario.isFunctions
    ? [process.execPath, fileURLToPath(new URL("functions-load.mjs", import.meta.url))]
    : [generator];
  const pids = Object.entries(running.pids).flatMap(([name, pid]) => [
    "--server-pid",
    scenario.isFunctions ? `${name}=${pid}` : pid,
  ]);
  const generate = async (...more) => {
    const [program, ...args] = [...command, ...scenario.args, ...target, ...pids.map(String), "--warm", options.warm, ...more];
    const { stdout } = await promisify(execFile)(
      ...pinned(GENERATOR_CORE, limit, program, [...args, "--seconds", options.seconds]),
    );
    return JSON.parse(stdout);
  };
  try {
    const result = await generate();
    return scenario.isHalfLoad ? await generate("--rate", String(Math.round(scenario.rate(result) / 2))) : result;
  } finally {
    await running.stop(stopSignal);
  }
}

/** The door of a server by which a scenario goes in; undefined when it has none. */
function doorOf(server, scenario) {
  return scenarios[scenario].doors.find((door) => door in server.doors);
}

async function profile(generator, servers, chosen, limit) {
  const server = options.servers === undefined ? "signalbox-node" : chosen.servers[0];
  const scenario = options.scenarios === undefined ? "rest-broadcast-8" : chosen.scenarios[0];
  if (!servers[server].isOurs) throw new Error("Only Signalbox itself can be profiled.");
  const folder = mkdtempSync(join(tmpdir(), "signalbox-profile-"));
  // The profile is written when the process ends by itself.
  await measure(generator, servers[server], scenario, limit, ["--cpu-prof", `--cpu-prof-dir=${folder}`], "SIGTERM");
  process.stdout.write(
    `### ${servers[server].title}: ${scenarios[scenario].title}\n\n${topFunctions(folder, 40)}\n\nProfile: ${folder}\n`,
  );
  return 0;
}

function chooseServers(servers) {
  const wanted = options.servers?.split(",");
  const unknown = wanted?.filter((name) => !(name in servers)) ?? [];
  if (unknown.length > 0) throw new Error(`Unknown server ${unknown.join(", ")}.`);
  const usable = [];
  for (const name of wanted ?? Object.keys(servers)) {
    const obstacles = missing(servers[name]);
    if (obstacles.length === 0) usable.push(name);
    else if (wanted !== undefined) throw new Error(obstacles.join("\n"));
    else process.stderr.write(`${obstacles.join("\n")}\n`);
  }
  if (usable.length === 0) throw new Error("No server can be started.");
  return usable;
}

function chooseScenarios() {
  const own = Object.keys(scenarios).filter(isRun);
  const wanted = options.scenarios?.split(",") ?? own;
  const unknown = wanted.filter((name) => !own.includes(name));
  if (unknown.length > 0) throw new Error(`Unknown scenario ${unknown.join(", ")}.`);
  return wanted;
}

function isRun(scenario) {
  return scenarios[scenario].sameRunAs === undefined;
}

function sharingRunOf(scenario) {
  return Object.keys(scenarios).filter((name) => scenarios[name].sameRunAs === scenario);
}

/** As many open files as the system allows, which must be enough. */
function fileLimit(needed) {
  const hard = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  const limit = hard === "unlimited" ? 1_000_000 : Number(hard);
  if (limit < needed)
    throw new Error(`A process may open ${limit} files here and ${needed} are needed: raise the hard limit (ulimit -Hn).`);
  return Math.min(limit, Math.max(needed, 65_536));
}

function loadAverage() {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}
