import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { datedVersions, isSince, newestVersion, rawVersions, type Version, versions } from "./api-version.ts";
import type { Parameter } from "./parameter.ts";
import { restErrors } from "./rest-error.ts";
import { basePaths, type Family, type Method, pathsOf, type Route } from "./route.ts";
import { routeTable } from "./route-table.ts";
import { inAnHour, type RawClient, type Sent, StartedRest } from "./started-rest.suite.ts";

/** One spelling of one route in one version. */
interface Case {
  readonly route: Route;
  readonly version: Version;
  readonly family: Family;
  readonly method: Method;
  readonly template: string;
}

const dateOf = (version: Version) => datedVersions.find((date) => date === version);
const familyOf = (version: Version): Family => (dateOf(version) === undefined ? (version as Family) : "dated");

const allCases: readonly Case[] = routeTable.flatMap((route) =>
  [...versions, ...rawVersions].flatMap((version) => {
    const family = familyOf(version);
    return route.methods.flatMap((method) =>
      route.paths.map((path) => ({ route, version, family, method, template: basePaths[family] + path })),
    );
  }),
);
/** Another route has the method there. */
const isTaken = ({ route, family, method, template }: Case) =>
  routeTable.some(
    (other) =>
      other !== route &&
      other.served[family] !== undefined &&
      other.methods.includes(method) &&
      pathsOf(other, family).some((path) => covers(path.split("/"), template.split("/"))),
  );
/** Whether one path template takes what another one stands for: a parameter takes a literal, too. */
const covers = (path: readonly string[], template: readonly string[]) =>
  path.length === template.length && path.every((segment, at) => segment.startsWith("{") || segment === template[at]);
const isServed = ({ route, version, family }: Case) => {
  const served = route.served[family];
  const date = dateOf(version);
  return served !== undefined && (date === undefined || isSince(date, served.since!));
};
const cases = allCases.filter(isServed);
const named = (list: readonly Case[]) => list.map((item) => [`${item.method} ${item.template} ${item.version}`, item] as const);

let rest: StartedRest;
let client: RawClient | undefined;

beforeAll(async () => {
  rest = await StartedRest.start();
});
afterAll(() => rest.stop());
// Whatever is asked, nothing may fail unexpectedly.
afterEach(() => expect(rest.errors).toEqual([]));

/** A client of `u1` in hub `table`, in group `g1` as connection and as user, that answers whatever it is asked. */
async function ready(): Promise<RawClient> {
  if (client === undefined || !(await rest.connectionIds("table")).includes(client.id)) {
    const connected = await rest.connect("table", "u1");
    connected.socket.on("message", (data) => {
      const record = JSON.parse(String(data).split("\u001e", 1)[0]!) as { invocationId?: string };
      if (record.invocationId === undefined) return;
      connected.socket.send(`${JSON.stringify({ type: 3, invocationId: record.invocationId, result: "done" })}\u001e`);
    });
    client = connected;
  }
  await rest.hubs.execute("table", { do: "join", group: "g1", member: { connection: client.id } });
  await rest.hubs.execute("table", { do: "join", group: "g1", member: { user: "u1" } });
  return client;
}

interface Changes {
  readonly connection?: string;
  /** Raw text of parts of the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
}

async function urlOf({ template, version, family }: Case, changes: Changes = {}): Promise<string> {
  const parts: Record<string, string> = {
    hub: "table",
    user: "u1",
    users: "u1,u2",
    group: "g1",
    groups: "g1,g2",
    stream: "s1",
    connection: changes.connection ?? (await ready()).id,
    ...changes.path,
  };
  const query = [...(family === "dated" ? [`api-version=${version}`] : []), ...(changes.query ? [changes.query] : [])].join(
    "&",
  );
  return template.replace(/\{(\w+)\}/g, (_, name: string) => parts[name]!) + (query === "" ? "" : `?${query}`);
}

/** A good request of a route; `Accept` because `:invoke` has two forms of answer. */
async function goodRequest({ route }: Case): Promise<Sent> {
  const headers = { Accept: "application/json" };
  if (route.body === undefined) return { headers };
  return { headers, body: JSON.stringify(route.body.example).replace("connection-token", (await ready()).token) };
}

async function ask(item: Case, sent: Sent, changes?: Changes): Promise<Response> {
  return rest.call(item.method, await urlOf(item, changes), sent);
}

/** Looks at an error as SDKs do: status, header, body. */
async function expectError(item: Case, response: Response, name: keyof typeof restErrors, target?: string): Promise<void> {
  const { status, code } = restErrors[name];
  const text = await response.text();
  expect([response.status, response.headers.get("x-ms-error-code"), text.slice(0, 200)]).toEqual([
    status,
    code,
    text.slice(0, 200),
  ]);
  if (item.method === "HEAD") expect(text).toBe("");
  else if (item.family === "dated")
    expect(JSON.parse(text)).toEqual({ code, message: expect.any(String), ...(target && { target }) });
  else expect([response.headers.get("content-type"), text !== ""]).toEqual(["text/plain; charset=utf-8", true]);
}

describe("a good request", () => {
  it.each(named(cases))("%s", async (_, item) => {
    const response = await ask(item, await goodRequest(item));
    expect(response.status).toBe(item.route.served[item.family]!.status);
    const text = await response.text();
    if (item.route.answer === undefined || item.method === "HEAD") {
      if (response.status < 300) expect(text).toBe("");
    } else {
      expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
      JSON.parse(text);
    }
  });
});

describe("a version that does not have the route", () => {
  it.each(named(allCases.filter((item) => !isServed(item) && !isTaken(item))))("%s", async (_, item) => {
    const response = await ask(item, await goodRequest(item));
    const isYounger = item.route.served[item.family] !== undefined;
    if (isYounger) await expectError(item, response, "notInVersion", "api-version");
    else expect([404, 405]).toContain(response.status);
  });
});

const closed = cases.filter(({ route }) => !route.open);

describe("without a token", () => {
  it.each(named(closed))("%s", async (_, item) => {
    const response = await ask(item, { ...(await goodRequest(item)), token: null });
    expect([response.status, response.headers.get("www-authenticate"), await response.text()]).toEqual([401, "Bearer", ""]);
  });

  it.each(named(cases.filter(({ route }) => route.open)))("%s is open", async (_, item) => {
    for (const token of [null, "abc"]) expect((await ask(item, { ...(await goodRequest(item)), token })).status).toBe(200);
  });
});

describe("a token for another URL", () => {
  it.each(named(closed))("%s", async (_, item) => {
    const path = new URL(await urlOf(item), rest.origin).pathname;
    for (const aud of [
      `http://127.0.0.1${path}x`,
      `http://elsewhere.example${path}`,
      "http://127.0.0.1/client/?hub=table",
      undefined,
    ]) {
      const response = await ask(item, { ...(await goodRequest(item)), token: rest.token(path, { aud }) });
      expect([aud, response.status]).toEqual([aud, 401]);
      expect(response.headers.get("www-authenticate")).toMatch(
        /^Bearer error="invalid_token", error_description="The audience /,
      );
    }
  });
});

describe("an expired or forged token", () => {
  it.each(named(closed))("%s", async (_, item) => {
    const path = new URL(await urlOf(item), rest.origin).pathname;
    const expired = rest.token(path, { exp: inAnHour() - 3700 });
    const [head, , signature] = rest.token(path).split(".");
    const forged = `${head}.${Buffer.from(JSON.stringify({ aud: rest.origin + path, exp: inAnHour() })).toString("base64url")}.${signature}`;
    for (const token of [expired, forged, "abc"]) {
      const response = await ask(item, { ...(await goodRequest(item)), token });
      expect([response.status, await response.text()]).toEqual([401, ""]);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token", error_description="/);
    }
  });
});

describe("every audience that SDKs write", () => {
  it.each(named(closed.filter(({ version }) => version === "v1" || version === newestVersion)))("%s", async (_, item) => {
    const target = await urlOf(item);
    const [path] = target.split("?");
    const { host } = new URL(rest.origin);
    for (const aud of [
      `http://127.0.0.1${path}`,
      `http://${host}${path}`,
      `https://127.0.0.1${path}/`,
      `http://127.0.0.1${target}`,
      [`x`, `http://LOCALHOST${path}`],
    ]) {
      await ready();
      const response = await rest.call(item.method, target, {
        ...(await goodRequest(item)),
        token: rest.token(target, { aud }),
      });
      expect([aud, response.status === 401]).toEqual([aud, false]);
    }
  });
});

/** What is not valid, by parameter. Parameters that take anything are not here. */
const badValues: Readonly<Record<string, readonly string[]>> = {
  hub: ["9x", "a-b", "a%20b", "%C3%BC", "a'b", "x".repeat(129)],
  application: ["9x", "a-b", "x".repeat(129)],
  group: ["%20", "x".repeat(1025), "a%0Ab"],
  groups: ["g1,%20", "x".repeat(1025)],
  users: ["u1,,u2"],
  stream: ["%20", "x".repeat(101)],
  ttl: ["-1", "abc", "1.5", "99999999999"],
  minutesToExpire: ["0", "-5", "soon"],
  completed: ["maybe"],
  filter: ["(", "userId%20eq%205", "user%20eq%20'x'"],
  maxpagesize: ["0", "201", "x"],
  top: ["0", "-1", "x"],
};

describe("a name or parameter that is not valid", () => {
  it.each(named(cases))("%s", async (_, item) => {
    for (const { name, in: place } of item.route.parameters as readonly Parameter<unknown>[]) {
      for (const value of badValues[name] ?? []) {
        const changes = place === "path" ? { path: { [name]: value } } : { query: `${name}=${value}` };
        const response = await ask(item, await goodRequest(item), changes);
        await expectError(item, response, "invalid", name === "groups" ? "group" : name);
      }
    }
  });

  it("a user whose connections are to be closed has at most 1024 characters", async () => {
    const path = `/api/hubs/table/users/${"x".repeat(1025)}/:closeConnections`;
    expect((await rest.call("POST", path)).status).toBe(400);
  });
});

const withBody = cases.filter(({ route }) => route.body !== undefined);

// A raw message may be anything, nothing included.
const withReadBody = withBody.filter(({ route }) => !route.body!.forms.includes("text"));

describe("a body that is missing", () => {
  it.each(named(withReadBody))("%s", async (_, item) => {
    await expectError(item, await ask(item, { body: "" }), "invalid");
    // null is a value of its own for a stream's item.
    if (item.route.body!.schema !== undefined) await expectError(item, await ask(item, { body: "null" }), "invalid");
  });
});

describe("a body of a kind that is not read", () => {
  it.each(named(withReadBody))("%s", async (_, item) => {
    const body = JSON.stringify(item.route.body!.example);
    for (const type of [
      "text/plain",
      "text/json",
      "application/x-www-form-urlencoded",
      "application/json; charset=klingon",
      null,
    ]) {
      await expectError(item, await ask(item, { body, type }), "mediaType");
    }
  });
});

describe("a body beyond the limit", () => {
  // A small limit, so that not every row of the table moves a megabyte.
  beforeAll(() => {
    rest.options = { ...rest.options, maxBodyBytes: 2_000 };
  });
  afterAll(() => {
    rest.options = { ...rest.options, maxBodyBytes: 1024 * 1024 };
  });

  it.each(named(withBody))("%s", async (_, item) => {
    const large = JSON.stringify({ target: "m", arguments: ["x".repeat(rest.options.maxBodyBytes)] });
    await expectError(item, await ask(item, { body: large }), "tooLarge");
  });
});

it("a body of 1 MiB is taken, one byte more is not", async () => {
  const body = (size: number) => `{"target":"m","arguments":["${"x".repeat(size - 31)}"]}`;
  expect(body(100)).toHaveLength(100);
  expect((await rest.call("POST", "/api/hubs/nobody/:send", { body: body(1024 * 1024) })).status).toBe(202);
  expect((await rest.call("POST", "/api/hubs/nobody/:send", { body: body(1024 * 1024 + 1) })).status).toBe(413);
});

describe("a method that the path does not have", () => {
  const byTemplate = Map.groupBy(cases, ({ template }) => template);
  it.each([...byTemplate])("%s", async (_, list) => {
    const allowed = [...new Set(list.map(({ method }) => method))].sort();
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      if (allowed.includes(method as Method)) continue;
      const response = await rest.call(method, await urlOf(list[0]!), { token: null });
      expect([method, response.status, response.headers.get("allow"), await response.text()]).toEqual([
        method,
        405,
        allowed.join(", "),
        "",
      ]);
    }
  });
});

describe("a connection that nobody knows", () => {
  it.each(named(cases.filter(({ template }) => template.includes("{connection}"))))("%s", async (_, item) => {
    const response = await ask(item, await goodRequest(item), { connection: "nobody" });
    const error = item.route.errors.find((name) => name.startsWith("connectionUnknown"));
    const closingIsNoError = item.route.operation === "closeConnection" && item.family !== "dated";
    if (error === undefined || closingIsNoError) expect(response.status).toBe(item.route.served[item.family]!.status);
    else await expectError(item, response, error);
  });
});

describe("users and groups that nobody knows", () => {
  it.each([
    ["HEAD", "/api/hubs/table/users/nobody", "userUnknown"],
    ["GET", "/api/v1/hubs/table/users/U1", "userUnknown"],
    ["HEAD", "/api/hubs/table/groups/empty", "groupUnknown"],
    ["GET", "/api/v1/hubs/table/groups/G1", "groupUnknown"],
    ["GET", "/api/hubs/table/users/u1/groups/other", "userNotInGroup"],
    ["HEAD", "/api/v1/hubs/table/groups/other/users/u1", "userNotInGroup"],
    ["GET", "/api/hubs/table/users/nobody/groups/g1", "userNotInGroup"],
  ] as const)("%s %s", async (method, path, error) => {
    await ready();
    const response = await rest.call(method, path);
    expect([response.status, response.headers.get("x-ms-error-code")]).toEqual([404, restErrors[error].code]);
  });

  it.each([
    ["DELETE", "/api/hubs/table/users/nobody/groups/g1", 204],
    ["DELETE", "/api/hubs/table/users/nobody/groups", 204],
    ["DELETE", "/api/v1/hubs/table/users/nobody/groups", 200],
    ["PUT", "/api/hubs/table/users/nobody/groups/g1", 200],
    ["POST", "/api/hubs/table/users/nobody/:closeConnections", 204],
    ["POST", "/api/hubs/table/groups/nobody/:closeConnections", 204],
    ["GET", "/api/hubs/table/groups/nobody/connections", 200],
  ] as const)("%s %s is no error", async (method, path, status) => {
    expect((await rest.call(method, path)).status).toBe(status);
  });
});

describe("paths that are not served", () => {
  it.each([
    "/health",
    "/",
    "/api",
    "/api/v1",
    "/api/v1/hubs",
    "/api/v1/hubs/table/groups",
    "/api/v1/hubs/table/:execute",
    "/api/v1/hubs/table/groups/g1/connections",
    "/api/v1-preview/hubs/table",
    "/api/v2/hubs/table",
    "/api/hubs//users/u1",
    "/api/hubs/table/users//:send",
    "/api/hubs/table/users/u1/:send/more",
    "/swagger/v1/swagger.json",
  ])("%s", async (path) => {
    for (const method of ["GET", "POST"]) {
      const response = await rest.call(method, path, method === "POST" ? { body: '{"target":"m"}' } : {});
      expect([response.status, await response.text()]).toEqual([404, ""]);
    }
  });

  it("a path that is no percent-encoded UTF-8 is 400", async () => {
    expect((await rest.call("POST", "/api/hubs/table/users/%ff/:send", { body: '{"target":"m"}' })).status).toBe(400);
  });
});

describe("api-version", () => {
  const send = (version: string) =>
    rest.call("POST", `/api/hubs/table/:send?api-version=${version}`, { body: '{"target":"m"}' });

  it.each(["", "2022-06-01", "2024-12-01", "2031-01-01", "2031-01-01-preview"])("%j is served", async (version) => {
    expect((await send(version)).status).toBe(202);
  });

  it.each(["1.0", "2022-06-02", "2015-01-01", "latest"])("%j is refused by name", async (version) => {
    const response = await send(version);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      code: "UnsupportedApiVersion",
      message: `The API version '${version}' is not known.`,
      target: "api-version",
    });
  });

  it("means nothing to health", async () => {
    expect((await rest.call("HEAD", "/api/health?api-version=latest", { token: null })).status).toBe(200);
  });

  it("means nothing in v1", async () => {
    expect((await rest.call("POST", "/api/v1/hubs/table?api-version=1.0", { body: '{"target":"m"}' })).status).toBe(202);
  });
});

it("health answers 503 while the service stops", async () => {
  rest.options = { ...rest.options, draining: true };
  for (const path of ["/api/health", "/api/v1/health"]) {
    for (const method of ["GET", "HEAD"]) expect((await rest.call(method, path, { token: null })).status).toBe(503);
  }
  rest.options = { ...rest.options, draining: false };
});

describe("browsers", () => {
  it("may ask from other origins", async () => {
    const headers = {
      Origin: "https://app.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization",
    };
    const preflight = await rest.call("OPTIONS", "/api/hubs/table/:send", { headers, token: null });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "https://app.example"]);
    const response = await rest.call("POST", "/api/hubs/table/:send", {
      headers: { Origin: "https://app.example" },
      body: '{"target":"m"}',
    });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([202, "https://app.example"]);
  });
});
