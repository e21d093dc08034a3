import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { patience } from "./e2e/support/patience.ts";

// Tests read the sources, not the build, so a change shows at once.
const source = { resolve: { conditions: ["signalbox-source"] }, ssr: { resolve: { conditions: ["signalbox-source"] } } };
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const shared = {
  globalSetup: [file("e2e/support/temporary-folder.ts")],
  setupFiles: [file("e2e/support/wait-patiently.ts")],
  expect: { poll: { timeout: patience } },
  testTimeout: 2 * patience,
  hookTimeout: 240_000,
};
/**
 * For tests that drive several processes, and browsers. `npm test`, which CI runs, repeats one that fails, and names each that passed only then: see
 * docs/testing.md.
 */
const processes = { testTimeout: 4 * patience, retry: process.env.npm_command === "test" ? 1 : 0 };

/**
 * Over an event stream `@microsoft/signalr` may read that its handshake is refused before it reads the answer to its POST. It rejects a promise then that
 * it awaits only afterwards: for Node a rejection that nobody handles.
 */
function isEarlyRefusal({ message = "", stack = "" }: { readonly message?: string; readonly stack?: string }): boolean {
  return message.startsWith("Server returned handshake error: ") && stack.includes("ServerSentEventsTransport");
}

export default defineConfig({
  test: {
    onUnhandledError: (error) => (isEarlyRefusal(error) ? false : undefined),
    // Much of a test's time is waiting for processes, browsers and time-outs: one file at a time, as is usual on two cores, leaves most of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { ...source, test: { ...shared, name: "packages", include: ["packages/*/src/**/*.test.ts"] } },
      {
        ...source,
        test: {
          ...shared,
          ...processes,
          name: "samples",
          include: ["samples/*/test/**/*.test.ts"],
          globalSetup: [...shared.globalSetup, file("e2e/support/build-samples.ts")],
        },
      },
      { ...source, test: { ...shared, ...processes, name: "e2e", include: ["e2e/**/*.test.ts"] } },
    ],
  },
});
