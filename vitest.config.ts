import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * How long a test waits for a condition, in milliseconds, unless it says otherwise. Only a failing test waits so long: a machine may stand still
 * for seconds, and that is no failure.
 */
export const patience = 30_000;

// Tests read the sources, not the build, so a change shows at once.
const source = { resolve: { conditions: ["signalbox-source"] }, ssr: { resolve: { conditions: ["signalbox-source"] } } };
const waiting = {
  setupFiles: [fileURLToPath(new URL("vitest.setup.ts", import.meta.url))],
  expect: { poll: { timeout: patience } },
  testTimeout: 2 * patience,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    // Much of a test's time is waiting for processes, browsers and time-outs: one file at a time, as is usual on two cores, leaves most of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { ...source, test: { ...waiting, name: "packages", include: ["packages/*/src/**/*.test.ts"] } },
      {
        ...source,
        test: {
          ...waiting,
          name: "samples",
          include: ["samples/*/test/**/*.test.ts"],
          globalSetup: ["e2e/support/build-samples.ts"],
          hookTimeout: 180_000,
        },
      },
      { ...source, test: { ...waiting, name: "e2e", include: ["e2e/**/*.test.ts"] } },
    ],
  },
});
