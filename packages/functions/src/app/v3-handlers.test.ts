import { describe, expect, it } from "vitest";
import { bodyOf, bytes, type Files, httpBindings, httpInput, type Library, startApp, v3Function } from "../../test/test-app.ts";

const http = (script: string): Files => v3Function("f", httpBindings, script);

const start = (files: Files, library?: Library) => startApp({ files, ...(library === undefined ? {} : { library }) });

/** reference functions-host §1.2, row by row. */
describe("a v3 handler", () => {
  it.each<Library>(["azure-functions-v3", "azure-functions-v3-latest", "azure-functions-v4"])(
    "runs in an app that has %s installed",
    async (library) => {
      const script =
        "require('@azure/functions'); module.exports = async (context, req) => { context.res.json({ q: req.query.q }); };";
      const app = await start(http(script), library);
      expect(app.loaded).toMatchObject({ model: "v3", problems: [], libraryVersion: "3.5.2" });
      expect(bodyOf(await app.request("f", { nullableQuery: { q: { value: "1" } } }))).toEqual({ q: "1" });
    },
  );

  it("is called with the context and the inputs in function.json order", async () => {
    const bindings = [
      { type: "table", direction: "in", name: "second" },
      { type: "queueTrigger", direction: "in", name: "first" },
      { type: "queue", direction: "out", name: "out" },
    ];
    const app = await start(
      v3Function("f", bindings, "module.exports = async (context, a, b) => ({ out: [a, b, context.bindings] });"),
    );
    const { outputs } = await app.invoke("f", { first: "one", second: { two: 2 } });
    expect(JSON.parse(outputs.out?.json ?? "")).toEqual([{ two: 2 }, "one", { first: "one", second: { two: 2 } }]);
  });

  it("reads bindingData with lower-case first letters, all the way down", async () => {
    const app = await start(
      v3Function(
        "f",
        [
          { type: "signalRTrigger", direction: "in", name: "i" },
          { type: "signalR", direction: "out", name: "$return" },
        ],
        "module.exports = async (context) => context.bindingData;",
      ),
    );
    const { returnValue } = await app.invoke(
      "f",
      { i: { Hub: "chat" } },
      { metadata: { Message: "hi", Deep: { InnerName: 1 } }, invocationId: "id-1" },
    );
    expect(JSON.parse(returnValue?.json ?? "")).toEqual({ invocationId: "id-1", message: "hi", deep: { innerName: 1 } });
  });

  it("gets sys, query and headers in the bindingData of an HTTP call", async () => {
    const app = await start(http("module.exports = async (context) => { context.res = { body: context.bindingData }; };"));
    const answer = await app.request("f", { nullableQuery: { a: { value: "1" } }, nullableHeaders: { "x-y": { value: "z" } } });
    expect(bodyOf(answer)).toMatchObject({
      sys: { methodName: "f", utcNow: expect.any(String), randGuid: expect.any(String) },
      query: { a: "1" },
      headers: { "x-y": "z" },
    });
  });

  it("reads bindingDefinitions, executionContext and traceContext", async () => {
    const app = await start(
      http(
        "module.exports = async (c) => { c.res = { body: [c.bindingDefinitions, c.executionContext, c.traceContext, c.invocationId] }; };",
      ),
    );
    const response = await app.host.invoke({
      invocationId: "id-2",
      functionName: "F",
      inputs: { req: httpInput() },
      triggerMetadata: {},
      traceContext: { traceParent: "00-1-2-01", traceState: "s", attributes: { a: "b" } },
      retryContext: { retryCount: 1, maxRetryCount: 3 },
    });
    expect(bodyOf(response.outputs.res?.http)).toEqual([
      [
        { name: "req", type: "httpTrigger", direction: "in" },
        { name: "res", type: "http", direction: "out" },
      ],
      {
        invocationId: "id-2",
        functionName: "f",
        functionDirectory: `${app.root}/f`,
        retryContext: { retryCount: 1, maxRetryCount: 3 },
      },
      { traceparent: "00-1-2-01", tracestate: "s", attributes: { a: "b" } },
      "id-2",
    ]);
  });

  it("logs in levels, in printf style", async () => {
    const app = await start(
      http(`module.exports = async (context) => {
        context.log("plain %s", "text"); context.log.error("e"); context.log.warn("w"); context.log.info("i"); context.log.verbose("v");
      };`),
    );
    await app.request("f");
    expect(app.logs.filter(({ category }) => category === "user").map(({ level, message }) => [level, message])).toEqual([
      ["information", "plain text"],
      ["error", "e"],
      ["warning", "w"],
      ["information", "i"],
      ["trace", "v"],
    ]);
    expect(app.logs.every(({ functionName }) => functionName === "f")).toBe(true);
  });

  it("reads the request as context.req and as argument", async () => {
    const app = await start(
      http(`module.exports = async (context, req) => {
        const { method, url, originalUrl, headers, query, params } = req;
        context.res = { body: { same: req === context.req, method, url, originalUrl, headers, query, params, one: req.get("X-One") } };
      };`),
    );
    const answer = await app.request("f", {
      method: "POST",
      url: "http://h/api/f/7?q=1",
      nullableHeaders: { "x-one": { value: "1" } },
      nullableQuery: { q: { value: "1" } },
      nullableParams: { id: { value: "7" } },
    });
    expect(bodyOf(answer)).toEqual({
      same: true,
      method: "POST",
      url: "http://h/api/f/7?q=1",
      originalUrl: "http://h/api/f/7?q=1",
      headers: { "x-one": "1" },
      query: { q: "1" },
      params: { id: "7" },
      one: "1",
    });
  });

  it("reads JSON as a value, text as text, bytes as a buffer", async () => {
    const app = await start(
      http(`module.exports = async (context, { body, rawBody, bufferBody }) => {
        context.res = { body: { body, rawBody, isBuffer: Buffer.isBuffer(body), buffered: bufferBody.toString() } };
      };`),
    );
    const read = async (contentType: string, body: string) =>
      bodyOf(
        await app.request("f", {
          method: "POST",
          nullableHeaders: { "content-type": { value: contentType } },
          body: bytes(body),
        }),
      );
    const json = '{"a":1}';
    expect(await read("application/json", json)).toEqual({ body: { a: 1 }, isBuffer: false, rawBody: json, buffered: json });
    expect(await read("text/plain", "plain")).toEqual({ body: "plain", isBuffer: false, rawBody: "plain", buffered: "plain" });
    expect(await read("text/plain", "[1]")).toEqual({ body: [1], isBuffer: false, rawBody: "[1]", buffered: "[1]" });
    expect(await read("application/octet-stream", "bin")).toMatchObject({ isBuffer: true, buffered: "bin" });
    expect(await read("multipart/form-data; boundary=x", "bin")).toMatchObject({ isBuffer: true, buffered: "bin" });
  });

  it("parses a form", async () => {
    const app = await start(
      http("module.exports = async (c, req) => { c.res = { body: req.parseFormBody().get('a').value.toString() }; };"),
    );
    const answer = await app.request("f", {
      method: "POST",
      nullableHeaders: { "content-type": { value: "application/x-www-form-urlencoded" } },
      body: bytes("a=b&c=d"),
    });
    expect(answer?.body?.string).toBe("b");
  });

  it("answers by whatever completes it", async () => {
    const rows = [
      ["res.json completes", "module.exports = (context) => { context.res.json({ a: 1 }); };", 200, { a: 1 }],
      ["res.send completes", "module.exports = (context) => { context.res.status(201).send('x'); };", 201, "x"],
      ["res.end completes", "module.exports = (context) => { context.res.end('x'); };", 200, "x"],
      ["res.sendStatus completes", "module.exports = (context) => { context.res.sendStatus(204); };", 204, undefined],
      ["res.json in an async handler", "module.exports = async (context) => { context.res.json({ a: 2 }); };", 200, { a: 2 }],
      [
        "done completes",
        "module.exports = (context) => { context.res = { status: 202, body: 'd' }; context.done(); };",
        202,
        "d",
      ],
      [
        "done with a value",
        "module.exports = (context) => { context.done(null, { res: { status: 203, body: 'v' } }); };",
        203,
        "v",
      ],
      [
        "async and done in one",
        "module.exports = async (context) => { context.res = { body: 'b' }; context.done(); };",
        200,
        "b",
      ],
      ["a replaced res", "module.exports = async (context) => { context.res = { statusCode: 404, body: 'r' }; };", 404, "r"],
      ["an untouched res", "module.exports = async () => {};", 200, undefined],
      [
        "context.bindings.res",
        "module.exports = async (c) => { c.res = { body: 'no' }; c.bindings.res = { body: 'yes' }; };",
        200,
        "yes",
      ],
      [
        "a returned key wins",
        "module.exports = async (c) => { c.bindings.res = { body: 'no' }; return { res: { body: 'yes' } }; };",
        200,
        "yes",
      ],
    ] as const;
    const files = rows.map(([, script], index) => v3Function(`f${index}`, httpBindings, script));
    const app = await start(Object.assign({}, ...files));
    for (const [index, [name, , status, body]] of rows.entries()) {
      const answer = await app.request(`f${index}`);
      expect.soft([Number(answer?.statusCode ?? 200), bodyOf(answer)], name).toEqual([status, body]);
    }
  });

  it("sets headers and cookies by the chain methods", async () => {
    const app = await start(
      http(`module.exports = async (context) => {
        const res = context.res;
        res.status(201).set("x-a", "1").setHeader("x-b", 2).type("text/html");
        res.header("x-c", "3"); res.removeHeader("x-c");
        res.cookies = [{ name: "n", value: "v", sameSite: "None", maxAge: 5, httpOnly: true }];
        res.body = res.get("X-A") + res.getHeader("x-b");
      };`),
    );
    const answer = await app.request("f");
    expect(answer).toMatchObject({
      statusCode: "201",
      headers: { "x-a": "1", "x-b": "2", "content-type": "text/html" },
      body: { string: "12" },
    });
    expect(answer?.cookies).toMatchObject([
      { name: "n", value: "v", sameSite: "explicitNone", maxAge: { value: 5 }, httpOnly: { value: true } },
    ]);
  });

  it("answers bytes as bytes", async () => {
    const app = await start(http("module.exports = async (context) => { context.res = { body: Buffer.from([0, 255, 1]) }; };"));
    const answer = await app.request("f");
    expect([...(answer?.body?.bytes ?? [])]).toEqual([0, 255, 1]);
  });

  it("names using both a promise and done in the log, and still answers", async () => {
    const app = await start(http("module.exports = async (context) => { context.res = { body: 'b' }; context.done(); };"));
    await app.request("f");
    await expect
      .poll(() => app.logs.map(({ message }) => message).join())
      .toContain("Choose either to return a promise or call 'done'");
  });

  it("ignores a second done", async () => {
    const app = await start(
      http("module.exports = (context) => { context.res = { body: 1 }; context.done(); context.done(); };"),
    );
    await app.request("f");
    await expect.poll(() => app.logs.map(({ message }) => message).join()).toContain("'done' has already been called");
  });

  it("fails with done(error), a throw, a rejection and a thrown text", async () => {
    const app = await start({
      ...v3Function("done", httpBindings, "module.exports = (context) => context.done(new TypeError('by done'));"),
      ...v3Function("throws", httpBindings, "module.exports = () => { throw new RangeError('thrown'); };"),
      ...v3Function("rejects", httpBindings, "module.exports = async () => { throw 'a text'; };"),
    });
    const error = async (name: string) => (await app.invoke(name, { req: httpInput() })).error;
    expect(await error("done")).toMatchObject({ failure: "function", name: "TypeError", message: "by done" });
    expect(await error("throws")).toMatchObject({
      name: "RangeError",
      message: "thrown",
      stack: expect.stringContaining("index.js"),
    });
    expect(await error("rejects")).toMatchObject({ message: "a text" });
  });

  it("fails for an HTTP value that is no object", async () => {
    const app = await start(http("module.exports = async () => ({ res: [1] });"));
    expect((await app.invoke("f", { req: httpInput() })).error?.failure).toBe("function");
  });

  it("never completes without promise and without done", async () => {
    const app = await start(http("module.exports = () => {};"));
    expect((await app.invoke("f", { req: httpInput() }, { timeoutMs: 200 })).error?.failure).toBe("timeout");
  });

  it("sends $return and other outputs of one call", async () => {
    const bindings = [
      { type: "httpTrigger", direction: "in", name: "req" },
      { type: "http", direction: "out", name: "$return" },
      { type: "signalR", direction: "out", name: "messages", hubName: "chat" },
    ];
    const app = await start(
      v3Function(
        "f",
        bindings,
        "module.exports = async (c) => { c.bindings.messages = [{ target: 't', arguments: [1] }]; return { body: 'ok' }; };",
      ),
    );
    const { outputs, returnValue } = await app.invoke("f", { req: httpInput() });
    expect(returnValue?.http?.body).toEqual({ string: "ok" });
    expect(JSON.parse(outputs.messages?.json ?? "")).toEqual([{ target: "t", arguments: [1] }]);
  });

  it("answers nothing by $return unless it returns something, whatever context.res and context.bindings hold", async () => {
    const bindings = [httpBindings[0]!, { type: "http", direction: "out", name: "$return" }];
    const scripts = {
      nothing: "module.exports = async () => {};",
      nil: "module.exports = async () => null;",
      res: "module.exports = async (context) => { context.res = { body: 'x' }; };",
      json: "module.exports = async (context) => { context.res.json({ a: 1 }); };",
      named: "module.exports = async (context) => { context.bindings.$return = { body: 'x' }; };",
      value: "module.exports = async () => ({ body: 'x' });",
    };
    const files = Object.entries(scripts).map(([name, script]) => v3Function(name, bindings, script));
    const app = await start(Object.assign({}, ...files));
    for (const name of ["nothing", "nil", "res", "json", "named"]) {
      const { error, outputs, returnValue } = await app.invoke(name, { req: httpInput() });
      expect.soft({ error, outputs, returnValue }, name).toEqual({ error: undefined, outputs: {}, returnValue: undefined });
    }
    expect(bodyOf(await app.request("value"))).toBe("x");
  });

  it("reads the signed-in user", async () => {
    const app = await start(http("module.exports = async (c, req) => { c.res = { body: req.user }; };"));
    const principal = { identityProvider: "github", userId: "1", userDetails: "ann", userRoles: ["authenticated"] };
    const value = Buffer.from(JSON.stringify(principal)).toString("base64");
    expect(bodyOf(await app.request("f", { nullableHeaders: { "x-ms-client-principal": { value } } }))).toMatchObject({
      type: "StaticWebApps",
      id: "1",
      username: "ann",
    });
    expect(bodyOf(await app.request("f"))).toBeNull();
  });

  it("returns a plain value to a trigger without an output; falsy ones are dropped", async () => {
    const rows = [
      ["42", { int: 42 }],
      ["1.5", { double: 1.5 }],
      ["'x'", { string: "x" }],
      ["({ a: 1 })", { json: '{"a":1}' }],
      ["Buffer.from('b')", { bytes: Buffer.from("b") }],
      ["0", undefined],
      ["''", undefined],
      ["false", undefined],
    ] as const;
    const trigger = [{ type: "signalRTrigger", direction: "in", name: "i" }];
    const files = rows.map(([value], index) => v3Function(`f${index}`, trigger, `module.exports = async () => ${value};`));
    const app = await start(Object.assign({}, ...files));
    for (const [index, [value, expected]] of rows.entries()) {
      expect.soft((await app.invoke(`f${index}`, { i: {} })).returnValue, value).toEqual(expected);
    }
  });

  it("gets a timer in camel case", async () => {
    const app = await start(
      v3Function(
        "f",
        [{ type: "timerTrigger", direction: "in", name: "t", schedule: "* * * * * *" }],
        "module.exports = async (c, t) => t;",
      ),
    );
    const { returnValue } = await app.invoke("f", { t: { Schedule: { AdjustForDST: true }, IsPastDue: true } });
    expect(JSON.parse(returnValue?.json ?? "")).toMatchObject({ isPastDue: true, schedule: { adjustForDST: true } });
  });
});
