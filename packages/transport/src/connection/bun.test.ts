import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as signalR from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CutProxy } from "../../test/cut-proxy.ts";

const bun = fileURLToPath(import.meta.resolve("bun/bin/bun.exe"));
const program = fileURLToPath(new URL("../../test/endpoint-server.ts", import.meta.url));

const ways = [
  ["WebSockets", "json", signalR.HttpTransportType.WebSockets],
  ["WebSockets", "messagepack", signalR.HttpTransportType.WebSockets],
  ["ServerSentEvents", "json", signalR.HttpTransportType.ServerSentEvents],
  ["LongPolling", "json", signalR.HttpTransportType.LongPolling],
  ["LongPolling", "messagepack", signalR.HttpTransportType.LongPolling],
] as const;

describe("an endpoint on Bun", () => {
  let port: number;
  let finish: () => Promise<unknown>;

  beforeAll(async () => {
    const child = spawn(bun, ["--conditions=signalbox-source", program], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    port = JSON.parse((await lines.next()).value as string).port;
    finish = async () => {
      child.stdin.end();
      const noted = JSON.parse((await lines.next()).value as string);
      if (child.exitCode === null) await once(child, "exit");
      return noted;
    };
  });

  afterAll(async () => {
    expect(await finish()).toEqual({ size: 0, ends: Array(7).fill("clientLeft"), errors: [] });
  });

  function client(protocol: "json" | "messagepack", builder: signalR.HubConnectionBuilder): signalR.HubConnection {
    if (protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    return builder.configureLogging(signalR.LogLevel.None).build();
  }

  it.each(ways)("serves @microsoft/signalr over %s with %s", async (_, protocol, transport) => {
    const url = `http://127.0.0.1:${port}/client/?hub=chat`;
    const connection = client(protocol, new signalR.HubConnectionBuilder().withUrl(url, { transport }));
    const news: unknown[] = [];
    connection.on("news", (item) => news.push(item));
    await connection.start();
    const big = "ü".repeat(400_000);
    expect(await connection.invoke("echo", big)).toBe(big);
    for (let i = 0; i < 20; i++) await connection.send("publish", i);
    await vi.waitFor(() => expect(news).toEqual(Array.from({ length: 20 }, (__, i) => i)));
    await connection.stop();
  });

  it.each(["json", "messagepack"] as const)("resumes stateful connections with %s", async (protocol) => {
    const proxy = await CutProxy.start(port);
    const url = `http://127.0.0.1:${proxy.port}/client/?hub=chat`;
    const connection = client(protocol, new signalR.HubConnectionBuilder().withUrl(url).withStatefulReconnect());
    const news: unknown[] = [];
    connection.on("news", (item) => news.push(item));
    await connection.start();
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i++) {
      void connection.send("publish", i);
      calls.push(connection.invoke("echo", i));
      if (i % 50 !== 25) continue;
      proxy.cut();
      await vi.waitFor(() => expect(news.length).toBeGreaterThan(i - 25));
    }
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    expect(await Promise.all(calls)).toEqual(numbers);
    await vi.waitFor(() => expect(news).toEqual(numbers));
    await connection.stop();
    // Until the last record, which says Close, is through.
    await vi.waitFor(() => expect(proxy.size).toBe(0));
    proxy.stop();
  });
});
