import { Command } from "commander";
import { addHostOptions, type HostFlags, hostOptions } from "../functions-options.ts";
import { stopSignal } from "../stop-signal.ts";

export function functionsCommand(): Command {
  const start = new Command("start").description("run a Node function app, against any service");
  return new Command("functions")
    .description("run function apps")
    .addCommand(addHostOptions(start, { watch: false }).action(run));
}

async function run(directory: string, flags: HostFlags): Promise<void> {
  // Storage clients and watchers are much to load, which no other command needs.
  const { functionList, logLine, startFunctionsHost } = await import("@signalbox/functions");
  const stopped = stopSignal(flags);
  const host = await startFunctionsHost({
    ...hostOptions(directory, flags),
    log: (event) => process.stdout.write(`${logLine(event)}\n`),
    onLoaded: ({ functions, problems }) => process.stdout.write(`${functionList(functions, problems)}\n`),
  });
  await stopped;
  await host.stop();
  process.exit(0);
}
