import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { type ReceivedRequest, Upstream, type UpstreamHandler } from "../backends/upstream/upstream-fixture.suite.ts";
import { rawRoute } from "./raw-route.ts";
import { Refused, StartedRawService } from "./started-raw-service.suite.ts";

const until = <T>(assertion: () => T | Promise<T>) => vi.waitFor(assertion, { interval: 20 });

/** The status of a connect: 101, or that of the refusal. */
async function statusOf(connecting: Promise<unknown>): Promise<number> {
  try {
    await connecting;
    return 101;
  } catch (error) {
    if (error instanceof Refused) return error.status;
    throw error;
  }
}

async function start(
  environment: Readonly<Record<string, string>> = {},
  handler: UpstreamHandler = (_, response) => void response.end(),
) {
  const upstream = await Upstream.start(handler);
  const service = await StartedRawService.start(`${upstream.origin}/{event}`, environment);
  const connected = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<ReceivedRequest> => {
    const before = upstream.requests.length;
    await service.connect(path, [], { headers });
    return upstream.requests[before]!;
  };
  return { upstream, service, connected };
}

describe("the address of a raw client (reference serverless-upstream §5.2)", () => {
  it.each([
    ["/ws/client", { hub: undefined }],
    ["/ws/client/", { hub: undefined }],
    ["/WS/Client", { hub: undefined }],
    ["/ws/client/hubs/chat", { hub: "chat" }],
    ["/ws/client/Hubs/Chat/", { hub: "Chat" }],
    ["/ws/client/hubs/a%60b", { hub: "a`b" }],
    ["/ws/client/hubs/%ff", { hub: "%ff" }],
    ["/ws/client/hubs", "nowhere"],
    ["/ws/client/hubs/", "nowhere"],
    ["/ws/client/hubs/a/b", "nowhere"],
    ["/ws/client/x", "nowhere"],
    ["/ws/client//", "nowhere"],
    ["/ws/clients", undefined],
    ["/ws", undefined],
    ["/client/ws", undefined],
    ["//ws/client", undefined],
  ])("%s", (path, route) => expect(rawRoute(path)).toEqual(route));

  it.each([
    ["/ws/client", "_default"],
    ["/ws/client/?name=x", "_default"],
    ["/ws/client/hubs/_default", "_default"],
    ["/ws/client/hubs/chat", "chat"],
    ["/ws/client?hubs=Chat", "Chat"],
    ["/ws/client/?HUBS=chat&hubs=CHAT", "chat"],
    ["/ws/client/hubs/chat/?hubs=chat", "chat"],
  ])("%s is in the hub %s", async (path, hub) => {
    const { connected, service } = await start();
    const { header } = await connected(path);
    expect(header("x-asrs-hub")).toBe(hub);
    const named = hub === "_default" ? "/ws/api/v1" : `/ws/api/v1/hubs/${hub}`;
    expect(await service.status("HEAD", `${named}/connections/${header("x-asrs-connection-id")}`)).toBe(200);
  });

  it.each([
    ["/ws/client/hubs/9x", 400],
    ["/ws/client/hubs/a-b", 400],
    [`/ws/client/hubs/${"x".repeat(129)}`, 400],
    ["/ws/client/hubs/%ff", 400],
    ["/ws/client?hubs=", 400],
    ["/ws/client?hubs=a&hubs=b", 400],
    ["/ws/client/hubs/a?hubs=b", 400],
    ["/ws/client/nothing", 404],
    ["/ws/other", 404],
  ])("%s is refused with %i, and no upstream hears of it", async (path, status) => {
    const { upstream, service } = await start();
    expect(await statusOf(service.connect(path))).toBe(status);
    expect(upstream.requests).toEqual([]);
  });

  it("is for WebSockets alone", async () => {
    const { service } = await start();
    const response = await fetch(`http://127.0.0.1:${service.port}/ws/client/hubs/chat`);
    expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect((await fetch(`http://127.0.0.1:${service.port}/ws/client/x`)).status).toBe(404);
  });

  it("has the rest of its query in X-ASRS-Client-Query, as sent", async () => {
    const { connected, service } = await start();
    const query = `?name=User%20abc&access_token=${service.clientToken("/ws/client")}&id=7&x=%C3%BC+1`;
    expect((await connected(`/ws/client/${query}`)).header("x-asrs-client-query")).toBe("?name=User%20abc&id=7&x=%C3%BC+1");
    expect((await connected("/ws/client")).header("x-asrs-client-query")).toBeUndefined();
  });
});

describe("the token of a raw client", () => {
  it.each([
    "/ws/client/hubs/chat/",
    "/ws/client/hubs/chat",
    "/ws/client/hubs/Chat",
    "/ws/client?hubs=chat",
    "/ws/client/?hubs=CHAT",
  ])("may be for %s", async (audience) => {
    const { connected, service } = await start();
    const token = service.clientToken(audience);
    expect((await connected(`/ws/client/hubs/chat?access_token=${token}`)).header("x-asrs-user-id")).toBe("ann");
    expect((await connected("/ws/client?hubs=chat", { Authorization: `Bearer ${token}` })).header("x-asrs-user-id")).toBe(
      "ann",
    );
  });

  it.each([
    ["for another hub", (service: StartedRawService) => service.clientToken("/ws/client/hubs/other")],
    ["for the default hub", (service: StartedRawService) => service.clientToken("/ws/client")],
    ["for a SignalR client", (service: StartedRawService) => service.clientToken("/client/?hub=chat")],
    ["for REST", (service: StartedRawService) => service.clientToken("/ws/api/v1/hubs/chat")],
    ["expired", (service: StartedRawService) => service.clientToken(undefined, { exp: 1 })],
    ["forged", (service: StartedRawService) => `${service.clientToken().slice(0, -3)}abc`],
    ["no token at all", () => "abc"],
    ["a long text", () => "x".repeat(10_000)],
  ])("%s is 401, and no upstream hears of it", async (_, token) => {
    const { upstream, service } = await start();
    const given = token(service);
    expect(await statusOf(service.connect(`/ws/client/hubs/chat?access_token=${given}`))).toBe(401);
    expect(await statusOf(service.connect("/ws/client/hubs/chat", [], { headers: { Authorization: `Bearer ${given}` } }))).toBe(
      401,
    );
    expect(upstream.requests).toEqual([]);
  });

  it("is not passed over when it is of another scheme", async () => {
    const { service } = await start();
    expect(await statusOf(service.connect("/ws/client", [], { headers: { Authorization: "Basic YTpi" } }))).toBe(401);
  });

  it("ends the connection with itself where it says so", async () => {
    const { service } = await start();
    const claims = { "asrs.s.coae": "true", "asrs.s.aeo": String(Math.floor(Date.now() / 1000) + 1) };
    const client = await service.connect(`/ws/client/hubs/chat?access_token=${service.clientToken(undefined, claims)}`);
    expect(await client.closed).toEqual({ code: 1008, text: "The authentication of this connection has expired." });
  });

  it("does not open the door of SignalR clients", async () => {
    const { service } = await start();
    expect(await statusOf(service.connect(`/client/?hub=chat&access_token=${service.clientToken()}`))).toBe(401);
  });
});

describe("room", () => {
  it("is shared with SignalR clients, and those still waiting for their upstream count", async () => {
    const { upstream, service } = await start({ SIGNALBOX_CLIENTS_MAX_CONNECTIONS: "2" }, (_, response) => {
      if (upstream.requests.length === 1) response.end();
    });
    await service.connect("/ws/client");
    service.connect("/ws/client").catch(() => {});
    await until(() => expect(upstream.requests).toHaveLength(2));
    expect(await statusOf(service.connect("/ws/client"))).toBe(429);
    const token = service.clientToken("/client/?hub=chat");
    const negotiated = await fetch(`http://127.0.0.1:${service.port}/client/negotiate?hub=chat&negotiateVersion=1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(negotiated.status).toBe(429);
  });
});

describe("what a proxy says", () => {
  const claimed = { "X-Forwarded-For": "1.2.3.4, 5.6.7.8", "X-Client-Cert-Thumbprint": `${"aa:".repeat(19)}aa` };

  it("counts when it is trusted", async () => {
    const { connected } = await start({ SIGNALBOX_PROXIES_TRUSTED: "127.0.0.0/8" });
    const { header } = await connected("/ws/client", claimed);
    expect(header("x-forwarded-for")).toBe("1.2.3.4, 5.6.7.8, 127.0.0.1");
    expect(header("x-asrs-client-cert-thumbprint")).toBe("AA".repeat(20));
  });

  it("does not count otherwise", async () => {
    const { connected } = await start({ SIGNALBOX_PROXIES_TRUSTED: "10.0.0.7" });
    const { header } = await connected("/ws/client", claimed);
    expect(header("x-forwarded-for")).toBe("127.0.0.1");
    expect(header("x-asrs-client-cert-thumbprint")).toBeUndefined();
  });

  it("may stand in another header", async () => {
    const { connected } = await start({
      SIGNALBOX_PROXIES_TRUSTED: "*",
      SIGNALBOX_PROXIES_CERTIFICATE_HEADER: "X-SSL-Fingerprint",
    });
    expect((await connected("/ws/client", claimed)).header("x-asrs-client-cert-thumbprint")).toBeUndefined();
    const { header } = await connected("/ws/client", { "X-SSL-Fingerprint": "ab".repeat(32) });
    expect(header("x-asrs-client-cert-thumbprint")).toBe("AB".repeat(32));
  });

  it("must be a thumbprint, or nothing", async () => {
    const { service, connected } = await start({ SIGNALBOX_PROXIES_TRUSTED: "*" });
    for (const value of ["none", "abc", "é", "aa".repeat(21)]) {
      const headers = { "X-Client-Cert-Thumbprint": value };
      expect(await statusOf(service.connect("/ws/client", [], { headers }))).toBe(400);
    }
    expect(
      (await connected("/ws/client", { "X-Client-Cert-Thumbprint": "" })).header("x-asrs-client-cert-thumbprint"),
    ).toBeUndefined();
  });
});

describe("hostile input", () => {
  it("of clients reaches an upstream as header values and nothing else", async () => {
    const { connected } = await start({ SIGNALBOX_PROXIES_TRUSTED: "*" });
    const evil = "/ws/client?name=a%0d%0aX-ASRS-User-Id:%20admin&b=\u00fc&c='\"\\";
    const request = await connected(encodeURI(decodeURI(evil)).replaceAll("%0D%0A", "%0d%0a"), {
      "X-ASRS-User-Id": "admin",
      "X-Forwarded-For": "x\ty",
    });
    expect(request.header("x-asrs-user-id")).toBeUndefined();
    expect(request.header("x-asrs-client-query")).toContain("%0d%0aX-ASRS-User-Id");
    expect(request.header("x-forwarded-for")).toMatch(/^x%09y, /);
  });

  it("of upstreams reaches no client's headers", async () => {
    const { service } = await start({}, (_, response) => {
      // Bytes that Node itself refuses to write.
      response.socket!.end(
        Buffer.from("HTTP/1.1 403 No\r\nContent-Type: text/html\xff\r\nX-Evil: 1\r\nContent-Length: 2\r\n\r\nno", "latin1"),
      );
    });
    const refused = await service.connect("/ws/client").catch((error) => error as Refused);
    expect(refused).toMatchObject({ status: 403, body: "no" });
    expect(refused).not.toHaveProperty("headers.x-evil");
  });

  it.each([
    ["UTF-8", Buffer.from("zoë").toString("latin1")],
    ["Latin-1, as Node writes it", "zoë"],
  ])("no upstream has to decode: a user id in %s comes back as it was given", async (_, bytes) => {
    const { service, upstream } = await start({}, (request, response) => {
      if (request.header("x-asrs-event") === "connect") response.setHeader("x-asrs-user-id", bytes);
      response.end();
    });
    const client = await service.connect("/ws/client");
    client.send("x");
    await until(() => expect(upstream.requests).toHaveLength(2));
    const { rawHeaders } = upstream.requests[1]!;
    expect(rawHeaders[rawHeaders.indexOf("X-ASRS-User-Id") + 1]).toBe(bytes);
    expect(await service.status("HEAD", "/ws/api/v1/users/zo%C3%AB")).toBe(200);
  });

  it("of upstreams in the user id stays a user id", async () => {
    const { service, upstream } = await start({}, (request, response) => {
      if (request.header("x-asrs-event") === "connect")
        response.setHeader("x-asrs-user-id", Buffer.from("zoë, 日本\t!").toString("latin1"));
      response.end();
    });
    const client = await service.connect("/ws/client");
    client.send("x");
    await until(() => expect(upstream.requests).toHaveLength(2));
    expect(upstream.requests[1]!.header("x-asrs-user-id")).toBe("zoë, 日本%09!");
    expect(await service.status("HEAD", `/ws/api/v1/users/${encodeURIComponent("zoë, 日本\t!")}`)).toBe(200);
  });
});

describe("the certificate of a client", () => {
  it("goes to the upstream when the TLS listener asks for it, whoever issued it; one without is let in too", async () => {
    const upstream = await Upstream.start((_, response) => void response.end());
    const [server, own] = await Promise.all(
      ["localhost", "device 7"].map((value) => generate([{ name: "commonName", value }], { keySize: 2048 })),
    );
    const folder = mkdtempSync(join(tmpdir(), "signalbox-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "cert.pem"), server!.cert);
    writeFileSync(join(folder, "key.pem"), server!.private);
    const service = await StartedRawService.start(`${upstream.origin}/{event}`, {
      SIGNALBOX_TLS_CERT: join(folder, "cert.pem"),
      SIGNALBOX_TLS_KEY: join(folder, "key.pem"),
      SIGNALBOX_TLS_REQUEST_CERTIFICATE: "true",
    });
    const open = (options: object) =>
      new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`wss://127.0.0.1:${service.port}/ws/client`, { rejectUnauthorized: false, ...options });
        socket.on("open", resolve).on("error", reject);
      });
    await open({ cert: own!.cert, key: own!.private });
    await open({});
    expect(upstream.requests.map(({ header }) => header("x-asrs-client-cert-thumbprint"))).toEqual([
      own!.fingerprint.replaceAll(":", "").toUpperCase(),
      undefined,
    ]);
  });
});
