import { readFileSync } from "node:fs";
import { Command } from "commander";
import { configCommand } from "./commands/config.ts";
import { devCommand } from "./commands/dev.ts";
import { functionsCommand } from "./commands/functions.ts";
import { healthCommand } from "./commands/health.ts";
import { listenCommand } from "./commands/listen.ts";
import { sendCommand } from "./commands/send.ts";
import { startCommand } from "./commands/start.ts";
import { tokenCommand } from "./commands/token.ts";
import { upstreamCommand } from "./commands/upstream.ts";
import { sentenceOf } from "./failure.ts";

/**
 * Runs the command line. What goes wrong is told on standard error and by the process's exit code.
 * @param args without the program's name
 */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command("signalbox")
    .description("Signalbox: a self-hosted real-time service that speaks Azure SignalR Service's wire")
    .version(version())
    .showHelpAfterError("(signalbox --help shows what there is)")
    .enablePositionalOptions();
  for (const command of [
    startCommand,
    devCommand,
    functionsCommand,
    upstreamCommand,
    listenCommand,
    sendCommand,
    tokenCommand,
    configCommand,
    healthCommand,
  ]) {
    program.addCommand(command());
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === undefined) console.error(error);
    else for (const line of sentence.split("\n")) console.error(`signalbox: ${line}`);
    process.exitCode = 1;
  }
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}
