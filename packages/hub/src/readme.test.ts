import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { collect, connect } from "../test/test-client.ts";

const bun = fileURLToPath(new URL("../../../node_modules/.bin/bun", import.meta.url));

it.each([
  ["Node", process.execPath],
  ["Bun", bun],
])("the README's example runs on %s", async (name, runtime) => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, example] = /```ts\n(.*?)```/s.exec(readme)!;
  // Within the package, where its own name leads to it.
  const file = fileURLToPath(new URL(`../readme-example-${name}-${process.pid}.mts`, import.meta.url));
  writeFileSync(file, example!);
  const { AzureSignalRConnectionString: _, ...env } = process.env;
  const child = spawn(runtime, ["--conditions=signalbox-source", file], { env: { ...env, PORT: "0" } });
  try {
    let output = "";
    child.stderr.on("data", (data) => (output += data));
    child.stdout.on("data", (data) => (output += data));
    await expect.poll(() => output, { timeout: 15_000 }).toMatch(/^http\S+\/chat\n/);
    const url = output.trim();
    const received: unknown[][] = [];
    const ann = await connect({ url: `${url}?user=ann`, on: { confirm: () => true } });
    const bob = await connect({ url: `${url}?user=bob`, on: { newMessage: (...args) => received.push(args) } });
    await ann.invoke("send", "hello");
    await expect.poll(() => received).toEqual([["ann", "hello"]]);
    expect(await collect(ann.stream("countdown", 3))).toEqual([3, 2, 1]);
    expect(await ann.invoke("leave", "red")).toBeNull();
    await ann.stop();
    await bob.stop();
  } finally {
    const ended = once(child, "exit");
    child.kill();
    await ended;
    rmSync(file);
  }
});
