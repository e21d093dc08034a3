import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { signToken } from "@signalbox/protocol";
import { type Admission, type Listener, listen } from "@signalbox/transport";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { OwnHosts } from "../auth/own-hosts.ts";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import type { Client } from "../hub/hub-connection.ts";
import { ClientDoor, type ClientDoorOptions } from "./client-door.ts";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const second = "a-second-key-a-second-key-a-second-key-a-second";
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const token = (claims: object = {}, signedWith = key) =>
  signToken({ aud: "http://localhost/client/?hub=obs", exp: inAnHour(), ...claims }, { key: signedWith });
const good = token();

// Stands in for the transport's endpoint, which `signalr-clients.test.ts` uses for real: shows what the door hands over, and that it hands over.
class Recorder {
  size = 0;
  negotiating = 0;
  readonly admissions: Admission[] = [];
  negotiate(admission: Admission): Response {
    return this.#record(admission, "negotiated");
  }
  handle(admission: Admission): Response | Promise<Response> {
    return Promise.resolve(this.#record(admission, "handled"));
  }
  upgrade(admission: Admission) {
    this.admissions.push(admission);
    const ignore = () => {};
    return { accept: { open: ignore, message: ignore, closed: ignore } };
  }
  #record(admission: Admission, text: string): Response {
    this.admissions.push(admission);
    return new Response(text);
  }
}

const handler = { opening: () => "answer" as const, opened() {}, message() {}, closed() {} };
const defaults: ClientDoorOptions = { ownHosts: new OwnHosts(), corsOrigins: ["*"], maxConnections: 0, draining: false };

let listener: Listener;
let endpoint: Recorder;
let options: ClientDoorOptions;
let door: ClientDoor;
const errors: unknown[] = [];

beforeAll(async () => {
  listener = await listen({
    port: 0,
    host: "127.0.0.1",
    maxHeaderBytes: 16_384,
    maxMessageBytes: 1_048_576,
    handler: {
      fetch: (request, peer) => door.fetch(request, peer) ?? new Response(null, { status: 404 }),
      upgrade: (request) => door.upgrade(request) ?? { refuse: new Response(null, { status: 404 }) },
      onError: (error) => errors.push(error),
    },
  });
});
afterAll(() => listener.close());
beforeEach(() => {
  endpoint = new Recorder();
  options = defaults;
  errors.length = 0;
  const verifier = createTokenVerifier({ keys: () => [key, second], clockSkewSeconds: () => 300 });
  door = new ClientDoor({ endpoint, handler, verifier, options: () => options });
});

const url = (path: string) => `http://127.0.0.1:${listener.port}${path}`;

interface Sent {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** `token` goes into the Authorization header; a good one unless said otherwise. */
function ask(path: string, sent: Sent = {}): Promise<Response> {
  const bearer = "token" in sent ? sent.token : good;
  const headers = { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...sent.headers };
  return fetch(url(path), { method: sent.method ?? "POST", headers });
}

/** 101, or the refusal's status. */
function openSocket(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url(path).replace("http", "ws"), { headers });
    socket.on("upgrade", (response) => {
      resolve({ status: 101, text: "", headers: new Headers(response.headers as Record<string, string>) });
      socket.on("error", () => {});
      socket.terminate();
    });
    socket.on("unexpected-response", async (_, response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text, headers: new Headers(response.headers as Record<string, string>) });
    });
    socket.on("error", reject);
  });
}

/** What the door decided about the only request that reached the endpoint. */
function admitted(): Admission & { context: Client } {
  expect(endpoint.admissions).toHaveLength(1);
  return endpoint.admissions[0] as Admission & { context: Client };
}

const negotiate = "/client/negotiate?hub=obs";
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (header: object) =>
  `${encode(header)}.${encode({ aud: "http://localhost/client/?hub=obs", exp: inAnHour() })}`;
const hs384 = unsigned({ alg: "HS384" });

describe("paths and methods", () => {
  it.each([
    ["POST", "/client/negotiate?hub=obs", 200],
    ["POST", "/client/negotiate/?hub=obs", 200],
    ["POST", "/CLIENT/Negotiate?hub=obs", 200],
    ["POST", "/client/x?hub=obs", 404],
    ["POST", "/client/refresh?hub=obs", 404],
    ["POST", "/client/%zz?hub=obs", 404],
    ["POST", "/client/%00?hub=obs", 404],
    ["POST", "/server/?hub=obs", 404],
    ["GET", "/client/negotiate?hub=obs", 405],
    ["HEAD", "/client/negotiate?hub=obs", 405],
    ["GET", "/client/?hub=obs&id=x", 200],
    ["GET", "/client?hub=obs&id=x", 200],
    ["POST", "/CLIENT/?hub=obs&id=x", 200],
    ["DELETE", "/client/?hub=obs&id=x", 200],
    ["PUT", "/client/?hub=obs&id=x", 405],
    ["OPTIONS", "/client/?hub=obs&id=x", 405],
  ])("%s %s answers %i", async (method, path, status) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.get("allow")).toMatch(/POST/);
    if (status !== 200) expect(endpoint.admissions).toEqual([]);
  });

  it("a socket is taken at /client with and without the slash, and nowhere else", async () => {
    const query = `?hub=obs&access_token=${good}`;
    expect((await openSocket(`/client/${query}`)).status).toBe(101);
    expect((await openSocket(`/client${query}`)).status).toBe(101);
    expect((await openSocket(`/client/negotiate${query}`)).status).toBe(405);
    expect((await openSocket(`/client/x${query}`)).status).toBe(404);
    expect((await openSocket(`/server/${query}`)).status).toBe(404);
  });
});

describe("tokens", () => {
  const invalid = (text: string) => `Bearer error="invalid_token", error_description="${text}"`;
  it.each([
    ["none", undefined, "Bearer"],
    ["garbage", "abc", invalid("The token is malformed")],
    ["garbage in three parts", "a.b.c", invalid("The token is malformed")],
    ["another key", token({}, "another-key-another-key-another-key"), invalid("The signature key was not found")],
    ["alg none", `${unsigned({ alg: "none" })}.`, invalid("The signature is invalid")],
    [
      "HS384",
      `${hs384}.${createHmac("sha384", key).update(hs384).digest("base64url")}`,
      invalid("The signature algorithm is not HS256 or HS512"),
    ],
    ["expired", token({ exp: 1_600_000_000 }), invalid("The token expired at '09/13/2020 12:26:40'")],
    ["not valid yet", token({ nbf: 4_102_444_800 }), invalid("The token is not valid before '01/01/2100 00:00:00'")],
    ["no exp", token({ exp: undefined }), invalid("The token has no expiration")],
    ["no aud", token({ aud: undefined }), invalid("The audience is missing or is no URL")],
    [
      "aud of another hub",
      token({ aud: "http://localhost/client/?hub=other" }),
      invalid("The audience 'http://localhost/client/?hub=other' is invalid: this request is for '/client/?hub=obs'"),
    ],
    [
      "aud of another service",
      token({ aud: "https://x.service.signalr.net/client/?hub=obs" }),
      invalid(
        "The audience 'https://x.service.signalr.net/client/?hub=obs' is invalid: this service is not known as 'x.service.signalr.net'",
      ),
    ],
    ["aud that breaks headers", token({ aud: 'a"\r\nx: y' }), invalid("The audience is missing or is no URL")],
  ])("%s: 401", async (_, bearer, challenge) => {
    for (const [method, path] of [
      ["POST", negotiate],
      ["GET", "/client/?hub=obs&id=x"],
      ["POST", "/client/?hub=obs&id=x"],
      ["DELETE", "/client/?hub=obs&id=x"],
    ] as const) {
      const answer = await ask(path, { method, token: bearer });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe(challenge);
      expect(await answer.text()).not.toBe("");
    }
    const socket = await openSocket(`/client/?hub=obs${bearer === undefined ? "" : `&access_token=${bearer}`}`);
    expect(socket.status).toBe(401);
    expect(socket.headers.get("www-authenticate")).toBe(challenge);
    expect(endpoint.admissions).toEqual([]);
  });

  it.each([
    ["the second key", token({}, second)],
    ["HS512", signToken({ aud: "http://localhost/client/?hub=obs", exp: inAnHour() }, { key, algorithm: "HS512" })],
    ["an audience with a port", token({ aud: "http://localhost:8888/client/?hub=obs" })],
    ["an audience of the name that was called", token({ aud: "https://127.0.0.1/client/?hub=OBS" })],
    ["an expiry within the clock skew", token({ exp: inAnHour() - 3_700 })],
  ])("%s: 200", async (_, bearer) => {
    expect((await ask(negotiate, { token: bearer })).status).toBe(200);
  });

  it("in the query count for sockets and event streams alone", async () => {
    const path = `${negotiate}&access_token=${good}`;
    expect((await ask(path, { token: undefined })).status).toBe(401);
    expect((await ask(path, { token: undefined, headers: { accept: "text/event-stream" } })).status).toBe(200);
    expect(
      (await ask(path, { token: undefined, headers: { accept: "text/event-stream", authorization: "Basic x" } })).status,
    ).toBe(401);
    expect((await openSocket(`/client/?hub=obs&access_token=${good}`)).status).toBe(101);
  });

  it("in the header win over the query, good or bad", async () => {
    expect((await openSocket(`/client/?hub=obs&access_token=${good}`, { authorization: "Bearer abc" })).status).toBe(401);
    expect((await openSocket("/client/?hub=obs&access_token=abc", { authorization: `Bearer ${good}` })).status).toBe(101);
  });

  it("given twice in the query: the last one counts", async () => {
    expect((await openSocket(`/client/?hub=obs&access_token=abc&access_token=${good}`)).status).toBe(101);
    expect((await openSocket(`/client/?hub=obs&access_token=${good}&access_token=abc`)).status).toBe(401);
    expect((await openSocket(`/client/?hub=obs&access_token=${good}&access_token=`)).status).toBe(401);
  });

  it("are judged before the hub and the method", async () => {
    expect((await ask("/client/negotiate", { token: "abc" })).status).toBe(401);
    expect((await ask("/client/", { method: "PUT", token: undefined })).status).toBe(401);
    expect((await ask("/client/", { method: "OPTIONS", token: undefined })).status).toBe(401);
  });
});

describe("hub", () => {
  it.each([
    ["absent", "", "The query parameter 'hub' is required."],
    ["empty", "?hub=", "The query parameter 'hub' is required."],
    ["given twice", "?hub=obs&hub=obs", "The query parameter 'hub' must be given once only."],
    ["given twice in two spellings", "?hub=obs&HUB=obs", "The query parameter 'hub' must be given once only."],
    ["badly begun", "?hub=9%20x", "Invalid hub name '9 x'. "],
    ["with a null byte", "?hub=a%00b", "Invalid hub name 'a\0b'. "],
    ["with broken percent-encoding", "?hub=%zz", "Invalid hub name '%zz'. "],
    ["with broken UTF-8", "?hub=a%ff", "Invalid hub name 'a%ff'. "],
    ["with a line break", "?hub=obs%0a", "Invalid hub name 'obs\n'. "],
    ["of 129 characters", `?hub=${"h".repeat(129)}`, `Invalid hub name '${"h".repeat(64)}...'. `],
  ])("%s: 400", async (_, query, text) => {
    for (const [method, path] of [
      ["POST", "/client/negotiate"],
      ["GET", "/client/"],
    ] as const) {
      const answer = await ask(path + query, { method });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(text);
    }
    const socket = await openSocket(`/client/${query}`, { authorization: `Bearer ${good}` });
    expect(socket.status).toBe(400);
    expect(socket.text).toContain(text);
    expect(endpoint.admissions).toEqual([]);
  });

  it.each(["obs", "app_hub", "a.b", "x`,.[]_", "H".repeat(128)])(
    "%s is a name, found in lower case, kept as spelled",
    async (name) => {
      const aud = `http://localhost/client/?hub=${encodeURIComponent(name.toLowerCase())}`;
      expect((await ask(`/client/negotiate?hub=${encodeURIComponent(name)}`, { token: token({ aud }) })).status).toBe(200);
      expect(admitted().scope).toBe(name.toLowerCase());
      expect(admitted().context).toMatchObject({ hub: name.toLowerCase(), hubName: name });
    },
  );
});

describe("what the client is, by its token and query", () => {
  it("reaches the hub with it", async () => {
    const bearer = token({ nameid: "u1", role: ["admin", "x"], "asrs.s.uid": "uidX" });
    expect((await ask("/client/?hub=OBS&foo=b%20ar&foo=2&id=xyz&access_token=t", { token: bearer })).status).toBe(200);
    const { context, scope, transports, limits, expiresAt } = admitted();
    expect(scope).toBe("obs");
    expect(context).toMatchObject({ hub: "obs", hubName: "OBS", userId: "uidX", query: "?hub=OBS&foo=b%20ar&foo=2" });
    expect(context.claims.map(({ value }) => value).slice(2)).toEqual(["u1", "admin", "x", "uidX"]);
    expect({ transports, limits, expiresAt }).toEqual({});
  });

  it("limits it as the asrs claims say", async () => {
    const bearer = token({
      "asrs.s.htt": "5",
      "asrs.s.cht": "20",
      "asrs.s.ttl": "10",
      "asrs.s.coae": "true",
      "asrs.s.aeo": "1700000000",
    });
    await ask(negotiate, { token: bearer });
    expect(admitted()).toMatchObject({
      transports: ["WebSockets", "LongPolling"],
      limits: { handshakeTimeout: 20_000, pollInterval: 10_000 },
      expiresAt: 1_700_000_000_000,
    });
  });

  it("is anonymous without a user id", async () => {
    await ask(negotiate);
    expect(admitted().context.userId).toBeUndefined();
  });
});

describe("room", () => {
  it("a full service refuses new clients with 429 and lets existing ones go on", async () => {
    options = { ...defaults, maxConnections: 2 };
    endpoint.size = 1;
    expect((await ask(negotiate)).status).toBe(200);
    endpoint.negotiating = 1;
    const answer = await ask(negotiate);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await openSocket(`/client/?hub=obs&access_token=${good}`)).status).toBe(429);
    expect((await ask("/client/?hub=obs&id=x", { method: "GET" })).status).toBe(200);
    expect((await ask(negotiate, { token: "abc" })).status).toBe(401);
  });

  it("a draining service refuses new clients with 503 and lets existing ones go on", async () => {
    options = { ...defaults, draining: true };
    const answer = await ask(negotiate);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await openSocket(`/client/?hub=obs&access_token=${good}`)).status).toBe(503);
    expect((await openSocket(`/client/?hub=obs&id=x&access_token=${good}`)).status).toBe(101);
    for (const method of ["GET", "POST", "DELETE"]) {
      expect((await ask("/client/?hub=obs&id=x", { method })).status).toBe(200);
    }
  });
});

describe("CORS", () => {
  const origin = "https://app.example.com";
  const preflight = { method: "OPTIONS", token: undefined } as const;
  const asking = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,x-requested-with",
  };

  it("a preflight needs no token and grants what it asks for, with credentials", async () => {
    for (const path of [negotiate, "/client/?hub=obs&id=x", "/client/refresh"]) {
      const answer = await ask(path, { ...preflight, headers: asking });
      expect(answer.status).toBe(204);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization,x-requested-with",
        "access-control-max-age": "7200",
        vary: "Origin",
      });
    }
    expect(endpoint.admissions).toEqual([]);
  });

  it.each([
    ["200", negotiate, "POST", good],
    ["200 of the endpoint", "/client/?hub=obs&id=x", "GET", good],
    ["400", "/client/negotiate", "POST", good],
    ["401", negotiate, "POST", undefined],
    ["404", "/client/x", "POST", good],
    ["405", negotiate, "GET", good],
  ])("a %s can be read by the page that asked", async (status, path, method, bearer) => {
    const answer = await ask(path, { method, token: bearer, headers: { origin } });
    expect(answer.status).toBe(Number.parseInt(status, 10));
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect(answer.headers.get("vary")).toBe("Origin");
  });

  it("a refused socket carries it as well", async () => {
    const { status, headers } = await openSocket("/client/?hub=obs", { origin });
    expect(status).toBe(401);
    expect(headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("nothing is said to callers without an origin", async () => {
    const answer = await ask(negotiate);
    expect(answer.headers.has("access-control-allow-origin")).toBe(false);
    expect(answer.headers.has("vary")).toBe(false);
  });

  it("origins can be restricted", async () => {
    options = { ...defaults, corsOrigins: [origin] };
    const allowed = await ask(negotiate, { headers: { origin } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
    const other = await ask(negotiate, { headers: { origin: "https://evil.example.com" } });
    expect(other.headers.has("access-control-allow-origin")).toBe(false);
    expect(other.headers.get("vary")).toBe("Origin");
    const question = await ask(negotiate, { ...preflight, headers: { ...asking, origin: "https://evil.example.com" } });
    expect(question.headers.has("access-control-allow-origin")).toBe(false);
  });
});

describe("bad input", () => {
  /** The status of whatever bytes, sent as they are. */
  function raw(head: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = connect(listener.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
        if (status === undefined) return;
        resolve(Number(status));
        socket.destroy();
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`closed after '${text}'`)));
      socket.write(Buffer.from(head, "latin1"));
    });
  }
  const request = (target: string, headers: readonly string[] = []) =>
    raw([`POST ${target} HTTP/1.1`, "Host: localhost", "Content-Length: 0", ...headers, "", ""].join("\r\n"));
  const authorized = [`Authorization: Bearer ${good}`];

  it.each([
    ["a hub of 100,000 characters", () => request(`/client/negotiate?hub=${"h".repeat(100_000)}`, authorized)],
    ["a hub of 10,000 characters", () => request(`/client/negotiate?hub=${"h".repeat(10_000)}`, authorized)],
    ["3,000 hubs", () => request(`/client/negotiate?${"hub&".repeat(3_000)}`, authorized)],
    ["a token of 100,000 characters", () => request(negotiate, [`Authorization: Bearer ${"x".repeat(100_000)}`])],
    ["a token of 15,000 characters", () => request(negotiate, [`Authorization: Bearer ${"x".repeat(15_000)}`])],
    ["a token of dots", () => request(negotiate, [`Authorization: Bearer ${".".repeat(10_000)}`])],
    ["a token of high bytes", () => request(negotiate, ["Authorization: Bearer \xff\xfe.\xfd.\xfc"])],
    ["broken percent-encoding everywhere", () => request("/client/%e0%a4%a?%ff=%&hub=%&=%%%&id=%c3", authorized)],
    ["a path that begins with two slashes", () => request("//client/negotiate?hub=obs", authorized)],
    ["null bytes in the query", () => request("/client/negotiate?hub=obs%00&%00=%00", authorized)],
    ["null bytes in the path", () => request("/client/%00%00?hub=obs", authorized)],
    ["raw high bytes in the target", () => request("/client/negotiate?hub=\xc3\xbc", authorized)],
    ["a host that is none", () => raw(`POST ${negotiate} HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n`)],
    ["an absolute target", () => request(`http://localhost/client/negotiate?hub=9`, authorized)],
    ["an asterisk", () => raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")],
  ])("%s gets a 4xx", async (_, send) => {
    const status = await send();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(errors).toEqual([]);
    expect((await ask(negotiate)).status).toBe(200);
  });
});
