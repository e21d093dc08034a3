import { constants } from "node:os";
import type { Command } from "commander";

/**
 * Ctrl-C reaches a process from the terminal and once more from a parent that passes signals on (npm, another runtime's launcher):
 * a repeat within this many milliseconds is the same wish.
 */
const repeatedSignal = 1_000;

export interface StopFlags {
  readonly untilStdinEnds?: boolean;
}

/** For commands that run until they are told to stop. */
export function addStopOption(command: Command): Command {
  return command.option("--until-stdin-ends", "end when standard input does, as it does when who started this has gone");
}

/**
 * Resolves at the first signal to stop; a second one ends the process at once, with 128 + its number as shells count. The end of standard input,
 * where it counts, is a hang-up: who started this process holds the other end, and loses it however it ends.
 */
export function stopSignal({ untilStdinEnds = false }: StopFlags = {}): Promise<NodeJS.Signals> {
  let firstAt: number | undefined;
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      firstAt ??= performance.now();
      resolve(signal);
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (firstAt === undefined) stop(signal);
        else if (performance.now() - firstAt > repeatedSignal) process.exit(128 + constants.signals[signal]);
      });
    }
    if (untilStdinEnds) process.stdin.resume().once("close", () => stop("SIGHUP"));
  });
}
