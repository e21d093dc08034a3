import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests read the sources, not the build, so a change shows at once.
const source = { resolve: { conditions: ["signalbox-source"] }, ssr: { resolve: { conditions: ["signalbox-source"] } } };

// What is true in a moment takes a second and more on a busy machine.
const expect = { poll: { timeout: 15_000 } };

export default defineConfig({
  test: {
    // Much of a test's time is waiting for processes, browsers and time-outs: one file at a time, as is usual on two cores, leaves most of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { ...source, test: { name: "packages", expect, include: ["packages/*/src/**/*.test.ts"], testTimeout: 20_000 } },
      {
        ...source,
        test: { name: "samples", expect, include: ["samples/*/test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 180_000 },
      },
      { ...source, test: { name: "e2e", expect, include: ["e2e/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 } },
    ],
  },
});
