#!/usr/bin/env node
// Chooses the runtime, then starts the command line. Plain JavaScript in the syntax of Node 14, so that an old Node can say what is
// wrong, or find a newer one. Everything else is behind the import at the end.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(import.meta.url);
const neededNode = [22, 18];
const runtime = process.versions.bun === undefined ? "node" : "bun";
const wanted = wantedRuntime(process.argv.slice(2), process.env);

if (wanted === "bun" && runtime !== "bun") {
  const bun = findInPath("bun") || findPackaged(join("bun", "bin", "bun.exe"));
  if (bun === undefined) {
    fail("--runtime bun needs Bun: install it (https://bun.sh), or add the npm package bun beside signalbox.");
  } else {
    relaunch(bun, process.execArgv.filter(isCondition));
  }
} else if (wanted === "node" && runtime === "bun") {
  const node = findInPath("node") || findPackaged(join("node", "bin", "node"));
  if (node === undefined) fail("--runtime node needs Node.js in the PATH.");
  else relaunch(node, process.execArgv.filter(isCondition));
} else if (runtime === "node" && isOlder(process.versions.node, neededNode)) {
  const node = findPackaged(join("node", "bin", "node"));
  if (node === undefined) {
    fail(`Signalbox needs Node.js 22.18 or newer; this is ${process.versions.node}.`);
  } else {
    relaunch(node, process.execArgv);
  }
} else if (runtime === "bun" && isOlder(process.versions.bun, [1, 4])) {
  fail(`Signalbox needs Bun 1.4 or newer; this is ${process.versions.bun}.`);
} else {
  // Node 22 calls some of itself experimental at each start, in two lines; what we use of it is the same in every later version.
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...details) => {
    if (!/^(SQLite|process\.execve) is an experimental feature/.test(String(warning)))
      emitWarning.call(process, warning, ...details);
  };
  if (isUnboundedService()) startOver();
  run();
}

/**
 * The service on Node, with nothing said of V8's young generation. Left alone it grows while clients connect, and idle clients then take
 * a quarter more memory for nothing (docs/performance.md).
 */
function isUnboundedService() {
  if (runtime !== "node" || process.argv[2] !== "start") return false;
  const given = process.execArgv.concat((process.env.NODE_OPTIONS || "").split(/\s+/));
  return !given.some((arg) => /^--max[-_]semi[-_]space[-_]size/.test(arg));
}

/** V8 wants to be told when it starts. The process stays the same; where that cannot be (Windows, a parent that talks to it), this returns. */
function startOver() {
  if (process.execve === undefined || process.platform === "win32" || process.channel) return;
  const args = ["--max-semi-space-size=16"].concat(process.execArgv, script, process.argv.slice(2));
  process.execve(process.execPath, [process.argv0].concat(args), process.env);
}

function run() {
  // Halves the time a small command takes: compiled code is kept in the system's temporary folder.
  if (module.enableCompileCache !== undefined) module.enableCompileCache();
  import("signalbox")
    .then((signalbox) => signalbox.main(process.argv.slice(2)))
    .catch((error) => {
      if (error.code === "ERR_MODULE_NOT_FOUND" && !existsSync(join(dirname(script), "..", "dist"))) {
        fail("This checkout of Signalbox is not built: run npm run build first.");
      } else {
        console.error(error);
        process.exitCode = 1;
      }
    });
}

/** What `--runtime` or SIGNALBOX_RUNTIME asks for; other values are the command line's to refuse. */
function wantedRuntime(args, environment) {
  let value = environment.SIGNALBOX_RUNTIME;
  args.forEach((arg, at) => {
    if (arg === "--runtime") value = args[at + 1];
    else if (arg.startsWith("--runtime=")) value = arg.slice("--runtime=".length);
  });
  return value;
}

function isCondition(arg) {
  return arg.startsWith("--conditions=");
}

function isOlder(version, needed) {
  const parts = version.split(".").map(Number);
  return parts[0] < needed[0] || (parts[0] === needed[0] && parts[1] < needed[1]);
}

function findInPath(name) {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const folder = (process.env.PATH || "").split(delimiter).find((path) => path !== "" && existsSync(join(path, file)));
  return folder === undefined ? undefined : join(folder, file);
}

/** An npm package's program in a node_modules folder above this file; a `node` only if it is new enough. */
function findPackaged(path) {
  for (let folder = dirname(script); folder !== dirname(folder); folder = dirname(folder)) {
    const program = join(folder, "node_modules", path);
    if (existsSync(program) && !(path.startsWith("node") && isOlder(packageVersion(program), neededNode))) return program;
  }
  return undefined;
}

function packageVersion(program) {
  try {
    return JSON.parse(readFileSync(join(program, "..", "..", "package.json"), "utf8")).version;
  } catch (_) {
    return "0.0.0";
  }
}

/** Goes on in another process, as if this one were that one: same output, same signals, same exit code. */
function relaunch(program, runtimeArgs) {
  // The child chose its runtime already: it must not look for another.
  const environment = Object.assign({}, process.env);
  delete environment.SIGNALBOX_RUNTIME;
  const child = spawn(program, runtimeArgs.concat(script, process.argv.slice(2)), { stdio: "inherit", env: environment });
  // A terminal sends Ctrl-C to both processes; the command line counts signals that come together as one.
  ["SIGINT", "SIGTERM", "SIGHUP"].forEach((signal) => {
    process.on(signal, () => child.kill(signal));
  });
  child.on("error", (error) => fail(`${program} does not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}

function fail(sentence) {
  console.error(`signalbox: ${sentence}`);
  process.exitCode = 1;
}
