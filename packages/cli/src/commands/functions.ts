import { Command } from "commander";
import { azureCredential } from "../azure-credential.ts";
import { addHostOptions, type HostFlags, hostOptions } from "../functions-options.ts";
import { stopSignal } from "../stop-signal.ts";

interface StartFlags extends HostFlags {
  readonly azureIdentity?: boolean;
}

export function functionsCommand(): Command {
  const start = new Command("start").description("run a Node function app, against any service");
  addHostOptions(start, { watch: false }).option(
    "--azure-identity",
    "use this machine's Microsoft Entra identity for settings such as AzureSignalRConnectionString__serviceUri (needs @azure/identity)",
  );
  return new Command("functions").description("run function apps").addCommand(start.action(run));
}

async function run(directory: string, flags: StartFlags): Promise<void> {
  // Storage clients and watchers are much to load, which no other command needs.
  const { functionList, logLine, startFunctionsHost } = await import("@signalbox/functions");
  const stopped = stopSignal(flags);
  const host = await startFunctionsHost({
    ...hostOptions(directory, flags),
    ...(flags.azureIdentity === true ? { credential: azureCredential(directory) } : {}),
    log: (event) => process.stdout.write(`${logLine(event)}\n`),
    onLoaded: ({ functions, problems }) => process.stdout.write(`${functionList(functions, problems)}\n`),
  });
  await stopped;
  await host.stop();
  process.exit(0);
}
