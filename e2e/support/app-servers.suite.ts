import { HubConnectionState } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HubClient, type HubClientOptions } from "./hub-client.ts";
import { type AppServer, type HubProgram, startBehindService, startHubProcess } from "./hub-server.ts";
import { control, unique } from "./hub-suite/stage.ts";
import { keptPort, type ServiceOptions, startService } from "./service.ts";
import { type Combination, combinations } from "./test-client.ts";

/** Clients that are moved at once. */
const crowd = Number(process.env.SIGNALBOX_CROWD ?? 50);
const webSockets = combinations.filter(({ transport }) => transport === "WebSockets");

/** An app server and the name by which its hub answers `Server()`. */
type NamedServer = AppServer & { readonly name: string };

/** A client that calls again and again, also over its reconnections. */
class Load {
  answers = 0;
  /** Calls without an answer. */
  failures = 0;
  /** Answers to other calls. */
  readonly wrong: unknown[] = [];
  #goesOn = true;
  readonly #ended: Promise<void>;

  constructor(client: HubClient) {
    this.#ended = this.#run(client);
  }

  stop(): Promise<void> {
    this.#goesOn = false;
    return this.#ended;
  }

  async #run(client: HubClient): Promise<void> {
    for (let i = 0; this.#goesOn; i++) {
      try {
        const answer = await client.invoke("Echo", i);
        if (answer === i) this.answers += 1;
        else this.wrong.push(answer);
      } catch {
        this.failures += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/**
 * What several app servers with the hub of `test-hub.md` behind one service owe each other's clients, whoever made them.
 * @param program what each of them runs
 */
export function describeAppServers(program: HubProgram): void {
  /** Two app servers, `one` and `two`, behind one service. */
  async function startTwo(args: readonly string[] = [], options?: ServiceOptions) {
    const service = await startService(options);
    const servers: NamedServer[] = [];
    const dispose = async () => {
      for (const server of servers) await server[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    };
    try {
      for (const name of ["one", "two"])
        servers.push({ name, ...(await startBehindService(program, service, ["--name", name, ...args])) });
    } catch (error) {
      await dispose();
      throw error;
    }
    return { service, one: servers[0]!, two: servers[1]!, [Symbol.asyncDispose]: dispose };
  }

  /** Clients that negotiated at `at`, until one of them has been given to the server of that name. It is the last. */
  async function clientsUntilOn(name: string, at: AppServer, combination: Combination, options: HubClientOptions = {}) {
    const clients: HubClient[] = [];
    for (let tries = 0; tries < 30; tries++) {
      const client = await HubClient.start(at, combination, options);
      clients.push(client);
      if ((await client.invoke("Server")) === name) return clients;
    }
    throw new Error(`None of ${clients.length} clients was given to ${name}.`);
  }

  /** A client on the server of that name. */
  async function clientOn(name: string, at: AppServer, combination: Combination, options: HubClientOptions = {}) {
    const clients = await clientsUntilOn(name, at, combination, options);
    const client = clients.pop()!;
    await Promise.all(clients.map((other) => other.connection.stop()));
    return client;
  }

  describe("side by side", () => {
    let stage: Awaited<ReturnType<typeof startTwo>>;

    beforeAll(async () => {
      stage = await startTwo();
    });

    afterAll(() => stage?.[Symbol.asyncDispose]());

    it.each(combinations)("serve each other's clients, over $transport with $protocol", async (combination) => {
      const [user, group] = [unique("user"), unique("group")];
      await using ann = await clientOn("one", stage.one, combination);
      await using bob = await clientOn("two", stage.one, combination, { query: `user=${user}` });
      await bob.invoke("Join", group);
      await ann.invoke("SendToAll", "all");
      await ann.invoke("SendToOthers", "others");
      await ann.invoke("SendToUser", user, "user");
      await ann.invoke("SendToGroup", group, "group");
      await ann.invoke("SendToGroupExcept", group, [bob.id], "not for bob");
      await ann.invoke("SendToClient", bob.id, "client");
      await bob.received("all", "others", "user", "group", "client");
      await bob.invoke("SendToAll", "end");
      await ann.received("all", "end");
      await control(stage.one, "POST", `/send?text=outside&connection=${bob.id}`);
      await bob.received("all", "others", "user", "group", "client", "end", "outside");
    });

    it.each(combinations)("ask each other's clients, over $transport with $protocol", async (combination) => {
      await using asking = await clientOn("one", stage.one, combination);
      await using answering = await clientOn("two", stage.one, combination, {
        prepare: (connection) => connection.on("ask", async (question: string) => `${question}? yes!`),
      });
      await using silent = await clientOn("two", stage.one, combination);
      await using failing = await clientOn("two", stage.one, combination, {
        prepare: (connection) => connection.on("ask", () => Promise.reject(new Error("no idea"))),
      });
      expect(await asking.invoke("AskClient", answering.id, "grün")).toBe("grün? yes!");
      const questions = Array.from({ length: 20 }, (_, i) => `question ${i}`);
      const answers = questions.map(async (question) =>
        (await control(stage.one, "GET", `/ask/${answering.id}?question=${encodeURIComponent(question)}`)).text(),
      );
      expect(await Promise.all(answers)).toEqual(questions.map((question) => `${question}? yes!`));
      expect(await asking.invoke("ErrorOfAsking", silent.id, "why")).toContain("Client didn't provide a result.");
      expect(await asking.invoke("ErrorOfAsking", failing.id, "why")).toContain("no idea");
    });

    it("ask a client that leaves or does not exist, and hear of it", async () => {
      await using asking = await clientOn("one", stage.one, combinations[0]!);
      let asked = false;
      await using leaving = await clientOn("two", stage.one, combinations[0]!, {
        prepare: (connection) =>
          connection.on("ask", () => {
            asked = true;
            return new Promise<string>(() => {});
          }),
      });
      const outcome = asking.invoke("ErrorOfAsking", leaving.id, "why");
      await expect.poll(() => asked).toBe(true);
      await leaving.connection.stop();
      expect(await outcome).toMatch(/^error: /);
      expect(await asking.invoke("ErrorOfAsking", "nobody", "why")).toMatch(/^error: /);
    });

    it("share the clients", async () => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => HubClient.start(stage.one, combinations[0]!)));
      const names = await Promise.all(clients.map((client) => client.invoke<string>("Server")));
      for (const name of ["one", "two"]) expect(names.filter((other) => other === name).length).toBeGreaterThan(10);
      await Promise.all(clients.map((client) => client.connection.stop()));
    });
  });

  it("lose the clients of one that is killed under load to the other, when the clients reconnect", async () => {
    await using stage = await startTwo();
    await using stays = await clientOn("one", stage.one, combinations[0]!, { reconnect: "automatic" });
    const moving = await clientsOnTwo(stage);
    const before = moving.map((client) => client.id);
    const loads = [stays, ...moving].map((client) => new Load(client));
    await allAnswered(loads);
    await stage.two.app.stop("SIGKILL");
    await expectMoved(moving, before);
    await allAnswered(loads);
    await expectUndisturbed(loads);
    await stays.invoke("SendToAll", "still here");
    for (const client of [stays, ...moving]) await client.received("still here");
    expect(stays.reconnections).toEqual([]);
    await Promise.all(moving.map((client) => client.connection.stop()));
  });

  it("lose the clients of one that has come to a halt under load to the other", async () => {
    await using stage = await startTwo([], { args: ["--servers-timeout", "10s"] });
    await using stays = await clientOn("one", stage.one, combinations[0]!, { reconnect: "automatic" });
    const moving = await clientsOnTwo(stage);
    const before = moving.map((client) => client.id);
    const loads = [stays, ...moving].map((client) => new Load(client));
    await allAnswered(loads);
    process.kill(stage.two.app.pid, "SIGSTOP");
    await expectMoved(moving, before);
    await allAnswered(loads);
    await expectUndisturbed(loads);
    await Promise.all(moving.map((client) => client.connection.stop()));
  });

  /** A client of each transport and protocol on the second server; when they come back, they negotiate at the first. */
  async function clientsOnTwo(stage: Awaited<ReturnType<typeof startTwo>>): Promise<HubClient[]> {
    const clients: HubClient[] = [];
    for (const combination of combinations)
      clients.push(await clientOn("two", stage.one, combination, { reconnect: "automatic" }));
    return clients;
  }

  /** From now on each client has been answered anew. */
  async function allAnswered(loads: readonly Load[]): Promise<void> {
    const before = loads.map(({ answers }) => answers);
    await expect
      .poll(() => loads.every(({ answers }, i) => answers > before[i]! + 2), { message: "all are answered" })
      .toBe(true);
  }

  /** Ends the loads: the first client, which stayed, got every answer, and nobody got a wrong one. */
  async function expectUndisturbed(loads: readonly Load[]): Promise<void> {
    await Promise.all(loads.map((load) => load.stop()));
    expect(loads[0]!.failures).toBe(0);
    expect(loads.map(({ wrong }) => wrong)).toEqual(loads.map(() => []));
  }

  async function expectMoved(clients: readonly HubClient[], before: readonly string[]): Promise<void> {
    for (const client of clients) {
      await expect.poll(() => client.reconnections, { timeout: 40_000 }).toHaveLength(1);
      expect(before).not.toContain(client.id);
      expect(await client.invoke("Server")).toBe("one");
    }
  }

  it("wait in vain for none of each other's clients when the service was killed, once it is there again", {
    timeout: 180_000,
  }, async () => {
    await using stage = await startTwo([], { port: keptPort() });
    let asked = false;
    const client = await clientOn("two", stage.one, combinations[0]!, {
      prepare: (connection) =>
        connection.on("ask", (question: string) => {
          if (question !== "for ever") return question;
          asked = true;
          return new Promise<string>(() => {});
        }),
    });
    const ask = async (question: string) =>
      (await control(stage.one, "GET", `/ask/${client.id}?question=${question}&seconds=120`)).text();
    const outcome = ask("for ever");
    await expect.poll(() => asked).toBe(true);
    // Where the client is has been told before the answers to later questions.
    for (const question of ["1", "2", "3"]) expect(await ask(question)).toBe(question);
    await stage.service.stop("SIGKILL");
    await using _again = await startService({ port: stage.service.port, folder: stage.service.folder });
    expect(await outcome).toMatch(/^error: .*(is disconnected|service)/);
    await client.connection.stop();
  });

  it("keep the clients that they negotiated with, when they ask for it", async () => {
    await using stage = await startTwo(["--sticky", "Required"]);
    for (const server of [stage.one, stage.two, stage.one, stage.two, stage.one, stage.two]) {
      await using client = await HubClient.start(server, combinations[0]!);
      expect(await client.invoke("Server")).toBe(server.name);
    }
  });

  it("of two applications have hubs of their own", async () => {
    await using service = await startService();
    await using shop = await startBehindService(program, service, ["--application", "shop", "--name", "shop"]);
    await using blog = await startBehindService(program, service, ["--application", "blog", "--name", "blog"]);
    await using buyer = await HubClient.start(shop, combinations[0]!);
    await using reader = await HubClient.start(blog, combinations[0]!);
    expect([await buyer.invoke("Server"), await reader.invoke("Server")]).toEqual(["shop", "blog"]);
    await buyer.invoke("SendToAll", "shop");
    await reader.invoke("SendToAll", "blog");
    await buyer.received("shop");
    await reader.received("blog");
  });

  it("take no new clients once one of them is about to leave, and it leaves when its clients have", async () => {
    await using stage = await startTwo(["--graceful-shutdown", "WaitForClientsClose"]);
    await using last = await clientOn("two", stage.one, combinations[0]!);
    const ended = stage.two.app.stop("SIGTERM");
    // It says so to the service first; from then on nobody new comes to it.
    await expect
      .poll(async () => {
        const clients = await Promise.all(Array.from({ length: 6 }, () => HubClient.start(stage.one, combinations[0]!)));
        const names = await Promise.all(clients.map((client) => client.invoke<string>("Server")));
        await Promise.all(clients.map((client) => client.connection.stop()));
        return names;
      })
      .toEqual(Array.from({ length: 6 }, () => "one"));
    expect(await last.invoke("Server")).toBe("two");
    expect(stage.two.app.running).toBe(true);
    await last.connection.stop();
    expect(await ended).toBe(0);
  });

  it.each(webSockets)(
    "hand their clients over when they leave, and nothing is lost or doubled, with $protocol",
    async (combination) => {
      await using stage = await startTwo(["--graceful-shutdown", "MigrateClients"]);
      const clients: HubClient[] = [];
      while (clients.length < crowd) {
        const starts = Array.from({ length: Math.min(crowd - clients.length, 50) }, () =>
          HubClient.start(stage.one, combination),
        );
        clients.push(...(await Promise.all(starts)));
      }
      const ids = clients.map((client) => client.id);
      await using sender = await clientOn("one", stage.one, combination);
      let sent = 0;
      let sending = true;
      const sends = (async () => {
        while (sending) await sender.invoke("SendToOthers", String(sent++));
      })();
      sends.catch(() => {}); // Awaited at the end.
      const loads = clients.slice(0, 10).map((client) => new Load(client));
      await expect.poll(() => sent).toBeGreaterThan(5);
      await allAnswered(loads);
      expect(await stage.two.app.stop("SIGTERM")).toBe(0);
      await allAnswered(loads);
      await Promise.all(loads.map((load) => load.stop()));
      expect(loads.map(({ failures, wrong }) => [failures, wrong])).toEqual(loads.map(() => [0, []]));
      sending = false;
      await sends;
      const expected = Array.from({ length: sent }, (_, i) => String(i));
      for (const client of clients) {
        await client.received(...expected);
        expect(client.connection.state).toBe(HubConnectionState.Connected);
        expect(await client.invoke("Server")).toBe("one");
      }
      expect(clients.map((client) => client.id)).toEqual(ids);
      await Promise.all(clients.map((client) => client.connection.stop()));
    },
  );

  it("are refused where a hub is serverless, and let in where it is not", async () => {
    const modes = JSON.stringify({ testhub: "default" });
    await using service = await startService({ args: ["--mode", "serverless", "--modes", modes] });
    await using app = await startHubProcess(program, ["--service", service.connectionString]);
    await expect.poll(() => app.output()).toContain("403");
    const negotiate = async (hub: string) =>
      (await fetch(`${app.url}/${hub}/negotiate?negotiateVersion=1`, { method: "POST" })).status;
    await expect.poll(() => negotiate("testhub")).toBe(200);
    expect(await negotiate("quiethub")).toBe(500);
  });
}
