import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const binary = (name: string) => join(root, "node_modules", ".bin", name);

describe("the README's examples", () => {
  let folder: string;
  beforeAll(() => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const [server, client] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!);
    // Within the package, where its own name leads to it.
    folder = mkdtempSync(fileURLToPath(new URL("../readme-examples-", import.meta.url)));
    writeFileSync(join(folder, "chat.ts"), server!);
    writeFileSync(join(folder, "client.ts"), client!);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../../../tsconfig.test.json", include: ["*.ts"], exclude: [] }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are checked by the compiler", async () => {
    await promisify(execFile)(binary("tsc"), ["-p", folder]).catch((error: { readonly stdout: string }) =>
      expect.fail(error.stdout),
    );
  });

  it.each([
    ["Node", process.execPath],
    ["Bun", binary("bun")],
  ])("serve any SignalR client on %s", async (_, runtime) => {
    const { AzureSignalRConnectionString: _service, ...environment } = process.env;
    const server = spawn(runtime, ["--conditions=signalbox-source", join(folder, "chat.ts")], {
      env: { ...environment, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void server.kill());
    const [url] = await once(server.stdout.setEncoding("utf8"), "data");
    const connect = async (user: string) => {
      const connection = new HubConnectionBuilder()
        .withUrl(`${url.trim()}?user=${user}`)
        .configureLogging(LogLevel.None)
        .build();
      const calls: unknown[][] = [];
      connection.on("newMessage", (...args) => void calls.push(args));
      connection.on("confirm", (question) => calls.push([question]) > 0);
      await connection.start();
      onTestFinished(() => connection.stop());
      return { connection, calls };
    };
    const ann = await connect("ann");
    const bob = await connect("bob");
    await ann.connection.invoke("send", "hello");
    await expect.poll(() => bob.calls).toEqual([["ann", "hello"]]);
    const numbers: unknown[] = [];
    await new Promise<void>((complete, error) =>
      ann.connection.stream("countdown", 3).subscribe({ next: (number) => numbers.push(number), complete, error }),
    );
    expect(numbers).toEqual([3, 2, 1]);
    await ann.connection.invoke("leave", "red");
    expect(ann.calls).toEqual([["Leave red?"]]);
  });
});
