import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ServiceClient } from "@signalbox/management";
import type { Service } from "@signalbox/service";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Library, v4Libraries, writeApp } from "../../test/test-app.ts";
import { connectByToken, connectClient, keptPort, type RealClient, startRealService } from "../bindings/bindings.suite.ts";
import { type StartedHost, startHost } from "../host/started-host.suite.ts";

// Each test compiles an app and starts the service and the app's process.

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const typescript = fileURLToPath(new URL("../../test/serverless-hub/chat.ts", import.meta.url));
const commonJs = fileURLToPath(new URL("../../test/serverless-hub/poll.cjs", import.meta.url));

/** The app of `test/serverless-hub`, compiled as its author would, with a real `@azure/functions`. */
async function writeChatApp(library: Library): Promise<string> {
  const root = await writeApp({
    library,
    files: { "host.json": { version: "2.0" }, "package.json": { type: "module", main: "dist/*" } },
  });
  await promisify(execFile)(join(repository, "node_modules/.bin/tsc"), [
    "-p",
    dirname(typescript),
    "--outDir",
    join(root, "dist"),
  ]);
  await cp(commonJs, join(root, "dist/poll.cjs"));
  for (const name of ["@signalbox/functions", "zod"]) {
    const link = join(root, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(repository, "node_modules", name), link, "junction");
  }
  // Installed from a registry, the package would find the app's library beside itself; linked, it is told.
  await writeFile(
    join(root, "peer.mjs"),
    `import { registerHooks } from "node:module";
     const parentURL = ${JSON.stringify(pathToFileURL(join(root, "package.json")).href)};
     registerHooks({ resolve: (name, context, next) => next(name, name === "@azure/functions" ? { ...context, parentURL } : context) });`,
  );
  return root;
}

interface Started {
  readonly service: Service;
  readonly host: StartedHost;
  negotiate(path: string): Promise<Response>;
  /** A client that stops with the test. */
  connect(path: string, targets: readonly string[]): Promise<RealClient>;
}

async function start(library: Library = "azure-functions-v4"): Promise<Started> {
  // Service and host must know each other's address: the host's port is chosen first.
  const port = keptPort();
  const service = await startRealService({
    "upstream.templates": JSON.stringify([{ urlTemplate: `http://localhost:${port}/runtime/webhooks/signalr` }]),
    "upstream.closeOnRefusedConnect": true,
  });
  onTestFinished(() => service.stop());
  const root = await writeChatApp(library);
  const host = await startHost(root, {
    port,
    signalRConnectionString: service.connectionString,
    nodeArguments: ["--conditions=signalbox-source", "--import", pathToFileURL(join(root, "peer.mjs")).href],
  });
  expect(host.host.loaded.problems).toEqual([]);
  const negotiate = (path: string) => host.call(`/api/${path}`, { method: "POST" });
  return {
    service,
    host,
    negotiate,
    async connect(path, targets) {
      const client = await connectClient((await (await negotiate(path)).json()) as never, targets);
      onTestFinished(() => client.connection.stop());
      return client;
    },
  };
}

const chatTargets = ["joined", "left", "newMessage"];

describe("A class-based app", () => {
  it.each(v4Libraries)("with %s answers negotiate, events and messages", async (library) => {
    const { host, negotiate, connect } = await start(library);
    expect((await negotiate("negotiate")).status).toBe(401);
    const ada = await connect("negotiate?user=ada", chatTargets);
    await expect.poll(() => ada.calls).toEqual([["joined", "ada"]]);
    const bob = await connect("negotiate?user=bob", chatTargets);
    await expect.poll(() => ada.calls.at(-1)).toEqual(["joined", "bob"]);
    expect(await ada.connection.invoke("add", 2, 3)).toEqual({ sum: 5 });
    await ada.connection.invoke("sendToUser", "bob", "hello");
    await expect.poll(() => bob.calls.at(-1)).toEqual(["newMessage", "ada", "hello"]);
    await bob.connection.stop();
    await expect.poll(() => ada.calls.at(-1)).toEqual(["left", "bob"]);
    expect(host.lines()).toContain("an event of bob");
  });

  it("sends to all, to groups of connections and to groups of users", async () => {
    const { connect } = await start();
    const root = await connect("negotiate?user=root&admin", chatTargets);
    const ada = await connect("negotiate?user=ada", chatTargets);
    const bob = await connect("negotiate?user=bob", chatTargets);

    await root.connection.invoke("broadcast", "to all");
    for (const { calls } of [root, ada, bob]) await expect.poll(() => calls).toContainEqual(["newMessage", "root", "to all"]);

    expect(await ada.connection.invoke("joinGroup", ada.id, "red")).toBe(true);
    expect(await ada.connection.invoke("joinGroup", bob.id, "red")).toBe(true);
    expect(await ada.connection.invoke("joinGroup", "nobody", "red")).toBe(false);
    await ada.connection.invoke("sendToGroup", "red", "one");
    await expect.poll(() => bob.calls.at(-1)).toEqual(["newMessage", "ada", "one"]);
    await ada.connection.invoke("leaveGroup", bob.id, "red");
    await ada.connection.invoke("sendToGroup", "red", "two");

    expect(await ada.connection.invoke("joinUserToGroup", "bob", "blue")).toBe(true);
    await ada.connection.invoke("sendToGroup", "blue", "three");
    await expect.poll(() => bob.calls.at(-1)).toEqual(["newMessage", "ada", "three"]);
    await ada.connection.invoke("leaveUserFromGroup", "bob", "blue");
    await ada.connection.invoke("sendToGroup", "blue", "four");

    await ada.connection.invoke("sendToUser", "bob", "end");
    await expect.poll(() => bob.calls.at(-1)).toEqual(["newMessage", "ada", "end"]);
    const texts = (calls: readonly unknown[][]) =>
      calls.filter(([target]) => target === "newMessage").map(([, , text]) => text);
    expect(texts(bob.calls)).toEqual(["to all", "one", "three", "end"]);
    expect(texts(ada.calls)).toEqual(["to all"]);
  });

  it("asks a client, and closes one", async () => {
    const { connect } = await start();
    const ada = await connect("negotiate?user=ada", chatTargets);
    const bob = await connect("negotiate?user=bob", chatTargets);
    bob.connection.on("confirm", (question) => question === "Still there?");
    expect(await ada.connection.invoke("ask", bob.id)).toBe(true);
    const closed = new Promise((resolve) => bob.connection.onclose(resolve));
    await ada.connection.invoke("kick", bob.id);
    await closed;
    await expect(ada.connection.invoke("ask", bob.id)).rejects.toThrow("There is no connection");
  });

  it("refuses by filters, schemas, the number of arguments, and tells the caller why", async () => {
    const { connect } = await start();
    const ada = await connect("negotiate?user=ada", chatTargets);
    await expect(ada.connection.invoke("broadcast", "no")).rejects.toThrow('The claim "admin" does not allow this.');
    await expect(ada.connection.invoke("fail")).rejects.toThrow("not today");
    await expect(ada.connection.invoke("add", 1, "2")).rejects.toThrow(/Argument 2 of add is not valid: .*expected number/);
    await expect(ada.connection.invoke("add", 1, 2, 3)).rejects.toThrow("add takes 2 arguments; the invocation has 3.");
    await expect(ada.connection.invoke("sendToUser", "bob")).rejects.toThrow(
      "sendToUser takes 2 arguments; the invocation has 1.",
    );
    for (const name of ["forget", "onConnected", "onNegotiate", "negotiate", "getClaims", "constructor", "toString"]) {
      await expect(ada.connection.invoke(name)).rejects.toThrow("404");
    }
    // The class's filter refuses the connection itself.
    const eve = await connect("negotiate?user=eve", chatTargets);
    await new Promise<void>((closed) => eve.connection.onclose(() => closed()));
    expect(ada.calls).not.toContainEqual(["joined", "eve"]);
  });

  it("serves a second hub, with another setting and what its constructor takes", async () => {
    const { host, connect } = await start();
    const names = host.host.loaded.functions.map(({ definition }) => definition.name);
    expect(names).toEqual(expect.arrayContaining(["poll_count", "poll_vote", "poll_negotiate", "Chat_add", "Chat_negotiate"]));
    expect(names).not.toContain("poll_reset");
    const voter = await connect("poll/negotiate", ["voted"]);
    const teller = await connect("poll/negotiate?role=teller", ["voted"]);
    await voter.connection.invoke("vote", "yes");
    await voter.connection.invoke("vote", "no", 2);
    await expect
      .poll(() => teller.calls)
      .toEqual([
        ["voted", "yes", 1],
        ["voted", "no", 2],
      ]);
    expect(await teller.connection.invoke("count")).toBe(2);
    await expect(voter.connection.invoke("count")).rejects.toThrow('The claim "role" does not allow this.');
    await expect(teller.connection.invoke("reset")).rejects.toThrow("404");
  });
});

describe("A client whose token is refreshed", () => {
  it("may do from then on what its new claims allow, without a new connection", async () => {
    const { service, negotiate } = await start();
    const access = (await (await negotiate("poll/negotiate")).json()) as { readonly url: string; readonly accessToken: string };
    const { connection, connectionToken } = await connectByToken(access);
    onTestFinished(() => connection.stop());
    await expect(connection.invoke("count")).rejects.toThrow('The claim "role" does not allow this.');
    const hub = ServiceClient.fromConnectionString(service.connectionString).hub(new URL(access.url).searchParams.get("hub")!);
    await hub.refreshAuthentication(connectionToken, { claims: { role: "teller" } });
    expect(await connection.invoke("count")).toBe(0);
  });
});
