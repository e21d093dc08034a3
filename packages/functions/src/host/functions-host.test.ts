import type { Service } from "@signalbox/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectClient, keptPort, startRealService } from "../bindings/bindings.suite.ts";
import { functionList } from "./function-list.ts";
import { createApp, startHost, writeFiles } from "./started-host.suite.ts";

// Each test starts a process or several.

let service: Service;
beforeAll(async () => {
  service = await startRealService();
});
afterAll(() => service.stop());

/** A chat with a function of each kind, as v4 apps are written. */
const chat = {
  "local.settings.json": { IsEncrypted: false, Values: { AzureSignalRConnectionString: "" } },
  "src/chat.js": `
    const { app, input, output, trigger } = require("@azure/functions");
    const info = input.generic({ type: "signalRConnectionInfo", hubName: "chat", userId: "{query.user}" });
    const signalR = output.generic({ type: "signalR", hubName: "chat" });
    const on = (category, event, more) => trigger.generic({ type: "signalRTrigger", name: "event", hubName: "chat", category, event, ...more });
    app.post("negotiate", { extraInputs: [info], handler: (_, context) => ({ jsonBody: context.extraInputs.get(info) }) });
    app.post("send", { extraOutputs: [signalR], handler: async (request, context) => {
      context.log("sending");
      context.extraOutputs.set(signalR, await request.json());
      return { status: 202 };
    } });
    app.generic("connected", { trigger: on("connections", "connected"), extraOutputs: [signalR], handler: (event, context) => {
      if (event.UserId === "eve") throw new Error("no");
      context.extraOutputs.set(signalR, { target: "news", arguments: [event.UserId + " is here"] });
    } });
    app.generic("disconnected", { trigger: on("connections", "disconnected"), extraOutputs: [signalR], handler: (event, context) => {
      context.extraOutputs.set(signalR, { target: "news", arguments: [event.UserId + " has left"] });
    } });
    app.generic("echo", { trigger: on("messages", "echo", { parameterNames: ["Text", "count"] }), handler: (event, context) => {
      if (context.triggerMetadata.text === "fail") throw new Error("not today");
      return { text: context.triggerMetadata.text, count: context.triggerMetadata.count, of: event.Arguments.length };
    } });
    app.generic("say", { trigger: on("messages", "say"), return: signalR, handler: (event) => ({ target: "news", arguments: event.Arguments, groupName: "" }) });
  `,
};

describe("An app with every SignalR binding", () => {
  const started = () => startHost(createApp(chat), { signalRConnectionString: service.connectionString });

  it.each(["json", "messagepack"] as const)("serves real clients that speak %s", async (protocol) => {
    // Each must know the other's address: the host's port is chosen first.
    const port = keptPort();
    const urlTemplate = `http://localhost:${port}/runtime/webhooks/signalr`;
    const own = await startRealService({
      "upstream.templates": JSON.stringify([{ urlTemplate }]),
      "upstream.closeOnRefusedConnect": true,
    });
    try {
      const { call } = await startHost(createApp(chat), { port, signalRConnectionString: own.connectionString });
      const negotiate = async (user: string) =>
        (await (await call(`/api/negotiate?user=${user}`, { method: "POST" })).json()) as never;
      const ada = await connectClient(await negotiate("ada"), ["news"], protocol);
      await expect.poll(() => ada.calls).toEqual([["news", "ada is here"]]);
      const bob = await connectClient(await negotiate("bob"), ["news"], protocol);
      await expect.poll(() => ada.calls.at(-1)).toEqual(["news", "bob is here"]);

      expect(await ada.connection.invoke("echo", "hi", 3)).toEqual({ text: "hi", count: 3, of: 2 });
      await expect(ada.connection.invoke("echo", "fail", 1)).rejects.toThrow("not today");
      await expect(ada.connection.invoke("nothing")).rejects.toThrow("status code 404");
      await bob.connection.send("say", "hello", { a: [1] });
      await expect.poll(() => ada.calls.at(-1)).toEqual(["news", "hello", { a: [1] }]);

      const body = JSON.stringify([{ target: "news", arguments: ["only bob"], userId: "bob" }]);
      expect((await call("/api/send", { method: "POST", body })).status).toBe(202);
      await expect.poll(() => bob.calls.at(-1)).toEqual(["news", "only bob"]);

      const eve = await connectClient(await negotiate("eve"), []);
      await new Promise<void>((closed) => eve.connection.onclose(() => closed()));
      await bob.connection.stop();
      await expect.poll(() => ada.calls.at(-1)).toEqual(["news", "bob has left"]);
      await ada.connection.stop();
    } finally {
      await own.stop();
    }
  });

  it("logs what it does as func start does", async () => {
    const { call, lines, events, host } = await started();
    await call("/api/send", { method: "POST", body: '{"target":"news"}' });
    expect(lines()).toContain("Worker process started and initialized.");
    expect(lines()).toContain(`Registered SignalR trigger Endpoint = ${host.url}/runtime/webhooks/signalr`);
    await expect
      .poll(() => lines().slice(-1)[0])
      .toMatch(/^Executed 'Functions\.send' \(Succeeded, Id=[\w-]{36}, Duration=\d+ms\)$/);
    const executing = lines().find((line) => line.startsWith("Executing 'Functions.send'"));
    expect(executing).toMatch(/\(Reason='This function was programmatically called via the host APIs\.', Id=[\w-]{36}\)$/);
    expect(events.find(({ message }) => message === "sending")).toMatchObject({ category: "user", functionName: "send" });
  });

  it("fails with 500 when its output cannot be written, and logs why", async () => {
    const { call, events } = await started();
    expect((await call("/api/send", { method: "POST", body: '{"nonsense":1}' })).status).toBe(500);
    await expect
      .poll(() => events.filter(({ level }) => level === "error").map(({ message }) => message))
      .toEqual([
        expect.stringMatching(/^Executed 'Functions\.send' \(Failed/),
        expect.stringContaining("A signalR output takes messages"),
      ]);
  });

  it("is listed", async () => {
    const { host } = await started();
    expect(functionList(host.loaded.functions, host.loaded.problems)).toBe(
      [
        "",
        "Functions:",
        "",
        `\tnegotiate: [POST] ${host.url}/api/negotiate`,
        "",
        `\tsend: [POST] ${host.url}/api/send`,
        "",
        ...["connected", "disconnected", "echo", "say"].flatMap((name) => [`\t${name}: signalRTrigger`, ""]),
        "",
      ].join("\n"),
    );
  });
});

describe("A connection setting that only a binding names", () => {
  it.each([
    ["absent", {}],
    ["an identity's", { MY_SIGNALR__serviceUri: "https://x.service.signalr.net", MY_SIGNALR__clientId: "c" }],
  ])("is filled in when it is %s, also for the app's own environment", async (_, Values) => {
    const directory = createApp({
      "local.settings.json": { IsEncrypted: false, Values },
      "src/app.js": `
        const { app, input } = require("@azure/functions");
        const info = input.generic({ type: "signalRConnectionInfo", hubName: "chat", connectionStringSetting: "MY_SIGNALR" });
        app.get("negotiate", { extraInputs: [info], handler: (_, context) => ({ jsonBody: { ...context.extraInputs.get(info), own: process.env.MY_SIGNALR } }) });
      `,
    });
    const { call, loads, lines } = await startHost(directory, { signalRConnectionString: service.connectionString });
    expect(await (await call("/api/negotiate")).json()).toMatchObject({
      url: expect.stringContaining(service.url),
      own: service.connectionString,
    });
    expect(loads).toHaveLength(1);
    const [identity] = Object.keys(Values);
    expect(lines().filter((line) => line.includes("__serviceUri"))).toEqual(
      identity === undefined
        ? []
        : [`The setting "${identity}" is passed over: "MY_SIGNALR" leads to the service beside this host.`],
    );
  });

  it("is a problem of that function alone where nothing fills it in", async () => {
    const directory = createApp({
      "src/app.js": `
        const { app, input } = require("@azure/functions");
        const info = input.generic({ type: "signalRConnectionInfo", hubName: "chat" });
        app.get("negotiate", { extraInputs: [info], handler: () => ({}) });
        app.get("other", { handler: () => ({ body: "fine" }) });
      `,
    });
    const { call, host } = await startHost(directory);
    expect((await call("/api/negotiate")).status).toBe(404);
    expect(await (await call("/api/other")).text()).toBe("fine");
    expect(host.loaded.problems).toEqual([
      { functionName: "negotiate", message: expect.stringContaining('"AzureSignalRConnectionString" is missing or empty') },
    ]);
  });
});

describe("A v3 app", () => {
  it("gets inputs by function.json and sends what it returns", async () => {
    const binding = (more: object) => ({ hubName: "v3", ...more });
    const directory = createApp({
      "package.json": {},
      "negotiate/function.json": {
        bindings: [
          { type: "httpTrigger", direction: "in", name: "req", authLevel: "anonymous" },
          { type: "http", direction: "out", name: "res" },
          binding({ type: "signalRConnectionInfo", direction: "in", name: "connectionInfo", userId: "{headers.x-user}" }),
        ],
      },
      "negotiate/index.js":
        "module.exports = async function (context, req, connectionInfo) { context.res.json(connectionInfo); };",
      "messages/function.json": {
        bindings: [
          { type: "httpTrigger", direction: "in", name: "req", authLevel: "anonymous", methods: ["post"] },
          binding({ type: "signalR", direction: "out", name: "$return" }),
        ],
      },
      "messages/index.js":
        "module.exports = async function (context, req) { return { target: 'news', arguments: [req.body] }; };",
    });
    const { call } = await startHost(directory, { signalRConnectionString: service.connectionString });
    expect((await call("/api/negotiate")).status).toBe(500);
    const info = await (await call("/api/negotiate", { headers: { "X-User": "ada" } })).json();
    const ada = await connectClient(info as never, ["news"]);
    await call("/api/messages", { method: "POST", body: '{"a":1}' });
    await expect.poll(() => ada.calls).toEqual([["news", { a: 1 }]]);
    await ada.connection.stop();
  });
});

describe("retry", () => {
  it("tries again with the context of the retry, an id for each attempt", async () => {
    const directory = createApp({
      "src/app.js": `
        const { app } = require("@azure/functions");
        let attempts = 0;
        app.http("flaky", { retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 10 }, handler: (_, context) => {
          attempts += 1;
          if (attempts < 3) throw new Error("attempt " + attempts);
          return { jsonBody: { attempts, retry: context.retryContext } };
        } });
        app.http("broken", { retry: { strategy: "exponentialBackoff", maxRetryCount: 1, minimumInterval: 5, maximumInterval: 10 }, handler: () => { throw new Error("always"); } });
      `,
    });
    const { call, lines } = await startHost(directory);
    expect(await (await call("/api/flaky")).json()).toMatchObject({
      attempts: 3,
      retry: { retryCount: 2, maxRetryCount: 2, exception: { message: expect.stringContaining("attempt 2") } },
    });
    const ids = lines().flatMap((line) => /^Executing .*Id=([\w-]+)/.exec(line)?.[1] ?? []);
    expect(new Set(ids).size).toBe(3);
    expect((await call("/api/broken")).status).toBe(500);
    expect(lines().filter((line) => line.startsWith("Executed 'Functions.broken' (Failed"))).toHaveLength(2);
  });
});

describe("The retry policy of host.json", () => {
  it("is that of functions that state none, but of no HTTP function: somebody waits for its answer", async () => {
    const directory = createApp({
      "host.json": { version: "2.0", retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "00:00:00.01" } },
      "src/app.js": `
        const { app } = require("@azure/functions");
        const fail = () => { throw new Error("no"); };
        app.timer("tick", { schedule: "0 0 0 1 1 *", runOnStartup: true, handler: fail });
        app.timer("own", { schedule: "0 0 0 1 1 *", runOnStartup: true, handler: fail, retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 5 } });
        app.get("page", { handler: fail });
      `,
    });
    const { call, lines } = await startHost(directory);
    expect((await call("/api/page")).status).toBe(500);
    const failures = (name: string) => lines().filter((line) => line.startsWith(`Executed 'Functions.${name}' (Failed`)).length;
    await expect.poll(() => ["tick", "own", "page"].map(failures)).toEqual([2, 3, 1]);
    expect(lines().filter((line) => line.startsWith("Waiting for 10 ms"))).toHaveLength(1);
  });
});

describe("Draining", () => {
  it("ends triggers and lets what runs end; HTTP and webhooks go on, and resuming starts the app anew", async () => {
    const directory = createApp({
      "src/app.js": `
        const { app, trigger } = require("@azure/functions");
        let release;
        app.timer("tick", { schedule: "00:00:00.05", handler: (_, context) => context.log("tick") });
        app.get("held", { handler: () => new Promise((resolve) => { release = () => resolve({ body: "done" }); }) });
        app.get("release", { handler: () => { if (release === undefined) return { status: 409 }; release(); return {}; } });
        app.generic("joined", { trigger: trigger.generic({ type: "signalRTrigger", name: "event", hubName: "chat", category: "connections", event: "connected" }), handler: () => {} });
      `,
    });
    const { call, lines, loads } = await startHost(directory, { signalRConnectionString: service.connectionString });
    const status = async () => (await call("/admin/host/drain/status")).json();
    expect(await status()).toMatchObject({ state: "Disabled", outstandingRetries: 0 });
    await expect.poll(lines).toContain("tick");

    const held = call("/api/held");
    await expect.poll(async () => (await status()).outstandingInvocations).toBeGreaterThan(0);
    expect((await call("/admin/host/drain", { method: "POST" })).status).toBe(202);
    await expect.poll(status).toEqual({ state: "InProgress", outstandingInvocations: 1, outstandingRetries: 0 });
    await expect.poll(async () => (await call("/api/release")).status).toBe(200);
    expect(await (await held).text()).toBe("done");
    await expect.poll(status).toEqual({ state: "Completed", outstandingInvocations: 0, outstandingRetries: 0 });
    const ticks = lines().filter((line) => line === "tick").length;

    // 401 and not 404: the trigger is there and asks for a signature.
    const event = {
      "content-type": "application/json",
      "x-asrs-hub": "chat",
      "x-asrs-category": "connections",
      "x-asrs-event": "connected",
    };
    const headers = { ...event, "x-asrs-connection-id": "c", "x-asrs-signature": "none" };
    expect((await call("/runtime/webhooks/signalr", { method: "POST", headers })).status).toBe(401);
    expect(lines().filter((line) => line === "tick")).toHaveLength(ticks);

    const resumed = await call("/admin/host/resume", { method: "POST" });
    expect([resumed.status, await resumed.json()]).toEqual([200, { state: "Running" }]);
    expect(loads).toHaveLength(2);
    await expect.poll(() => lines().filter((line) => line === "tick").length).toBeGreaterThan(ticks);
    expect(await status()).toMatchObject({ state: "Disabled" });
  });
});

describe("The development login", () => {
  const page = { "src/app.js": `require("@azure/functions").app.get("hello", { handler: () => ({ body: "fine" }) });` };
  const loginOf = async (options: Parameters<typeof startHost>[1]) => {
    const { host } = await startHost(createApp(page), options);
    return (await fetch(`http://127.0.0.1:${host.port}/.auth/login/github`)).status;
  };

  it("is refused on an address that others reach, unless it is allowed", async () => {
    const identity = { developmentLogin: true };
    await expect(startHost(createApp(page), { address: "0.0.0.0", identity })).rejects.toThrow(
      /lets anybody sign in as anyone, so it is not offered on 0\.0\.0\.0: allow it with --allow-development-login/,
    );
    const settings = { "local.settings.json": { IsEncrypted: false, Host: { LocalHttpAddress: "0.0.0.0" } } };
    await expect(startHost(createApp({ ...page, ...settings }), { identity })).rejects.toThrow(/not offered on 0\.0\.0\.0/);
    expect(await loginOf({ address: "0.0.0.0", identity: { ...identity, allowDevelopmentLogin: true } })).toBe(200);
  });

  it("is offered as far as loopback reaches, when only that is asked for", async () => {
    expect(await loginOf({ address: "127.0.0.1", identity: { developmentLogin: "loopback" } })).toBe(200);
    expect(await loginOf({ address: "0.0.0.0", identity: { developmentLogin: "loopback" } })).toBe(404);
  });
});

describe("The host", () => {
  it("tells the app what the command-line tools tell it, where its settings say nothing else", async () => {
    const script = `require("@azure/functions").app.get("env", { handler: () => ({ jsonBody: [process.env.AZURE_FUNCTIONS_ENVIRONMENT, process.env.WEBSITE_HOSTNAME, process.env.FUNCTIONS_WORKER_RUNTIME] }) });`;
    const plain = await startHost(createApp({ "src/app.js": script }));
    expect(await (await plain.call("/api/env")).json()).toEqual(["Development", `localhost:${plain.host.port}`, "node"]);
    const values = { IsEncrypted: false, Values: { AZURE_FUNCTIONS_ENVIRONMENT: "Staging" } };
    const own = await startHost(createApp({ "local.settings.json": values, "src/app.js": script }));
    expect((await (await own.call("/api/env")).json())[0]).toBe("Staging");
  });

  it("takes port, CORS and connection strings of local.settings.json, flags first", async () => {
    const port = keptPort();
    const Host = { LocalHttpPort: port, CORS: "http://page.test", CORSCredentials: true };
    const app = createApp({
      "local.settings.json": { IsEncrypted: false, Values: { A: "1" }, ConnectionStrings: { Sql: "s" }, Host },
      "src/app.js": `require("@azure/functions").app.get("env", { handler: () => ({ jsonBody: [process.env.A, process.env["ConnectionStrings:Sql"]] }) });`,
    });
    // No flag at all; otherwise tests let the host pick a port.
    const byFile = await startHost(app, { port: undefined as never });
    expect(byFile.host.port).toBe(port);
    const answer = await byFile.call("/api/env", { headers: { origin: "http://page.test" } });
    expect(await answer.json()).toEqual(["1", "s"]);
    expect([answer.headers.get("access-control-allow-origin"), answer.headers.get("access-control-allow-credentials")]).toEqual(
      ["http://page.test", "true"],
    );
    const byFlag = await startHost(app, { cors: ["http://other.test"] });
    expect(byFlag.host.port).not.toBe(port);
    const other = await byFlag.call("/api/env", { headers: { origin: "http://page.test" } });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  const greeting = (text: string) => ({
    "src/app.js": `const { app } = require("@azure/functions"); app.get("hello", { handler: () => ({ body: "${text}" }) });`,
  });

  it("restarts the app when its files change; requests wait", async () => {
    const directory = createApp(greeting("one"));
    const { call, loads } = await startHost(directory, { watch: true });
    expect(await (await call("/api/hello")).text()).toBe("one");
    writeFiles(directory, greeting("two"));
    await expect.poll(() => loads.length).toBe(2);
    expect(await (await call("/api/hello")).text()).toBe("two");
    writeFiles(directory, { "host.json": { version: "2.0", extensions: { http: { routePrefix: "v2" } } } });
    await expect.poll(() => loads.length).toBe(3);
    expect(await (await call("/v2/hello")).text()).toBe("two");
    writeFiles(directory, { "data.json": { its: "own" }, "src/app.js": "this is no JavaScript" });
    await expect.poll(() => loads.length).toBe(4);
    expect(loads[3]!.problems[0]!.message).toContain("SyntaxError");
  });

  it("keeps the app when its configuration becomes unreadable", async () => {
    const directory = createApp(greeting("one"));
    const { call, lines } = await startHost(directory, { watch: true });
    writeFiles(directory, { "host.json": "{" });
    await expect.poll(() => lines().at(-1)).toMatch(/^The app stays as it is: host\.json is no valid JSON/);
    expect(await (await call("/api/hello")).text()).toBe("one");
  });

  it("starts the app again after a crash", async () => {
    const directory = createApp({
      "src/app.js": `
        const { app } = require("@azure/functions");
        app.get("exit", { handler: () => process.exit(3) });
        app.get("hello", { handler: () => ({ body: "fine" }) });
      `,
    });
    const { call, lines } = await startHost(directory);
    expect((await call("/api/exit")).status).toBe(500);
    expect(await (await call("/api/hello")).text()).toBe("fine");
    expect(lines().join("\n")).toMatch(/The app's process ended: .*code 3/);
  });

  it("ends an endless loop after functionTimeout", async () => {
    const directory = createApp({
      "host.json": { version: "2.0", functionTimeout: "00:00:01" },
      "src/app.js": `
        const { app } = require("@azure/functions");
        app.get("loop", { handler: () => { for (;;); } });
        app.get("hello", { handler: () => ({ body: "fine" }) });
      `,
    });
    const { call } = await startHost(directory);
    expect((await call("/api/loop")).status).toBe(500);
    await expect.poll(async () => (await call("/api/hello")).text()).toBe("fine");
  });

  it("names what it cannot run and runs the rest", async () => {
    const directory = createApp({
      "local.settings.json": { IsEncrypted: false, Values: { "AzureWebJobs.off.Disabled": "true" } },
      "src/app.js": `
        const { app, output } = require("@azure/functions");
        const cosmos = output.cosmosDB({ databaseName: "d", containerName: "c", connection: "C" });
        app.get("cosmos", { extraOutputs: [cosmos], handler: () => ({}) });
        app.get("off", { handler: () => ({}) });
        app.timer("often", { schedule: "not a schedule", handler: () => {} });
        app.get("hello", { handler: () => ({ body: "fine" }) });
      `,
    });
    const { call, host } = await startHost(directory);
    expect(await (await call("/api/hello")).text()).toBe("fine");
    expect((await call("/api/off")).status).toBe(404);
    const list = functionList(host.loaded.functions, host.loaded.problems);
    expect(list).toContain("Function off is disabled.");
    expect(list).toMatch(/The 'cosmos' function is in error: .*"cosmosDB", which this host does not have as output/);
    expect(list).toMatch(/The 'often' function is in error: The schedule 'not a schedule'/);
  });

  it("runs timers, and only the functions that are asked for", async () => {
    const directory = createApp({
      "src/app.js": `
        const { app } = require("@azure/functions");
        app.timer("tick", { schedule: "* * * * * *", handler: (timer, context) => context.log("tick", timer.isPastDue) });
        app.get("hello", { handler: () => ({ body: "fine" }) });
      `,
    });
    const { call, lines } = await startHost(directory, { functions: ["TICK"] });
    await expect.poll(() => lines()).toContain("tick false");
    expect((await call("/api/hello")).status).toBe(404);
  });

  it("asks for keys with enableAuth", async () => {
    const { call, host } = await startHost(createApp(chat), {
      enableAuth: true,
      signalRConnectionString: service.connectionString,
    });
    const post = { method: "POST", headers: { "content-type": "text/plain" } };
    expect((await call("/runtime/webhooks/signalr", post)).status).toBe(401);
    expect((await call(`/runtime/webhooks/signalr?code=${host.webhookKey}`, post)).status).toBe(415);
    expect((await call(`/admin/functions?code=${host.masterKey}`)).status).toBe(200);
    expect((await call(`/admin/functions?code=${host.webhookKey}`)).status).toBe(401);
  });

  it("refuses a folder that is no app", async () => {
    const directory = createApp({});
    await expect(startHost(`${directory}/src`)).rejects.toThrow(/There is no function app in /);
    writeFiles(directory, { "host.json": { version: "1.0" } });
    await expect(startHost(directory)).rejects.toThrow(/version/);
  });

  it("names a port in use", async () => {
    const { host } = await startHost(createApp(greeting("one")));
    await expect(startHost(createApp(greeting("two")), { port: host.port })).rejects.toThrow(String(host.port));
  });
});
