import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpBindings, v3Function } from "../../../test/test-app.ts";
import { ConfigError } from "../../config/config-error.ts";
import { type StartedFront, send, startFront } from "../started-front.suite.ts";
import type { IdentityOptions } from "./identity.ts";
import { Identity } from "./identity.ts";

const files = v3Function(
  "who",
  httpBindings,
  `module.exports = async (context, req) => { context.res = { body: {
    headers: Object.fromEntries(Object.entries(req.headers).filter(([name]) => name.startsWith('x-ms-'))), user: req.user, url: req.url } }; };`,
);
const start = (identity: IdentityOptions) =>
  startFront({ files, options: { identity, cors: { origins: ["http://page.test"], credentials: true } } });
const forged = { "X-MS-CLIENT-PRINCIPAL-NAME": "mallory", "x-ms-client-principal": "e30=", "x-ms-token-aad-id-token": "t" };
const who = async (app: StartedFront, headers: Record<string, string> = {}) =>
  JSON.parse((await send(`${app.url}/api/who`, { headers })).text);

/** reference functions-host §3.4 */
describe("identity headers from outside", () => {
  it("are taken out", async () => {
    const app = await start({});
    try {
      expect((await who(app, forged)).headers).toEqual({});
      expect(await send(`${app.url}/.auth/me`)).toMatchObject({ status: 404 });
    } finally {
      await app.stop();
    }
  });

  it("are believed from a trusted proxy, with the address that it forwards", async () => {
    const app = await start({ trustedProxies: ["127.0.0.0/8"] });
    try {
      const got = await who(app, { ...forged, "x-forwarded-proto": "https", "x-forwarded-host": "app.example, inner" });
      expect(got.headers).toEqual({
        "x-ms-client-principal-name": "mallory",
        "x-ms-client-principal": "e30=",
        "x-ms-token-aad-id-token": "t",
      });
      expect(got.url).toBe("https://app.example/api/who");
    } finally {
      await app.stop();
    }
  });
});

describe("the identities of a request", () => {
  // No library of Microsoft's reads them yet, but a programming model may: this one hands on what it was given.
  const model = `
    const core = require("@azure/functions-core");
    const own = core.getProgrammingModel();
    core.setProgrammingModel({ name: "own", version: "1.0.0", getInvocationModel(context) {
      const response = { statusCode: "200", body: { json: JSON.stringify(context.request.inputData[0].data.http.identities) } };
      return { getArguments: async () => ({ context: {}, inputs: [] }), invokeFunction: async () => {}, getResponse: async () => ({ outputData: [], returnValue: { http: response } }) };
    } });
    core.registerFunction({ name: "who", bindings: { req: { type: "httpTrigger", direction: "in", authLevel: "anonymous" }, $return: { type: "http", direction: "out" } } }, () => {});`;

  it("are those of the principal that a trusted proxy sends", async () => {
    const app = await startFront({
      files: { "package.json": { main: "index.js" }, "index.js": model },
      options: { identity: { trustedProxies: ["127.0.0.0/8"] } },
    });
    const identities = async (principal?: unknown) => {
      const text = typeof principal === "string" ? principal : JSON.stringify(principal);
      const headers: Record<string, string> = {};
      if (principal !== undefined) headers["x-ms-client-principal"] = Buffer.from(text).toString("base64");
      return JSON.parse((await send(`${app.url}/api/who`, { headers })).text);
    };
    try {
      const claims = [{ typ: "name", val: "Ann" }, { typ: "role", val: 7 }, "no claim"];
      expect(await identities({ auth_typ: "aad", name_typ: "name", role_typ: "role", claims })).toEqual([
        {
          authenticationType: { value: "aad" },
          nameClaimType: { value: "name" },
          roleClaimType: { value: "role" },
          claims: [{ type: "name", value: "Ann" }],
        },
      ]);
      expect(await identities({ claims: [] })).toEqual([{ claims: [] }]);
      for (const none of [undefined, "{", [], { auth_typ: "aad" }, { identityProvider: "github", claims: [] }])
        expect.soft(await identities(none), JSON.stringify(none)).toEqual([]);
    } finally {
      await app.stop();
    }
  });
});

describe("the login for development", () => {
  let app: StartedFront;
  beforeAll(async () => {
    app = await start({ developmentLogin: true });
  });
  afterAll(() => app.stop());

  const signIn = (fields: Record<string, string>, headers: Record<string, string> = {}, provider = "aad") =>
    send(`${app.url}/.auth/login/${provider}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  const cookieOf = (answer: Awaited<ReturnType<typeof send>>) => answer.headers["set-cookie"]![0]!.split(";", 1)[0]!;

  it("says that it checks nobody", async () => {
    const answer = await send(`${app.url}/.auth/login/GitHub?post_login_redirect_uri=/chat%22%3E`);
    expect(answer).toMatchObject({
      status: 200,
      headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    });
    expect(answer.text).toContain("Development only.");
    expect(answer.text).toContain("Sign in with github");
    expect(answer.text).not.toContain('chat">');
  });

  it("makes the headers of the cookie that it issues", async () => {
    const answer = await signIn({
      name: "Ann",
      userId: "u1",
      roles: "anonymous\nadmin",
      claims: '[{"typ":"admin","val":"true"}]',
      redirect: "/x?y#z",
    });
    expect(answer).toMatchObject({ status: 302, headers: { location: "/x?y#z" } });
    expect(answer.headers["set-cookie"]![0]).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    const { headers, user } = await who(app, { ...forged, cookie: `other=1; ${cookieOf(answer)}` });
    expect(headers).toMatchObject({
      "x-ms-client-principal-id": "u1",
      "x-ms-client-principal-name": "Ann",
      "x-ms-client-principal-idp": "aad",
    });
    expect(headers).not.toHaveProperty("x-ms-token-aad-id-token");
    expect(JSON.parse(Buffer.from(headers["x-ms-client-principal"], "base64").toString())).toMatchObject({
      auth_typ: "aad",
      claims: expect.arrayContaining([{ typ: "admin", val: "true" }]),
    });
    expect(user).toMatchObject({ type: "AppService", id: "u1", username: "Ann" });

    const me = await send(`${app.url}/.auth/me`, { headers: { cookie: cookieOf(answer) } });
    expect(JSON.parse(me.text)).toEqual([{ provider_name: "aad", user_id: "Ann", user_claims: expect.any(Array) }]);
  });

  it("gives the same name the same id, and carries names beyond ASCII", async () => {
    const [one, two] = [await signIn({ name: "Zoë" }), await signIn({ name: "Zoë" })];
    const first = await who(app, { cookie: cookieOf(one) });
    const second = await who(app, { cookie: cookieOf(two) });
    expect(first.headers["x-ms-client-principal-id"]).toBe(second.headers["x-ms-client-principal-id"]);
    expect(first.headers["x-ms-client-principal-name"]).toBe("Zo%C3%AB");
  });

  it("gives a form back as it was filled in when something in it is wrong", async () => {
    const answer = await signIn({ name: 'A "quoted" <name>', userId: "u&1", roles: "editor", claims: "</textarea>nonsense" });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("Claims must be a JSON list");
    expect(answer.text).toContain('value="A &quot;quoted&quot; &lt;name&gt;"');
    expect(answer.text).toContain('value="u&amp;1"');
    expect(answer.text).toContain(">editor</textarea>");
    expect(answer.text).toContain(">&lt;/textarea&gt;nonsense</textarea>");
  });

  it("knows nobody without a cookie of its own making", async () => {
    const cookie = cookieOf(await signIn({ name: "Ann" }));
    const [head, payload] = cookie.split(".");
    const unsigned = `SignalboxDevelopmentAuth=${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    for (const bad of ["SignalboxDevelopmentAuth=", `${head}.${payload}.AAAA`, unsigned, "SignalboxDevelopmentAuth=%00"]) {
      expect((await who(app, { cookie: bad })).headers).toEqual({});
      expect(await send(`${app.url}/.auth/me`, { headers: { cookie: bad } })).toMatchObject({ status: 401 });
    }
  });

  it.each([
    ["http://page.test/app", "http://page.test/app"],
    ["http://evil.test/", "/"],
    ["//evil.test/", "/"],
    ["/\\evil.test", "/"],
    ["javascript:alert(1)", "/"],
    ["", "/"],
  ])("sends to %j only where it may: %j", async (redirect, expected) => {
    expect((await signIn({ name: "Ann", redirect })).headers.location).toBe(expected);
    const logout = await send(`${app.url}/.auth/logout?post_logout_redirect_uri=${encodeURIComponent(redirect)}`);
    expect(logout).toMatchObject({ status: 302, headers: { location: expected } });
    expect(logout.headers["set-cookie"]![0]).toMatch(/^SignalboxDevelopmentAuth=; Max-Age=0;/);
  });

  it.each([
    ["no name", { name: " " }, {}, 400],
    ["claims that are no list", { name: "a", claims: "{}" }, {}, 400],
    ["claims beyond a cookie", { name: "a", claims: JSON.stringify([{ typ: "x", val: "y".repeat(4000) }]) }, {}, 400],
    ["a form beyond the limit", { name: "a".repeat(20_000) }, {}, 413],
    ["a page of another origin", { name: "a" }, { origin: "http://evil.test" }, 403],
    ["a page of no origin", { name: "a" }, { origin: "null" }, 403],
  ])("refuses %s", async (_, fields, headers, status) => {
    const answer = await signIn(fields, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it.each(["/.auth/login", "/.auth/login/a%3Cb", "/.auth/none", "/.auth"])("does not know %s", async (path) => {
    expect(await send(app.url + path)).toMatchObject({ status: 404 });
  });

  it("speaks as Static Web Apps when told so", async () => {
    const other = await start({ developmentLogin: true, platform: "static-web-apps" });
    try {
      const answer = await send(`${other.url}/.auth/login/github`, { method: "POST", body: "name=Ann&userId=u1" });
      const cookie = cookieOf(answer);
      const clientPrincipal = {
        identityProvider: "github",
        userId: "u1",
        userDetails: "Ann",
        userRoles: ["anonymous", "authenticated"],
      };
      expect(JSON.parse((await send(`${other.url}/.auth/me`, { headers: { cookie } })).text)).toEqual({ clientPrincipal });
      expect(JSON.parse((await send(`${other.url}/.auth/me`)).text)).toEqual({ clientPrincipal: null });
      expect((await who(other, { cookie })).user).toMatchObject({ type: "StaticWebApps", id: "u1", username: "Ann" });
    } finally {
      await other.stop();
    }
  });
});

it("a trusted proxy that is neither address nor network is a mistake in the settings", () => {
  expect(() => new Identity({ trustedProxies: ["proxy.test"] }, "secret", () => true)).toThrow(ConfigError);
});
