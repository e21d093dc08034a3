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
