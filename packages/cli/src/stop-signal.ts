import { constants } from "node:os";

/**
 * Ctrl-C reaches a process from the terminal and once more from a parent that passes signals on (npm, another runtime's launcher):
 * a repeat within this many milliseconds is the same wish.
 */
const repeatedSignal = 1_000;

/** Resolves at the first signal to stop; a second one ends the process at once, with 128 + its number as shells count. */
export function stopSignal(): Promise<NodeJS.Signals> {
  let firstAt: number | undefined;
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (firstAt === undefined) {
          firstAt = performance.now();
          resolve(signal);
        } else if (performance.now() - firstAt > repeatedSignal) process.exit(128 + constants.signals[signal]);
      });
    }
  });
}
