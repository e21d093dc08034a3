import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { httpBindings, v3Function, v4Libraries } from "../../test/test-app.ts";
import { type StartedFront, send, startFront } from "./started-front.suite.ts";

const http = (more: object = {}) => [{ ...httpBindings[0], ...more }, httpBindings[1]!];
const returned = (more: object = {}) => [
  { ...httpBindings[0], ...more },
  { type: "http", direction: "out", name: "$return" },
];

/** reference functions-host §2.2 and §1.2, with the library of model v3. */
describe("HTTP of a v3 app", () => {
  let app: StartedFront;
  beforeAll(async () => {
    app = await startFront({
      settings: { ROUTE: "from-settings" },
      files: {
        ...v3Function(
          "echo",
          http(),
          `module.exports = async (context, req) => {
          const { method, url, headers, query, params, body, rawBody } = req;
          context.res = { body: { method, url, headers, query, params, isBuffer: Buffer.isBuffer(body), body: Buffer.isBuffer(body) ? body.toString('latin1') : body, rawBody, data: context.bindingData } };
        };`,
        ),
        ...v3Function(
          "routed",
          http({ route: "Items/{id:int}/{more?}", methods: ["get"] }),
          `module.exports = async (context, req) => ({ res: { body: req.params } });`,
        ),
        ...v3Function(
          "routed2",
          http({ route: "items/{id}", methods: ["POST"] }),
          `module.exports = async () => ({ res: { body: 'posted' } });`,
        ),
        ...v3Function("settingsRoute", http({ route: "%ROUTE%" }), `module.exports = async () => ({ res: { body: 'ok' } });`),
        ...v3Function("untouched", http(), "module.exports = async () => {};"),
        ...v3Function("returns", returned(), "module.exports = async () => ({ status: 202, body: 'r' });"),
        ...v3Function("returnsNull", returned(), "module.exports = async () => null;"),
        ...v3Function("returnsNothing", returned(), "module.exports = async (context) => { context.res = { body: 'lost' }; };"),
        ...v3Function("thrown", http(), "module.exports = async () => { throw new Error('secret detail'); };"),
        ...v3Function("text", http(), "module.exports = async (context) => { context.res = { body: 'grüß' }; };"),
        ...v3Function(
          "html",
          http(),
          "module.exports = async (context) => { context.res = { body: '<p>', headers: { 'Content-Type': 'text/html' } }; };",
        ),
        ...v3Function("object", http(), "module.exports = async (context) => { context.res = { body: { a: [1] } }; };"),
        ...v3Function(
          "negotiated",
          http(),
          "module.exports = async (context) => { context.res = { body: { a: [1, '<'] }, enableContentNegotiation: true }; };",
        ),
        ...v3Function(
          "buffer",
          http(),
          "module.exports = async (context) => { context.res = { status: 201, body: Buffer.from([0, 255, 1]), headers: { 'x-a': 1 } }; };",
        ),
        ...v3Function(
          "page",
          http(),
          "module.exports = async (context) => { context.res = { body: Buffer.from('\\n<!DOCTYPE html><p>') }; };",
        ),
        ...v3Function(
          "cookies",
          http(),
          `module.exports = async (context) => { context.res = { cookies: [
          { name: 'a', value: 'x y' },
          { name: 'b', value: '2', domain: 'h.test', path: '/p', secure: true, httpOnly: true, sameSite: 'Strict', maxAge: 10, expires: new Date(1000) },
          { name: 'c', value: '', sameSite: 'None' } ] }; };`,
        ),
        ...v3Function(
          "status",
          http(),
          "module.exports = async (context, req) => { context.res = { status: req.query.s, body: 'b' }; };",
        ),
        ...v3Function(
          "badHeader",
          http(),
          "module.exports = async (context) => { context.res = { headers: { 'a b': 'x' } }; };",
        ),
        ...v3Function(
          "nullType",
          http(),
          "module.exports = async (context) => { context.res = { headers: { 'content-type': null } }; };",
        ),
        ...v3Function("disabled", http(), "module.exports = async () => {};", { disabled: true }),
        ...v3Function("noAnswer", [httpBindings[0]!], "module.exports = async () => {};"),
        ...v3Function("adminish", http({ route: "admin/x" }), "module.exports = async () => {};"),
        ...v3Function(
          "zDuplicate",
          http({ route: "/ITEMS/{id}", methods: ["post", "put"] }),
          "module.exports = async () => {};",
        ),
        ...v3Function("badRoute", http({ route: "{a" }), "module.exports = async () => {};"),
        ...v3Function("noSetting", http({ route: "%NOPE%" }), "module.exports = async () => {};"),
      },
    });
  });
  afterAll(() => app.stop());
  const echo = async (path: string, request: Parameters<typeof send>[1] = {}) => {
    const answer = await send(`${app.url}/api/echo${path}`, request);
    expect(answer.status).toBe(200);
    return JSON.parse(answer.text);
  };

  it("hands method, address, query, headers and body over", async () => {
    const got = await echo("?a=1&a=2&b=x%20y&empty=", {
      method: "POST",
      headers: { "X-ASRS-Connection-Id": "c1", "x-many": ["1", "2"], "x-empty": "", "content-type": "application/json" },
      body: '{"userId":"ann","a":"body","list":[1]}',
    });
    expect(got).toMatchObject({
      method: "POST",
      url: `${app.url}/api/echo?a=1&a=2&b=x%20y&empty=`,
      query: { a: "1,2", b: "x y", empty: "" },
      body: { userId: "ann", a: "body", list: [1] },
      rawBody: '{"userId":"ann","a":"body","list":[1]}',
    });
    expect(got.headers).toMatchObject({ "x-asrs-connection-id": "c1", "x-many": "1, 2" });
    expect(got.headers).not.toHaveProperty("x-empty");
  });

  it("keeps the spelling of headers in bindingData, and lets the query win over the body there (the library makes numbers of texts)", async () => {
    const { data } = await echo("?a=1&a=2&code=key", {
      method: "POST",
      headers: { "x-ASRS-User-Id": "u" },
      body: '{"a":"body","b":{"c":1}}',
    });
    expect(data).toMatchObject({ a: 2, b: { c: 1 }, query: { a: "2", code: "key" }, headers: { "x-ASRS-User-Id": "u" } });
    expect(data).not.toHaveProperty("code");
    expect(data.sys).toMatchObject({ methodName: "echo" });
  });

  it.each([
    ["text", "text/plain", "hello", { isBuffer: false, body: "hello" }],
    ["JSON without saying so", "text/plain", "[1]", { isBuffer: false, body: [1] }],
    ["bytes", "application/octet-stream", "\u00ff", { isBuffer: true, body: "\u00ff" }],
    ["a form", "application/x-www-form-urlencoded", "a=1&b=2", { isBuffer: false, body: "a=1&b=2" }],
  ])("takes %s", async (_, type, body, expected) => {
    expect(
      await echo("", { method: "POST", headers: { "content-type": type }, body: Buffer.from(body, "latin1") }),
    ).toMatchObject(expected);
  });

  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("reaches a function without methods by %s", async (method) => {
    expect(await echo("", { method })).toMatchObject({ method });
  });

  it("answers HEAD without a body", async () => {
    expect(await send(`${app.url}/api/echo`, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  it("routes by template, in any letter case, and gives the values as params", async () => {
    expect(JSON.parse((await send(`${app.url}/API/items/7`)).text)).toEqual({ id: "7" });
    expect(JSON.parse((await send(`${app.url}/api/ITEMS/7/x%20y`)).text)).toEqual({ id: "7", more: "x y" });
    expect((await send(`${app.url}/api/items/x`, { method: "POST" })).text).toBe("posted");
    expect((await send(`${app.url}/api/from-settings`)).text).toBe("ok");
  });

  it.each([
    ["no function", "GET", "/api/none"],
    ["a value that breaks the constraint", "GET", "/api/items/x"],
    ["the wrong verb", "PUT", "/api/items/7/x"],
    ["no route prefix", "GET", "/echo"],
    ["a disabled function", "GET", "/api/disabled"],
  ])("answers 404 for %s", async (_, method, path) => {
    expect(await send(app.url + path, { method })).toMatchObject({ status: 404, text: "" });
  });

  it.each([
    ["an untouched res", "untouched", 200, "", undefined],
    ["no HTTP output", "noAnswer", 204, "", undefined],
    ["null for $return", "returnsNull", 204, "", undefined],
    ["nothing for $return, whatever res holds", "returnsNothing", 204, "", undefined],
    ["a value for $return", "returns", 202, "r", "text/plain; charset=utf-8"],
    ["an error", "thrown", 500, "", undefined],
    ["a text", "text", 200, "grüß", "text/plain; charset=utf-8"],
    ["a text with a type", "html", 200, "<p>", "text/html"],
    ["a page as bytes", "page", 200, "\n<!DOCTYPE html><p>", "text/html"],
    ["an object", "object", 200, '{\n  "a": [\n    1\n  ]\n}', "text/plain; charset=utf-8"],
    ["an object, negotiated", "negotiated", 200, '{"a":[1,"<"]}', "application/json; charset=utf-8"],
    ["a header that is none", "badHeader", 500, "", undefined],
    ["a content type of null, which the library drops", "nullType", 200, "", undefined],
  ])("turns %s into an answer", async (_, name, status, text, type) => {
    const answer = await send(`${app.url}/api/${name}`);
    expect(answer).toMatchObject({ status, text });
    expect(answer.headers["content-type"]).toBe(type);
  });

  it("negotiates XML when nothing else is accepted", async () => {
    const answer = await send(`${app.url}/api/negotiated`, { headers: { accept: "application/xml;q=0.9, text/html" } });
    expect(answer.headers["content-type"]).toBe("application/xml; charset=utf-8");
    expect(answer.text).toContain("<root><a><item>1</item><item>&lt;</item></a></root>");
  });

  it("sends bytes as they are, with status and headers", async () => {
    const answer = await fetch(`${app.url}/api/buffer`);
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0, 255, 1]);
    expect([answer.status, answer.headers.get("x-a"), answer.headers.get("content-type")]).toEqual([
      201,
      "1",
      "application/octet-stream",
    ]);
  });

  it("sends a Set-Cookie for each cookie", async () => {
    expect((await send(`${app.url}/api/cookies`)).headers["set-cookie"]).toEqual([
      "a=x%20y; path=/",
      "b=2; expires=Thu, 01 Jan 1970 00:00:01 GMT; max-age=10; domain=h.test; path=/p; secure; samesite=strict; httponly",
      "c=; path=/; samesite=none",
    ]);
  });

  it.each([
    ["404", 404, "b"],
    ["204", 204, ""],
    ["418 teapot", 418, "b"],
    ["soon", 200, "b"],
    ["9", 500, ""],
  ])("takes the status %j", async (given, status, text) => {
    expect(await send(`${app.url}/api/status?s=${given}`)).toMatchObject({ status, text });
  });

  it("names the functions whose routes cannot be used, and serves the others", () => {
    expect(app.routes.problems).toEqual([
      { functionName: "adminish", message: expect.stringContaining("conflicts with one or more built in routes") },
      { functionName: "badRoute", message: expect.stringContaining("a brace without its partner") },
      { functionName: "noSetting", message: "'%NOPE%' does not resolve to a value." },
      { functionName: "zDuplicate", message: "The route specified conflicts with the route defined by function 'routed2'." },
    ]);
  });

  it("keeps details of an error for the log", () => {
    expect(app.logs.some(({ level, message }) => level === "error" && message.includes("secret detail"))).toBe(true);
  });

  it("shows a home page where no function is", async () => {
    const answer = await send(app.url);
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(answer.text).toContain("Your function app is up and running");
  });
});

/** reference functions-host §1.3, §1.5, with the newest library of model v4. */
describe("HTTP of a v4 app", () => {
  /** A file that ends the function `pause`. */
  const end = join(mkdtempSync(join(tmpdir(), "signalbox-front-")), "end");
  const script = `const { app, output } = require('@azure/functions');
    app.http('echo', { handler: async (request, context) => ({ jsonBody: {
      method: request.method, url: request.url, query: Object.fromEntries(request.query), params: request.params, text: await request.text(),
      trace: context.traceContext.traceParent } }), route: 'echo/{x?}' });
    app.http('nothing', { handler: async () => undefined });
    app.http('text', { handler: () => ({ body: 'hi', cookies: [{ name: 'n', value: 'v', sameSite: 'Lax' }] }) });
    app.http('onlyPost', { methods: ['POST'], handler: () => ({ body: 'ok' }) });
    app.http('form', { methods: ['POST'], handler: async (request) => ({ jsonBody: Object.fromEntries(await request.formData()) }) });
    app.http('user', { handler: (request) => ({ jsonBody: request.user }) });
    app.http('slow', { handler: () => new Promise(() => {}) });
    app.http('pause', { handler: async () => {
      while (!require('node:fs').existsSync(${JSON.stringify(end)})) await new Promise((r) => setTimeout(r, 20));
      return { body: 'done' };
    } });
    app.http('root', { route: '/', handler: () => ({ body: 'root' }) });`;
  let app: StartedFront;
  beforeAll(async () => {
    app = await startFront({
      library: "azure-functions-v4",
      files: { "package.json": { main: "index.js" }, "index.js": script },
      hostJson: {
        functionTimeout: "00:00:05",
        extensions: {
          http: {
            routePrefix: "",
            maxConcurrentRequests: 1,
            maxOutstandingRequests: 2,
            customHeaders: { "X-Content-Type-Options": "nosniff" },
          },
        },
      },
      settings: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1000" },
    });
  });
  afterAll(() => app.stop());

  it("hands the request over and continues the caller's trace", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await send(`${app.url}/echo/1?a=b`, { method: "POST", headers: { traceparent }, body: "hello" });
    expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-content-type-options": "nosniff" });
    expect(JSON.parse(answer.text)).toEqual({
      method: "POST",
      url: `${app.url}/echo/1?a=b`,
      query: { a: "b" },
      params: { x: "1" },
      text: "hello",
      trace: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/),
    });
  });

  it("lets a GET carry a body without telling the app", async () => {
    const answer = await send(`${app.url}/echo`, { headers: { "content-length": "2" }, body: "hi" });
    expect(JSON.parse(answer.text)).toMatchObject({ method: "GET", text: "" });
  });

  it.each([
    ["/nothing", 204, ""],
    ["/text", 200, "hi"],
    ["/", 200, "root"],
    ["/onlyPost", 404, ""],
  ])("GET %s answers %d %j", async (path, status, text) => {
    expect(await send(app.url + path)).toMatchObject({ status, text });
  });

  it("sets the content type and cookies that the library gives", async () => {
    expect((await send(`${app.url}/text`)).headers).toMatchObject({
      "content-type": "text/plain;charset=UTF-8",
      "set-cookie": ["n=v; path=/; samesite=lax"],
    });
  });

  it("takes forms", async () => {
    const form = new FormData();
    form.set("a", "1");
    expect(await (await fetch(`${app.url}/form`, { method: "POST", body: form })).json()).toEqual({ a: "1" });
  });

  it("refuses a body beyond the limit, declared or not", async () => {
    const body = "x".repeat(1001);
    expect(await send(`${app.url}/echo`, { method: "POST", headers: { "content-length": "1001" }, body })).toMatchObject({
      status: 413,
    });
    expect(await send(`${app.url}/echo`, { method: "POST", headers: { "transfer-encoding": "chunked" }, body })).toMatchObject({
      status: 413,
    });
  });

  it("runs only so many requests at once, and refuses those beyond the limit", async () => {
    const answers = Array.from({ length: 3 }, () => send(`${app.url}/pause`));
    expect(await Promise.race(answers)).toMatchObject({ status: 429 });
    writeFileSync(end, "");
    expect((await Promise.all(answers)).map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it("answers 500 when a function exceeds its time, and serves again", async () => {
    expect(await send(`${app.url}/slow`)).toMatchObject({ status: 500, text: "" });
    await vi.waitFor(async () => expect(await send(`${app.url}/text`)).toMatchObject({ status: 200 }));
  });
});

/** reference functions-host §1.3, each library of the series. */
describe.each(v4Libraries.map((library) => ({ library })))("HTTP of an app with $library", ({ library }) => {
  it("has the library's defaults, and takes a GET with a body", async () => {
    const script = `const { app } = require("@azure/functions");
      const answer = async (request) => ({ jsonBody: [request.method, await request.text()] });
      app.http("plain", { handler: answer });
      for (const verb of ["get", "post", "put", "patch", "deleteRequest"]) app[verb](verb, answer);
      app.http("nothing", { handler: () => null });`;
    const app = await startFront({ library, files: { "package.json": { main: "index.js" }, "index.js": script } });
    const call = (method: string, name: string) => send(`${app.url}/api/${name}`, { method });
    try {
      for (const [method, name] of [
        ["GET", "get"],
        ["POST", "post"],
        ["PUT", "put"],
        ["PATCH", "patch"],
        ["DELETE", "deleteRequest"],
      ] as const) {
        expect.soft(JSON.parse((await call(method, name)).text), name).toEqual([method, ""]);
        expect.soft((await call(method === "GET" ? "POST" : "GET", name)).status, name).toBe(404);
      }
      expect(await Promise.all(["GET", "POST", "PUT"].map(async (method) => (await call(method, "plain")).status))).toEqual([
        200, 200, 404,
      ]);
      expect(await call("GET", "nothing")).toMatchObject({ status: 204, text: "" });
      const withBody = await send(`${app.url}/api/get`, { headers: { "content-length": "2" }, body: "hi" });
      expect(JSON.parse(withBody.text)).toEqual(["GET", ""]);
    } finally {
      await app.stop();
    }
  });
});

describe("The home page", () => {
  it("is none when the app says so", async () => {
    const app = await startFront({ files: {}, settings: { AzureWebJobsDisableHomepage: "true" } });
    try {
      expect(await send(app.url)).toMatchObject({ status: 204, text: "" });
    } finally {
      await app.stop();
    }
  });
});

describe("HTTP streams of a v4 app (reference functions-host §1.5)", () => {
  let app: StartedFront;
  beforeAll(async () => {
    app = await startFront({
      library: "azure-functions-v4",
      files: {
        "package.json": { main: "index.js" },
        "index.js": `const { app } = require('@azure/functions');
          const { Readable } = require('node:stream');
          app.setup({ enableHttpStream: true });
          app.post('upper', { route: 'upper/{id}', handler: async (request) => {
            async function* upper() { yield request.params.id + request.query.get('q') + ':'; for await (const chunk of request.body) yield Buffer.from(chunk).toString().toUpperCase(); }
            return { headers: { 'content-type': 'text/event-stream' }, body: Readable.from(upper()) };
          } });
          app.get('fails', async () => { throw new Error('no'); });`,
      },
    });
  });
  afterAll(() => app.stop());

  it("lets both bodies flow", async () => {
    const more = Promise.withResolvers<void>();
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from("one "));
        await more.promise;
        controller.enqueue(Buffer.from("two"));
        controller.close();
      },
    });
    const answer = await fetch(`${app.url}/api/upper/7?q=x`, { method: "POST", body, duplex: "half" } as RequestInit);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = answer
      .body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .getReader();
    let got = "";
    while (!got.includes("ONE")) got += (await reader.read()).value ?? "";
    more.resolve();
    for (let part = await reader.read(); !part.done; part = await reader.read()) got += part.value;
    expect(got).toBe("7x:ONE TWO");
  });

  it("answers 500 when the function fails", async () => {
    expect(await send(`${app.url}/api/fails`)).toMatchObject({ status: 500 });
  });
});

describe("CORS of a running host (reference functions-host §3.2)", () => {
  const page = "http://page.test";
  let app: StartedFront;
  beforeAll(async () => {
    app = await startFront({
      files: v3Function("f", http({ authLevel: "function" }), "module.exports = async () => ({ res: { body: 'ok' } });"),
      options: { cors: { origins: [page], credentials: true }, enableAuth: true },
    });
  });
  afterAll(() => app.stop());

  it("answers preflights before keys are asked for", async () => {
    const headers = {
      origin: page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-signalr-user-agent",
    };
    expect(await send(`${app.url}/api/f`, { method: "OPTIONS", headers })).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": page,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "x-signalr-user-agent",
      },
    });
  });

  it("lets the page read answers and errors, and other pages nothing", async () => {
    const ok = await send(`${app.url}/api/f?code=${app.secrets.masterKey}`, { headers: { origin: page } });
    expect(ok).toMatchObject({ status: 200, headers: { "access-control-allow-origin": page } });
    expect(await send(`${app.url}/api/f`, { headers: { origin: page } })).toMatchObject({
      status: 401,
      headers: { "access-control-allow-origin": page },
    });
    const other = await send(`${app.url}/api/f`, { headers: { origin: "http://other.test" } });
    expect(other.headers).not.toHaveProperty("access-control-allow-origin");
  });
});
