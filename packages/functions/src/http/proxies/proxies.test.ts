import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpBindings, v3Function } from "../../../test/test-app.ts";
import { ConfigError } from "../../config/config-error.ts";
import { type StartedFront, send, startFront } from "../started-front.suite.ts";
import { parseProxies } from "./proxies-file.ts";
import { encodePath, substitute } from "./substitution.ts";

const echo = `module.exports = async (context, req) => { context.res = { headers: { 'x-backend': 'fn' }, body: {
  method: req.method, params: req.params, query: req.query, body: req.body, a: req.headers['x-a'], host: req.headers.host } }; };`;

/** reference functions-host §2.9 */
describe("proxies", () => {
  let outside: Server;
  let app: StartedFront;
  beforeAll(async () => {
    outside = createServer(async (request, response) => {
      if (request.url === "/moved") {
        response.writeHead(302, "Over There", { location: "http://elsewhere.test/" }).end();
        return;
      }
      response.writeHead(203, { "content-type": "text/html", "x-kept": "k", "x-dropped": "d", connection: "x-dropped, close" });
      response.end(
        JSON.stringify({ url: request.url, method: request.method, headers: request.headers, body: await text(request) }),
      );
    });
    await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
    app = await startFront({
      options: { enableAuth: true },
      settings: { BlobHost: host, WEBSITE_HOSTNAME: "app.example", KEY: "k" },
      files: {
        ...v3Function("client", [{ ...httpBindings[0], route: "client/{id?}" }, httpBindings[1]!], echo),
        ...v3Function("keyed", [{ ...httpBindings[0], authLevel: "function" }, httpBindings[1]!], echo),
        ...v3Function("shadowed", [{ ...httpBindings[0], route: "shadowed" }, httpBindings[1]!], echo),
      },
      proxies: {
        $schema: "http://json.schemastore.org/proxies",
        proxies: {
          home: { matchCondition: { route: "/", methods: ["GET"] }, backendUri: "https://%WEBSITE_HOSTNAME%/api/client/home" },
          files: { matchCondition: { route: "/files/{*rest}" }, backendUri: "http://%BlobHost%/content/{rest}?sig=1" },
          page: { matchCondition: { route: "page.html" }, backendUri: "http://%BlobHost%/page" },
          local: { matchCondition: { route: "local/{id}" }, backendUri: "https://localhost/api/client/{id}?from=proxy" },
          keyed: { matchCondition: { route: "keyed" }, backendUri: "http://localhost/api/keyed" },
          loop: { matchCondition: { route: "loop" }, backendUri: "http://localhost/loop" },
          ring: { matchCondition: { route: "ring/{x}" }, backendUri: "http://localhost/loop" },
          nothing: { matchCondition: { route: "nothing" }, backendUri: "http://localhost/api/nothing" },
          dead: { matchCondition: { route: "dead" }, backendUri: "http://127.0.0.1:1/" },
          noAddress: { matchCondition: { route: "noaddress" }, backendUri: "%MISSING%" },
          moved: { matchCondition: { route: "moved" }, backendUri: "http://%BlobHost%/moved" },
          empty: { matchCondition: { route: "empty" } },
          mock: {
            matchCondition: { route: "mock/{name}" },
            responseOverrides: {
              "response.statusCode": "418",
              "response.statusReason": "Teapot",
              "response.body":
                '{"hello":"{name}","method":"{request.method}","ua":"{request.headers.user-agent}","q":"{request.querystring.q}"}',
              "response.headers.Content-Type": "application/json",
              "response.headers.X-Setting": "%KEY%",
            },
          },
          mockObject: {
            matchCondition: { route: "mockobject" },
            responseOverrides: { "response.body": { a: [1], q: "{request.querystring.q}" } },
          },
          override: {
            matchCondition: { route: "override", methods: ["POST"] },
            backendUri: "http://%BlobHost%/o?x=backend",
            requestOverrides: {
              "backend.request.method": "put",
              "backend.request.querystring.x": "{request.querystring.a}",
              "backend.request.querystring.a": "",
              "backend.request.headers.X-New": "{request.headers.x-a}-%KEY%",
              "backend.request.headers.x-a": "",
            },
            responseOverrides: {
              "response.headers.X-Kept": "",
              "response.headers.X-Status": "{backend.response.statusCode} {backend.response.headers.content-type}",
            },
          },
          shadowed: { matchCondition: { route: "api/shadowed" }, responseOverrides: { "response.body": "proxy" } },
          off: { disabled: true, matchCondition: { route: "api/client/off" } },
        },
      },
    });
  });
  afterAll(async () => {
    await app.stop();
    outside.closeAllConnections();
    outside.close();
  });
  const json = async (path: string, request?: Parameters<typeof send>[1]) => {
    const answer = await send(app.url + path, request);
    return { ...answer, json: JSON.parse(answer.text) };
  };

  it("runs a function of this host in the process, by WEBSITE_HOSTNAME, whatever the scheme", async () => {
    expect((await json("/?v=1")).json).toMatchObject({ method: "GET", params: { id: "home" }, query: { v: "1" } });
  });

  it("runs localhost in the process, with query and body", async () => {
    const { json: got } = await json("/local/a%20b?x=1", { method: "POST", headers: { "x-a": "h" }, body: '{"b":1}' });
    expect(got).toMatchObject({
      method: "POST",
      params: { id: "a b" },
      query: { from: "proxy", x: "1" },
      body: { b: 1 },
      a: "h",
    });
  });

  it("leaves the function's key to the caller", async () => {
    expect(await send(`${app.url}/keyed`)).toMatchObject({ status: 401 });
    const key = await app.secrets.ensure({ functionName: "keyed" });
    expect(await send(`${app.url}/keyed?code=${key}`)).toMatchObject({ status: 200 });
  });

  it("passes requests on to other hosts, with the rest of the path, query, headers and body", async () => {
    const answer = await json("/files/css/a%20b.css?v=2", { method: "POST", headers: { "x-a": "1" }, body: "data" });
    expect(answer.status).toBe(203);
    expect(answer.headers).toMatchObject({ "content-type": "text/html", "x-kept": "k" });
    expect(answer.headers).not.toHaveProperty("x-dropped");
    expect(answer.json).toMatchObject({
      url: "/content/css/a%20b.css?sig=1&v=2",
      method: "POST",
      body: "data",
      headers: { "x-a": "1" },
    });
    expect(answer.json.headers.host).not.toBe(new URL(app.url).host);
  });

  it("does not let a path climb out", async () => {
    const { json: got } = await json("/files/%252e%252e/secret");
    expect(got.url).toMatch(/^\/content\//);
  });

  it.each([
    ["/page.html", 203],
    ["/loop", 400],
    ["/ring/1", 400],
    ["/nothing", 404],
    ["/dead", 502],
    ["/noaddress", 500],
    ["/empty", 200],
    ["/moved", 302],
    ["/api/client/off", 200],
  ])("%s answers %d", async (path, status) => expect(await send(app.url + path)).toMatchObject({ status }));

  it("returns a redirect instead of following it", async () => {
    expect((await send(`${app.url}/moved`)).headers.location).toBe("http://elsewhere.test/");
  });

  it("makes an answer of its own", async () => {
    const answer = await json("/mock/ann?q=5", { headers: { "user-agent": "me" } });
    expect(answer).toMatchObject({
      status: 418,
      headers: { "content-type": "application/json", "x-setting": "k" },
      json: { hello: "ann", method: "GET", ua: "me", q: "5" },
    });
    expect(await json("/mockobject?q=%22,")).toMatchObject({
      headers: { "content-type": "application/json; charset=utf-8" },
      json: { a: [1], q: '",' },
    });
  });

  it("overrides request and response", async () => {
    const answer = await json("/override?a=1", { method: "POST", headers: { "x-a": "h" } });
    expect(answer.json).toMatchObject({ method: "PUT", url: "/o?x=1", headers: { "x-new": "h-k" } });
    expect(answer.json.headers).not.toHaveProperty("x-a");
    expect(answer.headers).toMatchObject({ "x-status": "203 text/html" });
    expect(answer.headers).not.toHaveProperty("x-kept");
    expect(await send(`${app.url}/override`)).toMatchObject({ status: 404 });
  });

  it("comes before functions, for requests from outside", async () => {
    expect(await send(`${app.url}/api/shadowed`)).toMatchObject({
      text: "proxy",
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
  });
});

describe("proxies.json", () => {
  it.each([undefined, "", "{}", '{"proxies":{}}', '{"$schema":"x","proxies":{}}'])("may be %j", (text) => {
    expect(parseProxies(text)).toEqual({ proxies: [], problems: [] });
  });

  it("loses only what cannot be used", () => {
    const { proxies, problems } = parseProxies(
      JSON.stringify({
        proxies: {
          good: { matchCondition: { route: "a" } },
          noRoute: { backendUri: "http://x" },
          badRoute: { matchCondition: { route: "{" } },
          badMethods: { matchCondition: { route: "b", methods: "GET" } },
          text: "x",
        },
      }),
    );
    expect(proxies.map(({ name }) => name)).toEqual(["good"]);
    expect(problems).toEqual([
      'The proxy "noRoute" in proxies.json cannot be used: matchCondition.route is missing.',
      expect.stringMatching(/^The proxy "badRoute" .*brace/),
      expect.stringMatching(/^The proxy "badMethods" .*list of verbs/),
      expect.stringMatching(/^The proxy "text" .*must be an object/),
    ]);
  });

  it("must be JSON", () => expect(() => parseProxies("{")).toThrow(ConfigError));
});

describe("substitution", () => {
  const source = {
    settings: { get: (name: string) => (name === "S" ? "{id}%S%" : undefined) },
    values: { id: "7" },
    request: { method: "GET", headers: new Headers({ "x-a": "%S%" }), url: new URL("http://h/?q={id}") },
  };

  it.each([
    ["{id}-{ID}-{none}-%none%", "7-7--"],
    ["%S%", "{id}%S%"],
    ["{request.headers.x-a}{request.headers.none}", "%S%"],
    ["{request.querystring.q}", "{id}"],
    ["{backend.response.statusCode}", ""],
    ["100% {", "100% {"],
    ["10% off, 20% on", "10% off, 20% on"],
    ['{"a":1,"b":{"c":"{id}"}}', '{"a":1,"b":{"c":"7"}}'],
    ["{*id}", "7"],
  ])("%j becomes %j", (text, expected) => expect(substitute(text, source)).toBe(expected));

  it("keeps a value within its path", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const url = new URL(`http://h/base/${encodePath(value)}`);
        expect(url.pathname.startsWith("/base/")).toBe(true);
        expect([url.host, url.search, url.hash]).toEqual(["h", "", ""]);
      }),
    );
  });
});
