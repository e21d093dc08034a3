import type { FunctionsHost, LoadedFunctions } from "@signalbox/functions";
import { loadSettings, startService, type UpstreamTemplate } from "@signalbox/service";
import { Command } from "commander";
import { banner } from "../banner.ts";
import { addHostOptions, type HostFlags, hostOptions, port } from "../functions-options.ts";
import { createLog } from "../log.ts";
import { nameOption } from "../port-taken.ts";
import { addConfigOption } from "../settings-options.ts";
import { stopSignal } from "../stop-signal.ts";
import { commandName, runtimeName } from "../this-program.ts";

interface DevFlags extends HostFlags {
  readonly servicePort?: number;
  readonly serviceAdminPort?: number;
  readonly storagePort?: number;
  readonly config?: string;
}

export function devCommand(): Command {
  const command = new Command("dev").description(
    "run a Node function app with the service and storage it needs, all on this machine",
  );
  addHostOptions(command, { watch: true })
    .option("--service-port <number>", "port of the service (default: 8888)", port)
    .option("--service-admin-port <number>", "port of its dashboard, health and metrics (default: 8889)", port)
    .option("--storage-port <number>", "port of Azurite's blobs; queues and tables have the next two (default: 10000)", port);
  return addConfigOption(command).action(run);
}

/**
 * The service first, since the app needs its connection string; then the host, since the service needs its address.
 */
async function run(directory: string, flags: DevFlags): Promise<void> {
  const { settings, warnings, origins } = loadSettings({
    environment: process.env,
    flags: {
      // What a developer's service forgets at its end is no loss, and a data file in the app's folder would be a surprise.
      inMemory: true,
      ...(flags.servicePort === undefined ? {} : { port: `${flags.servicePort}` }),
      ...(flags.serviceAdminPort === undefined ? {} : { adminPort: `${flags.serviceAdminPort}` }),
    },
    ...(flags.config === undefined ? {} : { config: flags.config }),
  });
  const log = createLog(settings.log);
  for (const warning of warnings) log.warn(warning);

  // Storage clients and watchers are much to load, which no other command needs.
  const { functionList, logLine, startFunctionsHost } = await import("@signalbox/functions");
  const stopped = stopSignal(flags);
  const service = await startService(settings, { log, origins }).catch(nameOption("--service-port or --service-admin-port"));
  // The list of functions comes below the banner, which knows the host's address only when there is a host.
  let tell = (_loaded: LoadedFunctions) => {};
  let host: FunctionsHost;
  try {
    host = await startFunctionsHost({
      // Whoever can reach a loopback address is the developer.
      ...hostOptions(directory, { developmentLogin: "loopback", ...flags }),
      signalRConnectionString: service.connectionString,
      storageEmulator: flags.storagePort === undefined ? true : { port: flags.storagePort },
      log: (event) => process.stdout.write(`${logLine(event)}\n`),
      onLoaded: (loaded) => tell(loaded),
    }).catch(nameOption("--port"));
  } catch (error) {
    await service.stop();
    throw error;
  }
  // Those of the settings and of the dashboard come first: they may send some events elsewhere.
  service.appendTemplate(templateOf(host, flags.enableAuth === true), "signalbox dev");
  process.stdout.write(
    banner({
      settings,
      service,
      runtime: runtimeName(),
      command: commandName(),
      showSecrets: process.stdout.isTTY === true,
    }),
  );
  tell = ({ functions, problems }) =>
    process.stdout.write(`${functionList(functions, problems)}\nThe app is at ${host.url}/\n\n`);
  tell(host.loaded);

  const signal = await stopped;
  log.info(`${signal}: ending.`);
  // Clients first: the app still hears of their leaving.
  await service.drain();
  await host.stop();
  await service.stop();
  process.exit(0);
}

/** Everything to the app's SignalR triggers. */
function templateOf(host: FunctionsHost, needsKey: boolean): UpstreamTemplate {
  const key = needsKey ? `?code=${encodeURIComponent(host.webhookKey)}` : "";
  const urlTemplate = `${host.url}/runtime/webhooks/signalr${key}`;
  return { urlTemplate, hubPattern: "*", eventPattern: "*", categoryPattern: "*" };
}
