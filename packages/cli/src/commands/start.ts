import { loadSettings, type Service, type SettingsChange, startService, watchSettings } from "@signalbox/service";
import { Command, Option } from "commander";
import type { Logger } from "pino";
import { banner } from "../banner.ts";
import { createLog } from "../log.ts";
import { nameOption } from "../port-taken.ts";
import { addSettingsOptions, sourcesOf } from "../settings-options.ts";
import { addStopOption, type StopFlags, stopSignal } from "../stop-signal.ts";
import { commandName, runtimeName } from "../this-program.ts";
import { upstreamList, withoutSecrets } from "../upstream-list.ts";

export function startCommand(): Command {
  const command = new Command("start").description("run the service");
  // bin/signalbox.js has acted on it before this program was loaded; here it is checked and explained.
  command.addOption(
    new Option("--runtime <name>", "what to run on (default: this one)").choices(["node", "bun"]).env("SIGNALBOX_RUNTIME"),
  );
  return addStopOption(addSettingsOptions(command)).action(start);
}

async function start(options: Readonly<Record<string, unknown>> & StopFlags): Promise<void> {
  const sources = sourcesOf(options);
  const loaded = loadSettings(sources);
  const log = createLog(loaded.settings.log);
  for (const warning of loaded.warnings) log.warn(warning);

  const stopped = stopSignal(options);
  const service = await startService(loaded.settings, { log, origins: loaded.origins }).catch(
    nameOption("--port or --admin-port"),
  );
  process.stdout.write(
    banner({
      settings: loaded.settings,
      service,
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
      service.reload(change.settings, change.origins);
      report(change, service, log);
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

function report({ effective, waiting, warnings }: SettingsChange, service: Service, log: Logger): void {
  for (const warning of warnings) log.warn(warning);
  if (effective.length > 0) log.info(`Settings changed: ${effective.join(", ")}.`);
  if (effective.includes("upstream.templates")) {
    if (service.templatesAreSaved) log.info(`The upstream templates saved on the dashboard stay in force: ${service.adminUrl}`);
    else log.info(`Upstream:\n${upstreamList(withoutSecrets(service.templates))}`);
  }
  if (waiting.length > 0) log.warn(`These changed settings wait for a restart: ${waiting.join(", ")}.`);
}
