import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../../../e2e/support/repository.ts";
import { launchSignalbox, prepared } from "../../../e2e/support/signalbox-process.ts";
import { begin, delivered, outcome, send, startClient } from "./outside.ts";
import { apiKey } from "./stage.ts";

it.each([
  ["two app servers and a service", [], 2],
  ["--self-hosted", ["--self-hosted"], 1],
] as const)("starts %s with one command", async (_, options, count) => {
  const folder = mkdtempSync(join(tmpdir(), "secure-message-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const args = [...options, "--port", "0", "--database", join(folder, "transactions.db")];
  const program = ["npm", "run", "sample", "secure-message", "--"] as const;
  const start = launchSignalbox(args, 60_000, { program, folder: root, env: { ...prepared, SECURE_MESSAGE_API_KEY: apiKey } });
  const [line] = await start.printed(/The page is at .+/);
  const instances = [...line.matchAll(/http\S+(?=\/)/g)].map(([url]) => url);
  expect(instances).toHaveLength(count);
  for (const instance of instances) {
    expect(await (await fetch(instance)).text()).toContain("<title>Secure message</title>");
    const id = await begin(instance);
    const client = await startClient(instance, id, () => true);
    for (const asked of instances) expect(await outcome(await send(asked, id, "Hello"))).toEqual(delivered);
    await client.stop();
  }
  expect(start.output()).toContain(`curl ${instances.at(-1)}/test -H "Authorization: Bearer `);
  expect(await start.stop()).toBe(0);
});
