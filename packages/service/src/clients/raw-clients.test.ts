import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { type ReceivedRequest, Upstream, type UpstreamHandler } from "../backends/upstream/upstream-fixture.suite.ts";
import { developmentKey } from "../config/settings.ts";
import { Refused, StartedRawService } from "./started-raw-service.suite.ts";

const until = <T>(assertion: () => T | Promise<T>, timeout = 30_000) => vi.waitFor(assertion, { timeout, interval: 20 });
/** What a thousand clients may take on a busy machine, milliseconds. */
const patience = 60_000;
const hub = "/ws/client/hubs/chat";

/** An app that lets everybody in as who the query says, and answers messages by `answer`. */
function app(answer: UpstreamHandler = (_, response) => void response.end()): UpstreamHandler {
  return (request, response) => {
    if (request.header("x-asrs-event") !== "connect") {
      if (request.header("x-asrs-event") === "message") return answer(request, response);
      return void response.end();
    }
    const name = new URLSearchParams(request.header("x-asrs-client-query")).get("name");
    if (name !== null) response.setHeader("x-asrs-user-id", name);
    response.end();
  };
}

async function start(handler: UpstreamHandler = app(), environment: Readonly<Record<string, string>> = {}) {
  const upstream = await Upstream.start(handler);
  const service = await StartedRawService.start(`${upstream.origin}/api/{hub}/{category}/{event}`, environment);
  return { upstream, service };
}

const refusalOf = (connecting: Promise<unknown>): Promise<Refused> =>
  connecting.then(
    () => Promise.reject(new Error("It was let in.")),
    (error) => (error instanceof Refused ? error : Promise.reject(error)),
  );

/** Names and values as they were on the wire, without those of HTTP itself. */
function headersOf({ rawHeaders }: ReceivedRequest): Record<string, string> {
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, i) => [rawHeaders[2 * i]!, rawHeaders[2 * i + 1]!] as const);
  return Object.fromEntries(pairs.filter(([name]) => !["Host", "Connection", "Content-Length"].includes(name)));
}

describe("the events of a raw client (reference serverless-upstream §5.3–5.5)", () => {
  it("are connect, message and disconnect, with the headers of the specification", async () => {
    const { upstream, service } = await start((request, response) => {
      if (request.header("x-asrs-event") === "connect") response.setHeader("Sec-WebSocket-Protocol", "p1");
      return app()(request, response);
    });
    const client = await service.connect(`${hub}/?name=User%20abc&access_token=${service.clientToken()}`, ["p1", "p2"]);
    client.send("hello");
    client.send(Buffer.from([1, 2]));
    await until(() => expect(upstream.requests).toHaveLength(3));
    client.socket.close();
    await until(() => expect(upstream.requests).toHaveLength(4));

    expect(upstream.requests.map(({ method, url, body }) => [method, url, body.toString()])).toEqual([
      ["POST", "/api/chat/connections/connect", ""],
      ["POST", "/api/chat/messages/message", "hello"],
      ["POST", "/api/chat/messages/message", "\u0001\u0002"],
      ["POST", "/api/chat/connections/disconnect", ""],
    ]);
    const [connect, text, binary, disconnect] = upstream.requests.map(headersOf);
    const id = connect!["X-ASRS-Connection-Id"]!;
    const common = {
      "X-ASRS-Connection-Id": id,
      "X-ASRS-Hub": "chat",
      "X-ASRS-User-Claims": expect.stringContaining("nameidentifier: ann"),
      "X-ASRS-Client-Query": "?name=User%20abc",
      "X-ASRS-Signature": `sha256=${createHmac("sha256", developmentKey).update(id).digest("hex")}`,
      "X-ASRS-Idempotency-Key": expect.any(String),
      "X-Forwarded-For": "127.0.0.1",
      Date: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
    };
    const events = { ...common, "X-ASRS-User-Id": "User abc" };
    expect(connect).toEqual({
      ...common,
      "X-ASRS-User-Id": "ann",
      "X-ASRS-Category": "connections",
      "X-ASRS-Event": "connect",
      "Sec-WebSocket-Protocol": "p1, p2",
    });
    const message = { ...events, "X-ASRS-Category": "messages", "X-ASRS-Event": "message" };
    expect(text).toEqual({ ...message, "Content-Type": "text/plain" });
    expect(binary).toEqual({ ...message, "Content-Type": "application/octet-stream" });
    expect(disconnect).toEqual({
      ...events,
      "X-ASRS-Category": "connections",
      "X-ASRS-Event": "disconnect",
    });
  });

  it("go to the first template that matches the hub as the client wrote it, {event} and {category} filled in", async () => {
    const upstream = await Upstream.start(app());
    const service = await StartedRawService.start(
      JSON.stringify([
        { hubPattern: "other", urlTemplate: `${upstream.origin}/wrong` },
        { hubPattern: "Chat", categoryPattern: "connections", urlTemplate: `${upstream.origin}/c/{event}` },
        { urlTemplate: `${upstream.origin}/m/{hub}/{event}` },
      ]),
    );
    (await service.connect("/ws/client/hubs/Chat")).send("x");
    await until(() => expect(upstream.requests.map(({ url }) => url)).toEqual(["/c/connect", "/m/Chat/message"]));
  });

  it("come in order, one at a time, and all of them before disconnect", async () => {
    let atOnce = 0;
    let most = 0;
    const { upstream, service } = await start(
      app(async (_, response) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        atOnce--;
        response.end();
      }),
    );
    const client = await service.connect(`${hub}?name=ann`);
    for (let i = 0; i < 150; i++) client.send(String(i));
    client.socket.close();
    await until(() => expect(upstream.told.at(-1)).toBe("connections/disconnect"));
    const bodies = upstream.requests.slice(1, -1).map(({ body }) => body.toString());
    expect(bodies).toEqual(Array.from({ length: 150 }, (_, i) => String(i)));
    expect(most).toBe(1);
  });

  it("press back on a client that is faster than its upstream; nothing is dropped", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { upstream, service } = await start(
      app(async (_, response) => {
        await held;
        response.end();
      }),
    );
    const client = await service.connect(hub);
    const count = 600;
    for (let i = 0; i < count; i++) client.send(`${i} ${"x".repeat(64 * 1024)}`);
    await until(() => expect(upstream.requests).toHaveLength(2));
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The socket is not read any further: most of it is still here.
    expect(client.socket.bufferedAmount).toBeGreaterThan(10 * 1024 * 1024);
    release();
    await until(() => expect(upstream.requests).toHaveLength(count + 1));
    expect(upstream.requests.slice(1).map(({ body }) => Number.parseInt(body.toString(), 10))).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
  });
});

describe("the answer to connect", () => {
  it("sets the user id, selects a subprotocol, joins groups, and its body is the first message", async () => {
    const { service } = await start((request, response) => {
      if (request.header("x-asrs-event") !== "connect") return void response.end();
      response.setHeader("x-asrs-user-id", "zoë");
      response.setHeader("Sec-WebSocket-Protocol", "p2");
      response.setHeader("X-ASRS-Connection-Group", ["red, blue", "green"]);
      response.end('{"type":"connected"}');
    });
    const client = await service.connect(hub, ["p1", "p2"]);
    expect(client.socket.protocol).toBe("p2");
    await until(() => expect(client.texts).toEqual(['{"type":"connected"}']));
    for (const group of ["red", "blue", "green"])
      expect(await service.status("HEAD", `/ws/api/hubs/chat/groups/${group}`)).toBe(200);
    expect(await service.status("HEAD", "/ws/api/hubs/chat/users/zo%C3%AB")).toBe(200);
  });

  it("may be a broadcast away: the client is not connected before it, and is after it", async () => {
    let service: StartedRawService;
    const upstream = await Upstream.start(async (request, response) => {
      if (request.header("x-asrs-event") === "connect") await service.rest("POST", "/ws/api/v1/hubs/chat/", "somebody comes");
      response.end("welcome");
    });
    service = await StartedRawService.start(`${upstream.origin}/{event}`);
    const first = await service.connect(hub);
    const second = await service.connect(hub);
    await until(() => expect(first.texts).toEqual(["welcome", "somebody comes"]));
    await until(() => expect(second.texts).toEqual(["welcome"]));
  });

  it.each([401, 403, 404, 429, 499])("%i goes to the client, with its body", async (status) => {
    const { upstream, service } = await start((_, response) => {
      response.writeHead(status, {
        "Content-Type": "application/json",
        "Retry-After": "7",
        "X-Internal": "no",
        "Set-Cookie": "a=b",
      });
      response.end('{"reason":"no name"}');
    });
    const refused = await refusalOf(service.connect(hub));
    expect([refused.status, refused.body]).toEqual([status, '{"reason":"no name"}']);
    expect(refused.headers).toMatchObject({ "content-type": "application/json", "retry-after": "7" });
    expect(refused.headers).not.toHaveProperty("x-internal");
    expect(refused.headers).not.toHaveProperty("set-cookie");
    expect(upstream.told).toEqual(["connections/connect"]);
  });

  it.each([500, 503, 304])(
    "%i is no decision: the client gets 502, nothing of the upstream's, and no second attempt",
    async (status) => {
      const { upstream, service } = await start((_, response) => {
        response.writeHead(status);
        response.end(status === 304 ? undefined : "stack trace");
      });
      const refused = await refusalOf(service.connect(hub));
      expect([refused.status, refused.body]).toEqual([502, "The upstream gave no usable answer."]);
      expect(upstream.told).toEqual(["connections/connect"]);
    },
  );

  it("that does not come is 504 after the time limit, and 502 when nobody listens", async () => {
    const { upstream, service } = await start(() => {}, { SIGNALBOX_UPSTREAM_TIMEOUT: "200ms" });
    expect((await refusalOf(service.connect(hub))).status).toBe(504);
    await upstream.stop();
    expect((await refusalOf(service.connect(hub))).status).toBe(502);
  });

  it.each([
    ["a subprotocol that was not offered", { "Sec-WebSocket-Protocol": "p3" }],
    ["two subprotocols", { "Sec-WebSocket-Protocol": "p1, p2" }],
    ["a group that cannot be", { "X-ASRS-Connection-Group": "x".repeat(1025) }],
  ])("with %s is 502, and the upstream hears that the client is gone", async (_, headers) => {
    const { upstream, service } = await start((_, response) => void response.writeHead(200, headers).end());
    expect((await refusalOf(service.connect(hub, ["p1", "p2"]))).status).toBe(502);
    await until(() => expect(upstream.told).toEqual(["connections/connect", "connections/disconnect"]));
    expect(service.logged.join()).toContain("A client is refused: The upstream");
  });

  it.each([{ "Sec-WebSocket-Protocol": "p1" }, { "Sec-WebSocket-Protocol": "" }, {}])(
    "%j selects nothing where the client offers nothing",
    async (headers) => {
      const { service } = await start((_, response) => void response.writeHead(200, headers as Record<string, string>).end());
      expect((await service.connect(hub)).socket.protocol).toBe("");
    },
  );

  it.each([{ "Sec-WebSocket-Protocol": "" }, { "Sec-WebSocket-Protocol": "  " }, {}])(
    "%j selects none of those that the client offers",
    async (headers) => {
      const { upstream, service } = await start(
        (_, response) => void response.writeHead(200, headers as Record<string, string>).end(),
      );
      // Libraries take it for a failure; RFC 6455 does not, and microcontrollers offer what they speak without asking whether.
      const upgraded = request({
        host: "127.0.0.1",
        port: service.port,
        path: hub,
        headers: {
          Connection: "Upgrade",
          Upgrade: "websocket",
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Protocol": "p1, p2",
        },
      }).end();
      const [answer, socket] = (await once(upgraded, "upgrade")) as [IncomingMessage, Socket];
      onTestFinished(() => void socket.destroy());
      expect(answer.statusCode).toBe(101);
      expect(answer.headers).not.toHaveProperty("sec-websocket-protocol");
      expect(upstream.requests[0]!.header("sec-websocket-protocol")).toBe("p1, p2");
    },
  );

  it.each([
    ["text/plain", Buffer.from("wörd"), "text wörd"],
    ["application/octet-stream", Buffer.from("bytes"), "binary bytes"],
    ["application/json", Buffer.from([0xff, 0]), "binary \ufffd\0"],
  ])("of type %s with a body: that is the first message, before all that is sent meanwhile", async (type, body, first) => {
    let service: StartedRawService;
    const upstream = await Upstream.start(async (request, response) => {
      if (request.header("x-asrs-event") !== "connect") return void response.end();
      response.setHeader("X-ASRS-Connection-Group", "all");
      response.setHeader("Content-Type", type);
      response.end(body, () => void service.rest("POST", "/ws/api/v1/hubs/chat/groups/all", "second"));
    });
    service = await StartedRawService.start(`${upstream.origin}/{event}`);
    const client = await service.connect(hub);
    await service.rest("POST", "/ws/api/v1/hubs/chat/groups/all", "last");
    await until(() => expect(client.texts.at(-1)).toBe("last"));
    const [{ data, isBinary }] = client.messages as [(typeof client.messages)[number]];
    expect(`${isBinary ? "binary" : "text"} ${data}`).toBe(first);
  });

  it("that no upstream gives lets in those with a token, and nobody else", async () => {
    const service = await StartedRawService.start(undefined);
    const refused = await refusalOf(service.connect(hub));
    expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    expect(refused.body).toBe("No upstream decides who connects to hub 'chat', so a token is needed.");
    const client = await service.connect(`${hub}?access_token=${service.clientToken()}`);
    client.send("nobody hears it");
    expect(await service.status("HEAD", "/ws/api/v1/hubs/chat/users/ann")).toBe(200);
  });
});

describe("the answer to a message", () => {
  it("goes to its sender: as text, as binary when it is called octet-stream or is no UTF-8, not at all when it is empty", async () => {
    const { service } = await start(
      app(({ body }, response) => {
        const [type, content] = JSON.parse(body.toString()) as [string, string];
        if (type !== "") response.setHeader("Content-Type", type);
        response.end(Buffer.from(content, "latin1"));
      }),
    );
    const [client, other] = [await service.connect(hub), await service.connect(hub)];
    const utf8 = Buffer.from("ü").toString("latin1");
    const answers = [
      ["application/json", '{"type":"log"}'],
      ["", "a"],
      ["text/html; charset=utf-8", utf8],
      ["application/octet-stream", "b"],
      ["Application/Octet-Stream; x=y", utf8],
      ["text/plain", ""],
      ["text/plain", "\xff\xfe"],
    ];
    for (const answer of answers) client.send(JSON.stringify(answer));
    await until(() => expect(client.messages).toHaveLength(6));
    expect(client.messages.map(({ data, isBinary }) => `${isBinary ? "binary" : "text"} ${data}`)).toEqual([
      'text {"type":"log"}',
      "text a",
      "text ü",
      "binary b",
      "binary ü",
      "binary \ufffd\ufffd",
    ]);
    expect(other.messages).toEqual([]);
  });

  it.each([201, 401, 404, 500, 520])("of status %i is its body all the same, and the connection stays", async (status) => {
    const { service } = await start(app((_, response) => void response.writeHead(status).end('{"type":"error"}')));
    const client = await service.connect(hub);
    client.send("a");
    client.send("b");
    await until(() => expect(client.texts).toEqual(['{"type":"error"}', '{"type":"error"}']));
  });

  it("that never comes ends the connection with 1011, and what was sent later is not told", async () => {
    const { upstream, service } = await start(
      app((_, response) => void response.socket!.destroy()),
      { SIGNALBOX_UPSTREAM_RETRIES_ATTEMPTS: "0" },
    );
    const client = await service.connect(hub);
    for (const text of ["a", "b", "c"]) client.send(text);
    expect(await client.closed).toEqual({ code: 1011, text: "The upstream did not answer." });
    await until(() => expect(upstream.told.at(-1)).toBe("connections/disconnect"));
    // A second time when its socket had served before: it may have been closed while idle.
    const messages = upstream.requests.slice(1, -1).map(({ body }) => body.toString());
    expect([["a"], ["a", "a"]]).toContainEqual(messages);
  });

  it("that never comes lets nothing overtake, however much was sent", async () => {
    const { upstream, service } = await start(
      app((_, response) => void setTimeout(() => response.socket!.destroy(), 100)),
      { SIGNALBOX_UPSTREAM_RETRIES_ATTEMPTS: "0" },
    );
    const client = await service.connect(hub);
    for (let i = 0; i < 500; i++) client.send(String(i));
    expect((await client.closed).code).toBe(1011);
    await until(() => expect(upstream.told.at(-1)).toBe("connections/disconnect"));
    expect(new Set(upstream.requests.slice(1, -1).map(({ body }) => body.toString()))).toEqual(new Set(["0"]));
  });

  it("that is too large ends it too, since it cannot be passed on", async () => {
    const { service } = await start(
      app((_, response) => void response.end("x".repeat(5_000))),
      { SIGNALBOX_UPSTREAM_RESPONSE_LIMIT: "4KiB" },
    );
    const client = await service.connect(hub);
    client.send("a");
    expect(await client.closed).toEqual({ code: 1011, text: "The answer of the upstream could not be read." });
  });
});

describe("a message that is too large", () => {
  it("ends its connection with 1009, is told to nobody, and those before it are", async () => {
    const { upstream, service } = await start(app(), { SIGNALBOX_CLIENTS_MAX_MESSAGE_BYTES: "1KiB" });
    const client = await service.connect(hub);
    client.send("x".repeat(1024));
    client.send("x".repeat(1025));
    client.send("later");
    expect((await client.closed).code).toBe(1009);
    const events = ["connections/connect", "messages/message", "connections/disconnect"];
    await until(() => expect(upstream.told).toEqual(events));
    expect(upstream.requests[1]!.body).toHaveLength(1024);
  });
});

describe("disconnect comes exactly once", () => {
  const events = ["connections/connect", "connections/disconnect"];

  it("when the client says goodbye, when it breaks, when REST closes it", async () => {
    for (const leave of [
      async (client: Awaited<ReturnType<StartedRawService["connect"]>>) => client.socket.close(1000),
      async (client: Awaited<ReturnType<StartedRawService["connect"]>>) => client.socket.terminate(),
      async (_: unknown, service: StartedRawService, id: string) => {
        expect(await service.status("DELETE", `/ws/api/v1/hubs/chat/connections/${id}?reason=close%20reason`)).toBe(202);
      },
    ]) {
      const { upstream, service } = await start();
      const client = await service.connect(hub);
      await leave(client, service, upstream.requests[0]!.header("x-asrs-connection-id")!);
      await until(() => expect(upstream.told).toEqual(events));
      await client.closed;
      await service.service.stop();
      expect(upstream.told).toEqual(events);
    }
  });

  it("when the client left while its connect was being decided", async () => {
    let decide = () => {};
    const { upstream, service } = await start((_, response) => {
      decide = () => void response.end();
    });
    const socket = new WebSocket(`ws://127.0.0.1:${service.port}${hub}`);
    socket.on("error", () => {});
    await until(() => expect(upstream.told).toEqual(["connections/connect"]));
    socket.terminate();
    await new Promise((resolve) => socket.on("close", resolve));
    decide();
    await until(() => expect(upstream.told).toEqual(events));
    decide();
  });

  it("when the service drained meanwhile: the client gets 503", async () => {
    let decide = () => {};
    const { upstream, service } = await start((_, response) => {
      decide = () => void response.end();
    });
    const refused = refusalOf(service.connect(hub));
    await until(() => expect(upstream.told).toEqual(["connections/connect"]));
    const drained = service.service.drain();
    decide();
    expect((await refused).status).toBe(503);
    await until(() => expect(upstream.told).toEqual(events));
    decide();
    await drained;
  });

  it("to each of many when the service drains, with code 1001, and draining waits for it", async () => {
    const { upstream, service } = await start();
    const clients = await Promise.all(Array.from({ length: 50 }, () => service.connect(hub)));
    await service.service.drain();
    for (const client of clients) expect((await client.closed).code).toBe(1001);
    expect(upstream.told.filter((event) => event === "connections/disconnect")).toHaveLength(50);
    expect((await refusalOf(service.connect(hub))).status).toBe(503);
  });
});

describe("a thousand clients", () => {
  const connectAll = (service: StartedRawService) =>
    Promise.all(Array.from({ length: 1_000 }, (_, i) => service.connect(`${hub}?name=${i}`)));

  it("before a slow upstream all get their own answers, in order", async () => {
    const { service } = await start(
      app(async ({ body }, response) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        response.end(body);
      }),
    );
    const clients = await connectAll(service);
    for (const [i, client] of clients.entries()) for (let n = 0; n < 5; n++) client.send(`${i} ${n}`);
    await until(() => {
      for (const [i, client] of clients.entries()) expect(client.texts).toEqual([0, 1, 2, 3, 4].map((n) => `${i} ${n}`));
    }, patience);
  }, 120_000);

  it("do not wait for one that does not read: it alone is ended, by name", async () => {
    const { service } = await start(app(), { SIGNALBOX_CLIENTS_MAX_PENDING_BYTES: "256KiB" });
    const clients = await connectAll(service);
    const slow = clients[500]!;
    slow.socket.pause();
    const payload = "x".repeat(16 * 1024);
    // What one socket holds before it presses back is the system's affair.
    await until(async () => {
      for (let i = 0; i < 50; i++) expect(await service.status("POST", "/ws/api/v1/hubs/chat/users/500", payload)).toBe(202);
      expect(await service.status("HEAD", "/ws/api/v1/hubs/chat/users/500")).toBe(404);
    }, patience);
    const expected = Array.from({ length: 10 }, (_, i) => `to all ${i}`);
    for (const text of expected) await service.status("POST", "/ws/api/v1/hubs/chat", text);
    await until(() => {
      for (const client of clients) if (client !== slow) expect(client.texts).toEqual(expected);
    }, patience);
    slow.socket.resume();
    expect(await slow.closed).toEqual({ code: 1008, text: "The client reads too slowly." });
  }, 120_000);
});

describe("a dying upstream", () => {
  it("ends each of a thousand connections with a message under way by name; each message before was told once and in order", async () => {
    const { upstream, service } = await start(app(), { SIGNALBOX_UPSTREAM_RETRIES_ATTEMPTS: "0" });
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => service.connect(hub)));
    clients.forEach((client, i) => {
      for (let n = 0; n < 20; n++) client.send(`${i} ${n}`);
    });
    await until(() => expect(upstream.requests.length).toBeGreaterThan(6_000), patience);
    await upstream.stop();
    // Who had been told everything goes on; the others are ended.
    const ended = new Set<number>();
    clients.forEach((client, i) => void client.closed.then(() => ended.add(i)));
    const told = Map.groupBy(
      upstream.requests.slice(1_000).map(({ body }) => body.toString().split(" ").map(Number) as [client: number, n: number]),
      ([client]) => client,
    );
    await until(() => {
      for (const i of clients.keys()) expect(ended.has(i) || told.get(i)?.length === 20).toBe(true);
    }, patience);
    expect(ended.size).toBeGreaterThan(0);
    for (const i of ended) expect(await clients[i]!.closed).toEqual({ code: 1011, text: "The upstream did not answer." });
    for (const messages of told.values()) expect(messages.map(([, n]) => n)).toEqual(messages.map((_, n) => n));
  }, 120_000);
});
