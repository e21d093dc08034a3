import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { conformanceSuite } from "./conformance.suite.ts";
import { listenerSuite, type RunningFixture, type StartOptions } from "./listener.suite.ts";

const bun = fileURLToPath(import.meta.resolve("bun/bin/bun.exe"));
const server = fileURLToPath(new URL("../../test/listener-fixture-server.ts", import.meta.url));

// Vitest runs on Node, so the listener runs in a process of its own.
const start = async (options: StartOptions = {}): Promise<RunningFixture> => {
  const child = spawn(bun, ["--conditions=signalbox-source", server, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const started = JSON.parse(line) as { port: number; hosts: string[]; error?: { code: string; message: string } };
  if (started.error !== undefined) {
    child.stdin.end();
    throw started.error;
  }
  return {
    port: started.port,
    hosts: started.hosts,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
};

it("The listener on Bun refuses to ask for certificates that it could not tell", async () => {
  const tls = { cert: "", key: "", requestCertificate: true };
  await expect(start({ tls })).rejects.toMatchObject({ code: "ERR_RUNTIME" });
});

listenerSuite("Bun", start);
conformanceSuite("Bun", start);
