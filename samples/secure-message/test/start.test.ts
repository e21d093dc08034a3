import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { devStartLimit } from "../../../e2e/support/dev-app.ts";
import { root } from "../../../e2e/support/repository.ts";
import { launchSignalbox, type ProcessOptions, prepared, runtimeProgram } from "../../../e2e/support/signalbox-process.ts";
import { begin, delivered, outcome, send, startClient } from "./outside.ts";
import { apiKey, sample } from "./stage.ts";

async function launch(program: ProcessOptions["program"] & {}, folder: string, options: readonly string[] = []) {
  const data = mkdtempSync(join(tmpdir(), "secure-message-"));
  onTestFinished(() => rmSync(data, { recursive: true }));
  const args = [...options, "--port", "0", "--database", join(data, "transactions.db")];
  const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env.PATH}`;
  const env = { ...prepared, PATH: path, SECURE_MESSAGE_API_KEY: apiKey };
  const start = launchSignalbox(args, devStartLimit, { program, folder, env });
  onTestFinished(async () => void (await start.stop()));
  const [line] = await start.printed(/The page is at .+/);
  return { start, instances: [...line.matchAll(/http\S+(?=\/)/g)].map(([url]) => url) };
}

it.each([
  ["two app servers and a service", [], 2],
  ["--self-hosted", ["--self-hosted"], 1],
] as const)("starts %s with one command", async (_, options, count) => {
  const { start, instances } = await launch(["npm", "run", "sample", "secure-message", "--"], root, options);
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

it("leaves no app server behind, and no service, when it is killed", async () => {
  const { start, instances } = await launch([runtimeProgram("Node 26"), "start.ts"], sample);
  const [first] = instances;
  const headers = { authorization: `Bearer ${await begin(first!)}` };
  const negotiated = await fetch(`${first}/messages/negotiate?negotiateVersion=1`, { method: "POST", headers });
  const { url } = (await negotiated.json()) as { url: string };
  const addresses = [...instances, new URL(url).origin];
  const alive = () =>
    Promise.all(
      addresses.map((address) =>
        fetch(address).then(
          () => true,
          () => false,
        ),
      ),
    );
  expect(await alive()).toEqual([true, true, true]);
  start.child.kill("SIGKILL");
  await expect.poll(alive).toEqual([false, false, false]);
  // Its pipes end with the last of those that write into them.
  expect(await start.exited).toBeUndefined();
});
