import { describe, expect, it } from "vitest";
import { bodyOf, bytes, type Files, httpInput, type Library, startApp, v4Libraries } from "../../test/test-app.ts";

const head = "const { app, input, output, trigger, HttpResponse } = require('@azure/functions');\n";

/** reference functions-host §1.3 and §1.4, row by row. */
describe.each(v4Libraries.map((library) => ({ library })))("a v4 app with $library", ({ library }) => {
  const start = (code: string, files: Files = {}) =>
    startApp({ library, files: { "package.json": { main: "index.js" }, "index.js": head + code, ...files } });

  it("registers functions with their bindings in order, trigger first", async () => {
    const app = await start(`
      const info = input.generic({ type: "signalRConnectionInfo", name: "info", hubName: "chat" });
      const messages = output.generic({ type: "signalR", name: "messages", hubName: "chat" });
      app.http("negotiate", { methods: ["POST"], authLevel: "function", route: "n/{id?}", extraInputs: [info], extraOutputs: [messages], handler: () => ({}) });
      app.get("plain", () => ({}));
      app.timer("tick", { schedule: "0 * * * * *", runOnStartup: true, handler: () => {} });
      app.generic("connected", { trigger: trigger.generic({ type: "signalRTrigger", name: "invocation", hubName: "chat", category: "connections", event: "connected" }), handler: () => {} });
      app.generic("suffix", { trigger: trigger.generic({ type: "custom", name: "t" }), handler: () => {} });
    `);
    expect(app.loaded.problems).toEqual([]);
    expect(app.loaded.model).toBe("v4");
    const [negotiate, plain, tick, connected, suffix] = app.loaded.functions;
    expect(negotiate).toMatchObject({
      name: "negotiate",
      model: "v4",
      directory: app.root,
      scriptFile: `${app.root}/index.js`,
      bindings: [
        { type: "httpTrigger", direction: "in", authLevel: "function", methods: ["POST"], route: "n/{id?}" },
        { type: "signalRConnectionInfo", direction: "in", name: "info", hubName: "chat" },
        { type: "http", direction: "out", name: "$return" },
        { type: "signalR", direction: "out", name: "messages", hubName: "chat" },
      ],
    });
    expect(plain?.bindings[0]).toMatchObject({
      authLevel: "anonymous",
      methods: ["GET"],
      name: expect.stringMatching(/^httpTrigger[0-9a-f]+$/),
    });
    expect(tick?.bindings).toMatchObject([{ type: "timerTrigger", schedule: "0 * * * * *", runOnStartup: true }]);
    expect(connected?.bindings).toMatchObject([
      { name: "invocation", type: "signalRTrigger", category: "connections", event: "connected" },
    ]);
    expect(suffix?.bindings[0]?.type).toBe("customTrigger");
  });

  it("registers every kind of trigger, input and output that the library has a helper for", async () => {
    const app = await start(`
      const handler = () => {};
      app.storageBlob("blob", { path: "c/{name}", connection: "S", handler });
      app.storageQueue("queue", { queueName: "q", connection: "S", handler });
      app.eventGrid("grid", { handler });
      app.cosmosDB("cosmos", { connection: "S", databaseName: "d", containerName: "c", handler });
      app.serviceBusQueue("bus", { queueName: "q", connection: "S", handler });
      app.eventHub("hub", { eventHubName: "h", connection: "S", handler });
      app.generic("all", {
        trigger: trigger.timer({ schedule: "0 * * * * *" }),
        extraInputs: [input.table({ tableName: "t", connection: "S" }), input.storageBlob({ path: "c/x", connection: "S" }), input.cosmosDB({ databaseName: "d", containerName: "c", connection: "S" })],
        extraOutputs: [output.table({ tableName: "t", connection: "S" }), output.storageBlob({ path: "c/y", connection: "S" }), output.storageQueue({ queueName: "q", connection: "S" })],
        return: output.storageQueue({ queueName: "r", connection: "S" }),
        handler,
      });
    `);
    expect(app.loaded.problems).toEqual([]);
    const shapes = app.loaded.functions.map(({ name, bindings }) => [
      name,
      ...bindings.map(({ type, direction }) => [type, direction].join(" ")),
    ]);
    expect(shapes).toEqual([
      ["blob", "blobTrigger in"],
      ["queue", "queueTrigger in"],
      ["grid", "eventGridTrigger in"],
      ["cosmos", "cosmosDBTrigger in"],
      ["bus", "serviceBusTrigger in"],
      ["hub", "eventHubTrigger in"],
      ["all", "timerTrigger in", "table in", "blob in", "cosmosDB in", "queue out", "table out", "blob out", "queue out"],
    ]);
    const names = app.loaded.functions.at(-1)!.bindings.map(({ name }) => name);
    expect(names).toEqual([
      expect.stringMatching(/^timerTrigger[0-9a-f]+$/),
      expect.stringMatching(/^tableInput[0-9a-f]+$/),
      expect.stringMatching(/^blobInput[0-9a-f]+$/),
      expect.stringMatching(/^cosmosDBInput[0-9a-f]+$/),
      "$return",
      expect.stringMatching(/^tableOutput[0-9a-f]+$/),
      expect.stringMatching(/^blobOutput[0-9a-f]+$/),
      expect.stringMatching(/^queueOutput[0-9a-f]+$/),
    ]);
  });

  it("tells a handler its own options", async () => {
    const app = await start(`
      const info = input.generic({ type: "signalRConnectionInfo", name: "info", hubName: "chat" });
      app.http("f", { route: "r", extraInputs: [info], handler: (_, { options }) => ({ jsonBody: {
        route: options.trigger.route, returns: options.return.type, inputs: options.extraInputs.map(({ name }) => name), outputs: options.extraOutputs } }) });`);
    const answer = await app.request("f");
    expect(JSON.parse(String(bodyOf(answer)))).toEqual({ route: "r", returns: "http", inputs: ["info"], outputs: [] });
  });

  it("reads a request in every way that the library has", async () => {
    const app = await start(`app.post("f", async (request) => ({ jsonBody: {
      stream: typeof request.body.getReader, used: request.bodyUsed, value: await (request.params.way === "form"
        ? request.formData().then((form) => form.get("a")) : request.params.way === "bytes" ? request.arrayBuffer().then((bytes) => bytes.byteLength)
        : request.params.way === "blob" ? request.blob().then((blob) => blob.size)
        : request.params.way === "clone" ? (request.clone?.() ?? request).text() : request.text()), after: request.bodyUsed } }));`);
    const read = async (way: string) =>
      JSON.parse(
        String(
          bodyOf(
            await app.request("f", {
              method: "POST",
              nullableHeaders: { "content-type": { value: "application/x-www-form-urlencoded" } },
              nullableParams: { way: { value: way } },
              body: bytes("a=b"),
            }),
          ),
        ),
      );
    for (const [way, value] of [
      ["form", "b"],
      ["bytes", 3],
      ["blob", 3],
      ["text", "a=b"],
    ] as const)
      expect.soft(await read(way), way).toEqual({ stream: "function", used: false, value, after: true });
    // The first release has no clone.
    expect(await read("clone")).toMatchObject({ value: "a=b", after: library === "azure-functions-v4-first" });
  });

  it("answers forms, streams, JSON and what is to be negotiated", async () => {
    const app = await start(`
      app.get("form", () => { const body = new FormData(); body.set("a", "b"); return { body }; });
      app.get("pairs", () => ({ body: new URLSearchParams({ a: "b c" }) }));
      app.get("stream", () => ({ body: new ReadableStream({ start(to) { to.enqueue(new TextEncoder().encode("s1")); to.enqueue(new TextEncoder().encode("s2")); to.close(); } }) }));
      app.get("buffer", () => ({ body: new Uint8Array([1]).buffer }));
      app.get("own", () => ({ jsonBody: 1, headers: { "Content-Type": "application/x-own" } }));
      app.get("negotiated", () => ({ jsonBody: { a: 1 }, enableContentNegotiation: true }));
    `);
    const read = async (name: string) => {
      const answer = await app.request(name);
      return [String(bodyOf(answer)), answer?.headers?.["content-type"]];
    };
    expect(await read("form")).toEqual([
      expect.stringContaining('name="a"'),
      expect.stringMatching(/^multipart\/form-data; boundary=/),
    ]);
    expect(await read("pairs")).toEqual(["a=b+c", "application/x-www-form-urlencoded;charset=UTF-8"]);
    expect(await read("stream")).toEqual(["s1s2", undefined]);
    expect(await read("buffer")).toEqual(["\u0001", undefined]);
    expect(await read("own")).toEqual(["1", "application/x-own"]);
    expect((await app.request("negotiated"))?.enableContentNegotiation).toBe(true);
  });

  it("returns the plain result of a function without an output by its kind", async () => {
    const rows = [
      ["42", { int: 42 }],
      ["1.5", { double: 1.5 }],
      ["'x'", { string: "x" }],
      ["({ a: 1 })", { json: '{"a":1}' }],
      ["[1]", { json: "[1]" }],
      ["Buffer.from('b')", { bytes: Buffer.from("b") }],
      ["undefined", undefined],
    ] as const;
    const app = await start(
      rows
        .map(
          ([value], index) =>
            `app.generic("f${index}", { trigger: trigger.generic({ type: "signalRTrigger", name: "i" }), handler: () => ${value} });`,
        )
        .join("\n"),
    );
    for (const [index, [value, expected]] of rows.entries())
      expect.soft((await app.invoke(`f${index}`, { i: {} })).returnValue, value).toEqual(expected);
  });

  it("gives an HTTP handler the request", async () => {
    const app =
      await start(`app.http("f", { methods: ["POST"], handler: async (request, context) => ({ status: 201, headers: { "x-a": "1" }, jsonBody: {
      method: request.method, url: request.url, header: request.headers.get("X-H"), query: request.query.get("q"), params: request.params,
      body: await request.json(), triggerMetadata: context.triggerMetadata === undefined, id: context.invocationId, name: context.functionName,
    } }) });`);
    const answer = await app.request("f", {
      method: "POST",
      url: "http://localhost:7071/api/f/7?q=1",
      nullableHeaders: { "x-h": { value: "h" }, "content-type": { value: "application/json" } },
      nullableQuery: { q: { value: "1" } },
      nullableParams: { id: { value: "7" } },
      body: bytes('{"a":1}'),
    });
    expect(answer).toMatchObject({ statusCode: "201", headers: { "x-a": "1", "content-type": "application/json" } });
    expect(JSON.parse(String(bodyOf(answer)))).toEqual({
      method: "POST",
      url: "http://localhost:7071/api/f/7?q=1",
      header: "h",
      query: "1",
      params: { id: "7" },
      body: { a: 1 },
      triggerMetadata: true,
      id: expect.any(String),
      name: "f",
    });
  });

  it("answers text, bytes, cookies, an HttpResponse and nothing", async () => {
    const app = await start(`
      app.get("text", () => ({ body: "t" }));
      app.get("bytes", () => ({ body: new Uint8Array([0, 255]) }));
      app.get("cookies", () => ({ cookies: [{ name: "n", value: "v", sameSite: "Lax", path: "/" }] }));
      app.get("response", () => new HttpResponse({ status: 418, body: "pot" }));
      app.get("nothing", () => {});
    `);
    expect(await app.request("text")).toMatchObject({
      statusCode: "200",
      headers: { "content-type": "text/plain;charset=UTF-8" },
    });
    expect(bodyOf(await app.request("text"))).toBe("t");
    expect([...((await app.request("bytes"))?.body?.bytes ?? [])]).toEqual([0, 255]);
    expect((await app.request("cookies"))?.cookies).toMatchObject([
      { name: "n", value: "v", sameSite: "lax", path: { value: "/" } },
    ]);
    expect(await app.request("response")).toMatchObject({ statusCode: "418" });
    expect(await app.request("nothing")).toBeUndefined();
  });

  it("reads the signed-in user of both platforms", async () => {
    const app = await start(`app.get("f", (request) => ({ jsonBody: request.user }));`);
    const principal = (value: object) => ({
      "x-ms-client-principal": { value: Buffer.from(JSON.stringify(value)).toString("base64") },
    });
    const read = async (headers: object) =>
      JSON.parse(String(bodyOf(await app.request("f", { nullableHeaders: { ...headers } }))));
    const web = { identityProvider: "github", userId: "1", userDetails: "ann", userRoles: ["authenticated"] };
    expect(await read(principal(web))).toMatchObject({ type: "StaticWebApps", id: "1", username: "ann" });
    const service = { auth_typ: "aad", name_typ: "n", role_typ: "r", claims: [{ typ: "n", val: "ann" }] };
    const named = {
      "x-ms-client-principal-id": { value: "2" },
      "x-ms-client-principal-name": { value: "ann" },
      "x-ms-client-principal-idp": { value: "aad" },
    };
    expect(await read({ ...principal(service), ...named })).toMatchObject({ type: "AppService", id: "2", username: "ann" });
  });

  it("reads extra inputs and writes extra outputs, by object and by name", async () => {
    const app = await start(`
      const info = input.generic({ type: "signalRConnectionInfo", hubName: "chat" });
      const messages = output.generic({ type: "signalR", hubName: "chat" });
      const unset = output.generic({ type: "queue", name: "unset" });
      app.http("f", { extraInputs: [info], extraOutputs: [messages, unset], handler: (request, context) => {
        context.extraOutputs.set(messages, { target: "t", arguments: [context.extraInputs.get(info.name)] });
        return { jsonBody: context.extraInputs.get(info) };
      } });
    `);
    const bindings = app.loaded.functions[0]?.bindings ?? [];
    const name = (type: string) => bindings.find((binding) => binding.type === type)?.name ?? "";
    const info = { url: "u", accessToken: "t" };
    const { outputs, returnValue } = await app.invoke("f", {
      [name("httpTrigger")]: httpInput(),
      [name("signalRConnectionInfo")]: info,
    });
    expect(JSON.parse(String(bodyOf(returnValue?.http)))).toEqual(info);
    expect(Object.keys(outputs)).toEqual([name("signalR")]);
    expect(JSON.parse(outputs[name("signalR")]?.json ?? "")).toEqual({ target: "t", arguments: [info] });
  });

  it("lets a handler replace an extra input, and states capabilities of its own", async () => {
    const app = await start(`
      if (app.setup) app.setup({ capabilities: { own: true } });
      const info = input.generic({ type: "table", name: "rows" });
      app.http("f", { extraInputs: [info], handler: (_, { extraInputs }) => {
        extraInputs.set("rows", [...extraInputs.get(info), 2]);
        return { jsonBody: extraInputs.get("rows") };
      } });
    `);
    expect(app.loaded.problems).toEqual([]);
    const name = app.loaded.functions[0]?.bindings[0]?.name ?? "";
    const { returnValue } = await app.invoke("f", { [name]: httpInput(), rows: [1] });
    expect(JSON.parse(String(bodyOf(returnValue?.http)))).toEqual([1, 2]);
  });

  it("gives a SignalR trigger its value and metadata, and returns the plain result", async () => {
    const app = await start(`
      const t = trigger.generic({ type: "signalRTrigger", name: "invocation", hubName: "chat", category: "messages", event: "send", parameterNames: ["Message"] });
      app.generic("send", { trigger: t, handler: (invocation, context) => ({ invocation, metadata: context.triggerMetadata }) });
      app.generic("number", { trigger: { ...t }, handler: () => 0 });
      app.generic("text", { trigger: { ...t }, handler: () => "x" });
      app.generic("bytes", { trigger: { ...t }, handler: () => Buffer.from("b") });
      app.generic("none", { trigger: { ...t }, handler: () => {} });
    `);
    const value = { ConnectionId: "c", Arguments: ["hi"] };
    const { returnValue } = await app.invoke("send", { invocation: value }, { metadata: { Message: "hi" } });
    expect(JSON.parse(returnValue?.json ?? "")).toEqual({ invocation: value, metadata: { message: "hi" } });
    const result = async (name: string) => (await app.invoke(name, { invocation: value })).returnValue;
    expect(await result("number")).toEqual({ int: 0 });
    expect(await result("text")).toEqual({ string: "x" });
    expect(await result("bytes")).toEqual({ bytes: Buffer.from("b") });
    expect(await result("none")).toBeUndefined();
  });

  it("gives a timer in camel case, and no metadata", async () => {
    const app = await start(
      `app.timer("t", { schedule: "* * * * * *", return: output.generic({ type: "queue", name: "q" }), handler: (timer, context) => [timer, context.triggerMetadata] });`,
    );
    const name = app.loaded.functions[0]?.bindings[0]?.name ?? "";
    const { returnValue } = await app.invoke(
      "t",
      { [name]: { IsPastDue: false, ScheduleStatus: { Last: "l" } } },
      { metadata: { A: 1 } },
    );
    expect(JSON.parse(returnValue?.json ?? "")).toEqual([{ isPastDue: false, scheduleStatus: { last: "l" } }, null]);
  });

  it("logs in levels and reads retry and trace context", async () => {
    const app = await start(`app.get("f", (request, context) => {
      context.log("l %s", 1); context.trace("t"); context.debug("d"); context.info("i"); context.warn("w"); context.error("e");
      return { jsonBody: [context.retryContext, context.traceContext] };
    });`);
    const name = app.loaded.functions[0]?.bindings[0]?.name ?? "";
    const response = await app.host.invoke({
      invocationId: "id",
      functionName: "f",
      inputs: { [name]: httpInput() },
      triggerMetadata: {},
      traceContext: { traceParent: "p", traceState: "s" },
      retryContext: { retryCount: 1, maxRetryCount: 2, exception: { message: "m" } },
    });
    expect(JSON.parse(String(bodyOf(response.returnValue?.http)))).toMatchObject([
      { retryCount: 1, maxRetryCount: 2, exception: { message: "m" } },
      { traceParent: "p", traceState: "s" },
    ]);
    const user = app.logs.filter(({ category }) => category === "user");
    expect(user.map(({ level, message }) => [level, message])).toEqual([
      ["information", "l 1"],
      ["trace", "t"],
      ["debug", "d"],
      ["information", "i"],
      ["warning", "w"],
      ["error", "e"],
    ]);
    expect(user[0]).toMatchObject({ functionName: "f", invocationId: "id" });
  });

  it("fails when the handler throws", async () => {
    const app = await start(`app.get("f", () => { throw new RangeError("no"); });`);
    const name = app.loaded.functions[0]?.bindings[0]?.name ?? "";
    expect((await app.invoke("f", { [name]: httpInput() })).error).toMatchObject({
      failure: "function",
      name: "RangeError",
      message: "no",
    });
  });

  it("refuses a function registered after the start", async () => {
    const app = await start(
      `app.get("f", () => { try { app.get("late", () => {}); } catch (error) { return { body: error.message }; } });`,
    );
    expect(bodyOf(await app.request("f"))).toBe("A function can only be registered during app startup.");
  });
});

/** 4.0.0 does not know it yet. */
describe("a retry policy", () => {
  const start = (library: Library, code: string) =>
    startApp({ library, files: { "package.json": { main: "index.js" }, "index.js": head + code } });

  it.each<Library>(["azure-functions-v4-middle", "azure-functions-v4"])("is read from %s", async (library) => {
    const app = await start(
      library,
      `
      const handler = () => {};
      app.timer("fixed", { schedule: "0 * * * * *", handler, retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { seconds: 3 } } });
      app.timer("growing", { schedule: "0 * * * * *", handler, retry: { strategy: "exponentialBackoff", maxRetryCount: 5, minimumInterval: 1000, maximumInterval: { minutes: 1 } } });
    `,
    );
    expect(app.loaded.functions.map(({ retry }) => retry)).toEqual([
      { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 3000 },
      { strategy: "exponentialBackoff", maxRetryCount: 5, minimumInterval: 1000, maximumInterval: 60_000 },
    ]);
  });
});

describe("hooks", () => {
  const start = (code: string, library: Library = "azure-functions-v4") =>
    startApp({ library, files: { "package.json": { main: "index.js" }, "index.js": head + code } });

  it("run around an invocation, share data, and may replace inputs, handler and result", async () => {
    const app = await start(`
      const core = require("@azure/functions-core");
      let shared;
      core.registerHook("appStart", (context) => { context.appHookData.started = true; });
      core.registerHook("preInvocation", (context) => { shared = context.appHookData; });
      app.hook.preInvocation((context) => { context.hookData.seen = context.inputs.length; context.inputs = ["replaced"]; });
      app.hook.preInvocation((context) => { const handler = context.functionHandler; context.functionHandler = async (...args) => [await handler(...args), shared.started]; });
      app.hook.postInvocation((context) => { context.result = { result: context.result, seen: context.hookData.seen, name: context.invocationContext.functionName }; });
      app.generic("f", { trigger: trigger.generic({ type: "custom", name: "t" }), handler: (value) => value });
    `);
    const { returnValue } = await app.invoke("f", { t: "given" });
    expect(JSON.parse(returnValue?.json ?? "")).toEqual({ result: ["replaced", true], seen: 1, name: "f" });
  });

  it("clear and set the error of an invocation", async () => {
    const app = await start(`
      app.hook.postInvocation((context) => {
        if (context.error) { context.error = null; context.result = "saved"; } else { context.error = new Error("set"); }
      });
      const t = () => trigger.generic({ type: "custom", name: "t" });
      app.generic("throws", { trigger: t(), handler: () => { throw new Error("x"); } });
      app.generic("works", { trigger: t(), handler: () => 1 });
    `);
    expect((await app.invoke("throws", { t: 1 })).returnValue).toEqual({ string: "saved" });
    expect((await app.invoke("works", { t: 1 })).error).toMatchObject({ message: "set" });
  });

  it("cannot assign to what is read only", async () => {
    const app = await start(`
      const core = require("@azure/functions-core");
      const names = [];
      core.registerHook("preInvocation", (context) => {
        for (const name of ["hookData", "appHookData", "invocationContext"]) { try { context[name] = {}; } catch (error) { names.push(error.message); } }
      });
      app.generic("f", { trigger: trigger.generic({ type: "custom", name: "t" }), handler: () => names });
    `);
    const { returnValue } = await app.invoke("f", { t: 1 });
    expect(JSON.parse(returnValue?.json ?? "")).toEqual(
      ["hookData", "appHookData", "invocationContext"].map((name) => `Cannot assign to read only property '${name}'`),
    );
  });

  it("change what is logged, and end with dispose", async () => {
    const app = await start(`
      const hook = app.hook.log((context) => { context.message = "[" + context.category + "] " + context.message; context.level = "warning"; });
      app.generic("f", { trigger: trigger.generic({ type: "custom", name: "t" }), handler: (value, context) => { context.log("one"); hook.dispose(); context.log("two"); } });
    `);
    await app.invoke("f", { t: 1 });
    expect(app.logs.filter(({ category }) => category === "user").map(({ level, message }) => [level, message])).toEqual([
      ["warning", "[user] one"],
      ["information", "two"],
    ]);
  });

  it("learn the app's folder at the start, and run at the end", async () => {
    const app = await start(`
      const core = require("@azure/functions-core");
      core.registerHook("appStart", (context) => { context.hookData.folder = context.functionAppDirectory; });
      core.registerHook("appTerminate", (context) => { console.log("ended " + context.hookData.folder); });
      app.get("f", () => ({}));
    `);
    await app.host.stop();
    expect(app.logs.at(-1)).toMatchObject({ category: "console", message: `ended ${app.root}` });
  });

  it("have names; another is refused", async () => {
    const app = await start(`
      const core = require("@azure/functions-core");
      let answer; try { core.registerHook("other", () => {}); } catch (error) { answer = [error.name, error.isAzureFunctionsSystemError]; }
      app.generic("f", { trigger: trigger.generic({ type: "custom", name: "t" }), handler: () => answer });
    `);
    expect((await app.invoke("f", { t: 1 })).returnValue).toEqual({ json: '["RangeError",true]' });
  });
});

describe("@azure/functions-core", () => {
  const core = `[typeof core.version, typeof core.hostVersion, typeof core.registerFunction, core.getProgrammingModel().name, typeof core.log, typeof core.Disposable.from]`;
  const expected = ["string", "string", "function", "@azure/functions", "function", "function"];
  const register = `app.generic("f", { trigger: { type: "customTrigger", name: "t" }, handler: () => seen });`;

  it.each<{ way: string; files: Files }>([
    {
      way: "require",
      files: {
        "package.json": { main: "index.js" },
        "index.js": `const { app } = require("@azure/functions"); const core = require("@azure/functions-core"); const seen = ${core}; ${register}`,
      },
    },
    {
      way: "import",
      files: {
        "package.json": { main: "index.mjs" },
        "index.mjs": `import { app } from "@azure/functions"; import * as core from "@azure/functions-core"; const seen = ${core}; ${register}`,
      },
    },
    {
      way: "default import",
      files: {
        "package.json": { main: "index.js", type: "module" },
        "index.js": `import { app } from "@azure/functions"; import core from "@azure/functions-core"; const seen = ${core}; ${register}`,
      },
    },
    {
      way: "dynamic import",
      files: {
        "package.json": { main: "index.js" },
        "index.js": `const { app } = require("@azure/functions"); let seen; import("@azure/functions-core").then((core) => { seen = ${core}; }); ${register}`,
      },
    },
    {
      way: "createRequire",
      files: {
        "package.json": { main: "index.js", type: "module" },
        "index.js": `import { createRequire } from "node:module"; import { app } from "@azure/functions"; const core = createRequire(import.meta.url)("@azure/functions-core"); const seen = ${core}; ${register}`,
      },
    },
  ])("is there by $way", async ({ files }) => {
    const app = await startApp({ library: "azure-functions-v4", files });
    expect(app.loaded.problems).toEqual([]);
    expect(JSON.parse((await app.invoke("f", { t: 1 })).returnValue?.json ?? "")).toEqual(expected);
  });
});
