import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { connectInNode, connectionBuilder } from "./support/node-client.ts";
import { Rest } from "./support/rest.ts";
import { type RunningService, runtimes, startRefused, startService } from "./support/service.ts";
import { combinations } from "./support/test-client.ts";
import { clientToken, clientUrl } from "./support/token.ts";
import { startUpstream } from "./support/upstream.ts";

const hub = "life";
const ownKey = "a key of one's own, long enough to be one";

const clientOptions = (service: RunningService, userId: string, combination = combinations[0]!) => ({
  ...combination,
  url: clientUrl(service, hub),
  accessToken: clientToken(service, hub, { nameid: userId }),
});

describe.each(runtimes)("signalbox start on %s", (runtime) => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "on %s lets clients go so that they come back, tells the app, and ends with 0",
    async (signal) => {
      await using upstream = await startUpstream(() => undefined);
      await using service = await startService({ runtime, settings: upstream.settings });
      let reconnecting = 0;
      const connections = combinations.flatMap((combination) =>
        ["ann", "bob", "eve"].map((user) =>
          connectionBuilder(clientOptions(service, user, combination))
            .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 60_000 })
            .build(),
        ),
      );
      for (const connection of connections) connection.onreconnecting(() => reconnecting++);
      await Promise.all(connections.map((connection) => connection.start()));

      expect(await service.stop(signal)).toBe(0);
      await expect.poll(() => reconnecting).toBe(connections.length);
      await Promise.all(connections.map((connection) => connection.stop()));
      expect(upstream.requests.filter((request) => request.event === "connections/disconnected")).toHaveLength(
        connections.length,
      );
    },
  );

  it("lets an invocation that is under way finish before it ends", async () => {
    let finish = () => {};
    const mayFinish = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await using upstream = await startUpstream(async (request) => {
      if (request.event !== "messages/slow") return undefined;
      await mayFinish;
      return request.completion({ result: "done" });
    });
    await using service = await startService({ runtime, settings: upstream.settings });
    const client = await connectInNode(clientOptions(service, "ann"));
    const result = client.invoke("slow").catch((error: Error) => error.message);
    await expect.poll(() => upstream.requests.map((request) => request.event)).toContain("messages/slow");
    const stopped = service.stop();
    const anotherClient = () =>
      connectInNode(clientOptions(service, "bob")).then(
        (bob) => bob.stop().then(() => "accepted"),
        () => "refused",
      );
    await expect.poll(anotherClient).toBe("refused");
    finish();
    expect(await stopped).toBe(0);
    await result;
    // Bob may have been let in before the service knew that it is to stop.
    const own = upstream.requests.filter(({ connectionId }) => connectionId === client.connectionId);
    expect(own.map((request) => request.event)).toEqual(["connections/connected", "messages/slow", "connections/disconnected"]);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("keeps users in their groups over a restart after %s", async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
    try {
      const first = await startService({ runtime, folder });
      await new Rest(first, hub).must("PUT", "/users/ann/groups/readers");
      await first.stop(signal);
      await using second = await startService({ runtime, folder });
      const client = await connectInNode(clientOptions(second, "ann"));
      await new Rest(second, hub).send("/groups/readers", "message", "still here");
      await expect.poll(() => client.messages()).toEqual([["still here"]]);
      await client.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("leaves nothing on disk with --in-memory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
    try {
      await using service = await startService({ runtime, folder, args: ["--in-memory"] });
      await new Rest(service, hub).must("PUT", "/users/ann/groups/readers");
      await service.stop();
      expect(existsSync(join(folder, ".signalbox"))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("uses new upstream settings as soon as the file has changed, for clients that are connected too", async () => {
    await using before = await startUpstream((request) => request.completion({ result: "before" }));
    await using after = await startUpstream((request) => request.completion({ result: "after" }));
    await using service = await startService({ runtime, settings: before.settings });
    const client = await connectInNode(clientOptions(service, "ann"));
    expect(await client.invoke("which")).toBe("before");
    writeFileSync(join(service.folder, "settings.json"), JSON.stringify(after.settings));
    await expect.poll(() => client.invoke("which")).toBe("after");
    await client.stop();
  });

  it("goes on with the old settings when the changed file is broken, and says so", async () => {
    await using upstream = await startUpstream((request) => request.completion({ result: "still served" }));
    await using service = await startService({ runtime, settings: upstream.settings });
    const client = await connectInNode(clientOptions(service, "ann"));
    writeFileSync(join(service.folder, "settings.json"), '{"UpstreamSettings": {');
    await expect.poll(() => service.output()).toMatch(/settings\.json/);
    expect(await client.invoke("which")).toBe("still served");
    await client.stop();
  });
});

describe("signalbox start refuses, in one sentence and with an exit code", () => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const settingsFile = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const refusal = async (options: Parameters<typeof startRefused>[0]) => {
    const { code, output } = await startRefused(options);
    expect([0, undefined], output).not.toContain(code);
    expect(output.trim().split("\n")).toHaveLength(1);
    return output;
  };

  it.each(runtimes)("a port in use, on %s", async (runtime) => {
    await using service = await startService({ runtime });
    expect(await refusal({ runtime, port: service.port })).toMatch(new RegExp(`${service.port}.*in use`));
  });

  it.each(runtimes)("an admin port in use, on %s", async (runtime) => {
    await using service = await startService({ runtime });
    const output = await refusal({ runtime, args: ["--admin-port", String(service.port)] });
    expect(output).toMatch(new RegExp(`${service.port}.*in use`));
  });

  it("an access key that is too short", async () => {
    const output = await refusal({ env: { SIGNALBOX_ACCESS_KEYS_PRIMARY: "short" } });
    expect(output).toMatch(/SIGNALBOX_ACCESS_KEYS_PRIMARY.*at least 32/);
  });

  it("the development key on an address that is not loopback", async () => {
    expect(await refusal({ args: ["--ip", "0.0.0.0"] })).toMatch(/development key/);
  });

  it("a settings file that is not there", async () => {
    expect(await refusal({ args: ["--config", join(folder, "absent.json")] })).toContain("absent.json");
  });

  it("a settings file that is not JSON", async () => {
    const path = settingsFile("broken.json", '{"port": ');
    expect(await refusal({ args: ["--config", path] })).toContain("broken.json");
  });

  it("a setting that does not exist, with the one that was meant", async () => {
    const path = settingsFile("misspelt.json", JSON.stringify({ clients: { keepAliveIntervall: "15s" } }));
    expect(await refusal({ args: ["--config", path] })).toMatch(/keepAliveIntervall.*keepAliveInterval/);
  });

  it("an option that does not exist", async () => {
    const { code, output } = await startRefused({ args: ["--no-such-option"] });
    expect([0, undefined], output).not.toContain(code);
    expect(output).toContain("--no-such-option");
  });
});

describe("signalbox start with keys of one's own", () => {
  it("accepts tokens of either key and of no other, and does not print them in its log", async () => {
    const secondary = `${ownKey} too`;
    await using service = await startService({
      env: { SIGNALBOX_ACCESS_KEYS_PRIMARY: ownKey, SIGNALBOX_ACCESS_KEYS_SECONDARY: secondary, SIGNALBOX_LOG_LEVEL: "trace" },
    });
    const statusWith = async (accessKey: string) =>
      (await new Rest({ endpoint: service.endpoint, accessKey }, hub).call("HEAD", "/users/ann")).status;
    expect(await statusWith(ownKey)).toBe(404);
    expect(await statusWith(secondary)).toBe(404);
    expect(await statusWith("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH")).toBe(401);
    expect(service.output().replace(service.connectionString, "")).not.toContain(ownKey);
  });
});
