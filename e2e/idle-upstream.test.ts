import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { connectInNode } from "./support/node-client.ts";
import { answerRaw } from "./support/raw-app.ts";
import { type RunningService, runtimes, startService } from "./support/service.ts";
import { clientToken, clientUrl } from "./support/token.ts";
import { startUpstream } from "./support/upstream.ts";

/** A client that waits for the answer to each message. */
interface Echo {
  echo(text: string): Promise<unknown>;
  /** Undefined while it is open. */
  closed(): Promise<string | undefined>;
}

async function rawEcho({ endpoint }: RunningService, name: string): Promise<Echo> {
  const socket = new WebSocket(`${endpoint.replace("http", "ws")}/ws/client/hubs/chat?name=${name}`);
  const opened = once(socket, "message");
  let end: string | undefined;
  let answered = (_: string) => {};
  socket.on("message", (data) => answered(String(data)));
  socket.on("close", (code, text) => {
    end = `${code} ${text}`;
    answered(end);
  });
  await opened;
  onTestFinished(() => socket.terminate());
  return {
    echo: (text) =>
      new Promise((resolve) => {
        answered = resolve;
        socket.send(text);
      }),
    closed: async () => end,
  };
}

async function signalREcho(service: RunningService): Promise<Echo> {
  const client = await connectInNode({
    url: clientUrl(service, "chat"),
    accessToken: clientToken(service, "chat"),
    transport: "WebSockets",
    protocol: "json",
  });
  onTestFinished(() => client.stop());
  return { echo: (text) => client.invoke("echo", text), closed: client.closed };
}

describe.each(runtimes)("an upstream that closes idle sockets at once, the service on %s", (runtime) => {
  it("loses no message, sees none twice, and no client is closed", async () => {
    const app = await startUpstream((request) => {
      if (request.event !== "messages/echo") return answerRaw(request);
      return request.completion({ result: request.invocation.arguments[0] });
    }, 1);
    onTestFinished(() => app[Symbol.asyncDispose]());
    const service = await startService({ runtime, settings: app.settings });
    onTestFinished(() => service[Symbol.asyncDispose]());
    const names = Array.from({ length: 8 }, (_, i) => i);
    const clients = await Promise.all(names.flatMap((i) => [rawEcho(service, `${i}`), signalREcho(service)]));

    // Who repeats a call asks for a socket of its own.
    const repeated = () => app.requests.filter(({ headers }) => headers.connection === "close");
    const sent = new Map<Echo, string[]>(clients.map((client) => [client, []]));
    const talk = async (client: Echo, number: number) => {
      const texts = sent.get(client)!;
      while (texts.length < 20_000 && repeated().length < 10) {
        const text = `${number} ${texts.length}`;
        texts.push(text);
        expect(await client.echo(text)).toBe(text);
        await sleep(Math.random() * 4);
      }
    };
    await Promise.all(clients.map(talk));

    expect(repeated().length).toBeGreaterThanOrEqual(10);
    for (const [client, texts] of sent) {
      const number = clients.indexOf(client);
      const told = app.requests
        .filter(({ event }) => event.startsWith("messages/"))
        .map((request) => (request.event === "messages/echo" ? String(request.invocation.arguments[0]) : `${request.body}`))
        .filter((text) => text.startsWith(`${number} `));
      expect(told).toEqual(texts);
      expect(await client.closed()).toBeUndefined();
    }
  });
});
