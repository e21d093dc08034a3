// All checks and tests, one after the other; every one runs even when an earlier one failed. Runs on the pinned Node.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemParts } from "../e2e/support/system-parts.ts";
import { readReport } from "./report.mjs";
import { root, run } from "./workspace.mjs";

const failures = [];
const skips = [];
const repeated = [];
let passed = 0;

await check("build", "tsc", ["-b"]);
await check("build of the dashboard", "vite", ["build", "packages/dashboard"]);
await check("format and lint", "biome", ["check", "."]);
await check("types, tests included", "tsc", ["-p", "tsconfig.test.json"]);
await check("dead code", "knip", []);
await tests();

if (skips.length > 0) console.log(`\nSkipped:\n${skips.map((skip) => `  - ${skip}`).join("\n")}`);
if (repeated.length > 0) console.log(`\nPassed only when repeated:\n${repeated.map((test) => `  - ${test}`).join("\n")}`);
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  - ${failure}`).join("\n")}`);
console.log(`\n${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
process.exit(failures.length === 0 ? 0 : 1);

async function check(name, command, args) {
  heading(name);
  const started = performance.now();
  const code = await run(command, args);
  if (code === 0) passed++;
  else failures.push(`${name} (exit code ${code})`);
  console.log(`${code === 0 ? "passed" : "FAILED"} in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
}

/** vitest over packages, samples and e2e; its tests count one by one. */
async function tests() {
  heading("system parts");
  const missing = systemParts.filter((part) => !provide(part)).map((part) => part.name);
  heading("tests");
  const folder = mkdtempSync(join(tmpdir(), "signalbox-test-"));
  const file = join(folder, "report.json");
  const code = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`]);
  const before = failures.length;
  try {
    const report = readReport(JSON.parse(readFileSync(file, "utf8")), root);
    passed += report.passed;
    failures.push(...report.failures);
    skips.push(...report.skips);
    repeated.push(...report.repeated);
  } catch (error) {
    failures.push(`vitest left no report: ${error.message}`);
  }
  rmSync(folder, { recursive: true });
  // An error outside of any test, a hook that hangs at the end: vitest says so by its exit code alone.
  if (code !== 0 && failures.length === before) failures.push(`vitest (exit code ${code})`);
  if (missing.length > 0)
    console.log(`\nNot on this machine and not installable here: ${missing.join(", ")}. The tests that need it are skipped.`);
}

/** @returns whether the part is there, after an attempt to install it */
function provide(part) {
  if (part.find() === undefined) installWithApt(part);
  const path = part.find();
  console.log(path === undefined ? `${part.name}: missing` : `${part.name}: ${path}`);
  return path !== undefined;
}

function installWithApt(part) {
  const sudo = process.getuid() === 0 ? [] : ["sudo", "-n"];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...args];
    return spawnSync(command, rest, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
  };
  if (!apt("update")) return;
  for (const name of part.aptPackages) {
    if (apt("install", "-y", "--no-install-recommends", name)) return;
  }
}

function heading(text) {
  console.log(`\n── ${text} ${"─".repeat(Math.max(0, 100 - text.length))}`);
}
