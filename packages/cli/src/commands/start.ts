import { loadSettings, type SettingsChange, startService, watchSettings } from "@signalbox/service";
import { Command, Option } from "commander";
import type { Logger } from "pino";
import { banner } from "../banner.ts";
import { createLog } from "../log.ts";
import { addSettingsOptions, sourcesOf } from "../settings-options.ts";
import { stopSignal } from "../stop-signal.ts";
import { commandName, runtimeName } from "../this-program.ts";
import { upstreamList, withoutQueryValues } from "../upstream-list.ts";

export function startCommand(): Command {
  const command = new Command("start").description("run the service");
  // bin/signalbox.js has acted on it before this program was loaded; here it is checked and explained.
  command.addOption(
    new Option("--runtime <name>", "what to run on (default: this one)").choices(["node", "bun"]).env("SIGNALBOX_RUNTIME"),
  );
  return addSettingsOptions(command).action(start);
}

async function start(options: Readonly<Record<string, unknown>>): Promise<void> {
  const sources = sourcesOf(options);
  const loaded = loadSettings(sources);
  const log = createLog(loaded.settings.log);
  for (const warning of loaded.warnings) log.warn(warning);

  const stopped = stopSignal();
  const service = await startService(loaded.settings, { log });
  const { port, adminPort } = service;
  process.stdout.write(
    banner({
      settings: loaded.settings,
      port,
      adminPort,
      runtime: runtimeName(),
      showSecrets: process.stdout.isTTY === true,
      command: commandName(),
    }),
  );

  const watcher = watchSettings(
    loaded,
    sources,
    (change) => {
      log.level = change.settings.log.level;
      service.reload(change.settings);
      report(change, log);
    },
    (error) => {
      for (const problem of error.problems) log.error(`The settings stay as they are: ${problem}`);
    },
  );

  const signal = await stopped;
  log.info(`${signal}: closing the clients, at most ${loaded.settings.drain.deadline / 1000} s; once more ends at once.`);
  watcher.close();
  await service.drain();
  await service.stop();
  log.info("Stopped.");
  process.exit(0);
}

function report({ settings, effective, waiting, warnings }: SettingsChange, log: Logger): void {
  for (const warning of warnings) log.warn(warning);
  if (effective.length > 0) log.info(`Settings changed: ${effective.join(", ")}.`);
  if (effective.includes("upstream.templates")) {
    log.info(`Upstream:\n${upstreamList(withoutQueryValues(settings.upstream.templates))}`);
  }
  if (waiting.length > 0) log.warn(`These changed settings wait for a restart: ${waiting.join(", ")}.`);
}
