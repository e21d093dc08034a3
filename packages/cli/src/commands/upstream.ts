import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { loadSettings } from "@signalbox/service";
import { Command } from "commander";
import { Failure } from "../failure.ts";
import { addConfigOption } from "../settings-options.ts";
import { upstreamList } from "../upstream-list.ts";

/** What the emulator writes: everything to a local function app (reference serverless-upstream §7). */
const defaultSettings = {
  UpstreamSettings: {
    Templates: [
      {
        UrlTemplate: "http://localhost:7071/runtime/webhooks/signalr",
        EventPattern: "*",
        HubPattern: "*",
        CategoryPattern: "*",
      },
    ],
  },
};

export function upstreamCommand(): Command {
  const command = new Command("upstream").description("where events go");
  command
    .command("init")
    .description("write a settings.json that sends every event to a function app on this machine")
    .option("-o, --output <folder>", "folder to write to, created if need be", ".")
    .option("--force", "replace a file that is there")
    .action(init);
  addConfigOption(
    command
      .command("list")
      .description("print the upstream templates of the settings; those saved on the dashboard take their place"),
  ).action(list);
  return command;
}

async function init({ output, force }: { output: string; force?: boolean }): Promise<void> {
  const path = resolve(output, "settings.json");
  if (existsSync(path) && !force && !(await mayReplace(path))) return;
  try {
    mkdirSync(resolve(output), { recursive: true });
    writeFileSync(join(path), `${JSON.stringify(defaultSettings, null, 2)}\n`);
  } catch (error) {
    throw new Failure(`${path} cannot be written: ${(error as Error).message}.`);
  }
  console.log(`Wrote ${path}`);
}

/** @throws {Failure} when nobody is there to be asked */
async function mayReplace(path: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Failure(`${path} exists already: --force replaces it.`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y$/i.test((await terminal.question(`${path} exists already. Replace it? (N/y) `)).trim());
  } finally {
    terminal.close();
  }
}

function list({ config }: { config?: string }): void {
  const loaded = loadSettings({ environment: process.env, ...(config === undefined ? {} : { config }) });
  const origin = loaded.origins.get("upstream.templates");
  console.log(origin === undefined ? `Upstream (${loaded.file} sets none):` : `Upstream, from ${origin}:`);
  console.log(upstreamList(loaded.settings.upstream.templates));
}
