// What the scripts share. Plain JavaScript without dependencies: it runs before anything is installed, on any Node from 20 on.
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const binaries = join(root, "node_modules", ".bin");

/** The Node this repository pins; everything but the first script runs on it. */
export const pinnedNode = join(binaries, "node");

/** Child processes find the pinned Node and the installed tools first. */
const environment = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ""}` };

/** Ctrl-C reaches a script from the terminal and once more through npm: a repeat within this many milliseconds is the same wish. */
const REPEATED_SIGNAL = 1_000;

/**
 * Runs a command in the repository with this process's input and output, and hands on the signals that should end it, so that the
 * command ends in its own way and this process after it.
 * @returns its exit code; 128 + number when a signal ended it, as shells count
 */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    // A process group of its own: from the terminal's Ctrl-C it would otherwise hear twice.
    const child = spawn(command, args, { cwd: root, env: environment, stdio: "inherit", detached: true });
    let lastSignal = 0;
    const passOn = (signal) => {
      const now = Date.now();
      if (now - lastSignal > REPEATED_SIGNAL) child.kill(signal);
      lastSignal = now;
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, passOn);
    const finished = () => {
      for (const signal of signals) process.off(signal, passOn);
    };
    child.once("error", (error) => {
      finished();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      finished();
      resolve(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
}

/** As `run`, but ends this process with the command's exit code unless that is 0. */
async function must(command, args) {
  const code = await run(command, args);
  if (code !== 0) process.exit(code);
}

/** Installs what package-lock.json names, unless that has been done since it last changed. */
export async function install() {
  const modified = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  console.error("Installing what package-lock.json names; this takes a few minutes the first time.");
  // Warnings would be about this machine's Node, which is older than the one that will run.
  await must("npm", ["ci", "--loglevel=error", "--no-audit", "--no-fund"]);
}

/**
 * Installs, and builds the packages and the dashboard; ends this process when that fails. As with scripts that npm itself runs before others,
 * --ignore-scripts leaves it out: so do tests, which find everything installed and built, and would disturb one another.
 */
export async function prepare() {
  if (process.env.npm_config_ignore_scripts === "true") return;
  await install();
  await must("tsc", ["-b"]);
  await must("vite", ["build", "packages/dashboard", "--logLevel", "warn"]);
}
