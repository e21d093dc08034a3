import { describe, expect, it } from "vitest";
import { HubClient } from "./support/hub-client.ts";
import { type HubServer, startHubProcess, untilConnected } from "./support/hub-server.ts";
import { control, unique } from "./support/hub-suite/stage.ts";
import { Rest } from "./support/rest.ts";
import { type RunningService, startService } from "./support/service.ts";
import { combinations } from "./support/test-client.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

const [webSockets] = combinations;

/** One app server behind two services. */
async function startBehindTwo() {
  const services = [await startService(), await startService()] as const;
  const args = services.flatMap(({ connectionString }) => ["--service", connectionString]);
  const app = await startHubProcess(typeScriptHub(), args);
  await untilConnected(app);
  const server: HubServer = {
    clientUrl: app.url,
    controlUrl: app.url,
    clientPath: { cut: () => {}, release: () => {} },
    behindService: true,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
  return {
    services,
    server,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      for (const service of services) await service[Symbol.asyncDispose]();
    },
  };
}

/** A client that was sent to this service: which one is left to chance. */
async function clientAt(service: RunningService, server: HubServer, options: { readonly query?: string } = {}) {
  const rest = new Rest(service, "testhub");
  for (let tries = 0; tries < 60; tries++) {
    const client = await HubClient.start(server, webSockets!, {
      ...options,
      prepare: (connection) => connection.on("ask", (question: string) => `${question}!`),
    });
    if ((await rest.call("HEAD", `/connections/${client.id}`)).ok) return client;
    await client.connection.stop();
  }
  throw new Error(`No client was sent to ${service.endpoint}.`);
}

/** Waits until negotiate sends nobody elsewhere: the server learns of a death with the end of its own connections. */
async function untilAllGoTo(service: RunningService, { clientUrl }: HubServer): Promise<void> {
  const elsewhere = async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => fetch(`${clientUrl}/testhub/negotiate?negotiateVersion=1`, { method: "POST" })),
    );
    const urls = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { url: string }).url));
    return urls.filter((url) => new URL(url).origin !== new URL(service.endpoint).origin);
  };
  await expect.poll(elsewhere).toEqual([]);
}

describe("a hub of @signalbox/hub behind two services", () => {
  it("serves the clients of both as one", async () => {
    await using stage = await startBehindTwo();
    const [user, group] = [unique("user"), unique("group")];
    await using ann = await clientAt(stage.services[0], stage.server, { query: `user=${user}` });
    await using bob = await clientAt(stage.services[1], stage.server, { query: `user=${user}` });
    await ann.invoke("Join", group);
    await bob.invoke("Join", group);
    await ann.invoke("SendToAll", "all");
    await ann.invoke("SendToUser", user, "user");
    await bob.invoke("SendToGroup", group, "group");
    await ann.invoke("SendToClient", bob.id, "client");
    await control(stage.server, "POST", `/send?text=outside&connection=${bob.id}`);
    expect(await ann.invoke("AskClient", bob.id, "there")).toBe("there!");
    await bob.received("all", "user", "group", "client", "outside");
    await ann.received("all", "user", "group");
    await control(stage.server, "POST", `/join?group=${group}&connection=nobody`);
  });

  it("goes on with the other when one is gone", async () => {
    await using stage = await startBehindTwo();
    const [gone, left] = stage.services;
    await using bob = await clientAt(left, stage.server);
    await gone.stop("SIGKILL");
    await untilAllGoTo(left, stage.server);
    for (let i = 0; i < 6; i++) {
      await using client = await HubClient.start(stage.server, webSockets!);
      await client.invoke("SendToOthers", String(i));
    }
    await bob.received("0", "1", "2", "3", "4", "5");
  });
});
