import { functionList, logLine, startFunctionsHost } from "@signalbox/functions";
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
  const stopped = stopSignal();
  const host = await startFunctionsHost({
    ...hostOptions(directory, flags),
    log: (event) => process.stdout.write(`${logLine(event)}\n`),
    onLoaded: ({ functions, problems }) => process.stdout.write(`${functionList(functions, problems)}\n`),
  });
  await stopped;
  await host.stop();
  process.exit(0);
}
