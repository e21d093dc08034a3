import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ServiceClient } from "./service-client.ts";
import { StartedService } from "./started-service.suite.ts";

const bun = fileURLToPath(new URL("../../../node_modules/.bin/bun", import.meta.url));

it.each([
  ["Node", process.execPath],
  ["Bun", bun],
])("the README's example runs on %s", async (_, runtime) => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, example] = /```ts\n(.*?)```/s.exec(readme)!;
  // Within the package, where its own name leads to it.
  const file = fileURLToPath(new URL(`../readme-example-${process.pid}.mts`, import.meta.url));
  await using started = await StartedService.start();
  const chat = ServiceClient.fromConnectionString(started.connectionString).hub("chat");
  const ann = await started.connect(await chat.negotiate({ userId: "ann" }), { targets: ["newMessage"] });
  ann.connection.on("confirm", () => true);
  writeFileSync(file, example!);
  try {
    const env = { ...process.env, AzureSignalRConnectionString: started.connectionString };
    const { stdout } = await promisify(execFile)(runtime, ["--conditions=signalbox-source", file], { env });
    expect(stdout).toContain(`${started.service.url}/client/?hub=chat`);
    expect(stdout).toContain("ann says yes");
  } finally {
    rmSync(file);
  }
  expect(ann.calls).toEqual([
    ["newMessage", "server", "hello"],
    ["newMessage", "server", "hello, reds"],
  ]);
});
