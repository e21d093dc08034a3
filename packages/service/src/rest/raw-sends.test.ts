import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { describe, expect, it, vi } from "vitest";
import { Upstream } from "../backends/upstream/upstream-fixture.suite.ts";
import { type RawWebSocket, StartedRawService } from "../clients/started-raw-service.suite.ts";

const until = <T>(assertion: () => T | Promise<T>) => vi.waitFor(assertion, { interval: 20 });

/** A service whose upstream takes everybody in, as who the query says. */
async function start() {
  const upstream = await Upstream.start((request, response) => {
    const name = new URLSearchParams(request.header("x-asrs-client-query")).get("name");
    if (name !== null) response.setHeader("x-asrs-user-id", name);
    response.end();
  });
  const service = await StartedRawService.start(`${upstream.origin}/{event}`);
  const connect = async (path: string): Promise<{ readonly client: RawWebSocket; readonly id: string }> => {
    const before = upstream.requests.length;
    const client = await service.connect(path);
    return { client, id: upstream.requests[before]!.header("x-asrs-connection-id")! };
  };
  return { upstream, service, connect };
}

const texts = (...clients: readonly { readonly client: RawWebSocket }[]) => clients.map(({ client }) => client.texts.splice(0));

describe.each([
  ["May 2020", "/ws/api/v1/hubs/chat", "/ws/client/hubs/chat", ""],
  ["May 2020, default hub", "/ws/api/v1", "/ws/client", ""],
  ["October 2020", "/ws/api/hubs/chat", "/ws/client/hubs/chat", "/messages"],
  ["October 2020, default hub", "/ws/api", "/ws/client", "/messages"],
])("REST of raw WebSockets, %s (reference serverless-upstream §5.6)", (_, base, client, noun) => {
  it("sends to all, users, groups and connections, leaves out who is excluded, with a trailing slash or without", async () => {
    const { service, connect } = await start();
    const [ann, bob, elsewhere] = [
      await connect(`${client}?name=ann`),
      await connect(`${client}?name=bob`),
      await connect("/ws/client/hubs/other"),
    ];
    expect(await service.status("PUT", `${base}/groups/g%201/connections/${bob.id}`)).toBe(200);
    for (const [path, text] of [
      [`${base}${noun}`, "to all"],
      [`${base}${noun}/`, "to all, slash"],
      [`${base}${noun}?excluded=${ann.id}&excluded=x`, "not to ann"],
      [`${base}/users/ann${noun}`, "to ann"],
      [`${base}/groups/g%201${noun}/`, "to the group"],
      [`${base}/groups/g%201${noun}?excluded=${bob.id}`, "to nobody"],
      [`${base}/connections/${ann.id}${noun}`, "to ann's connection"],
      [`${base}/connections/unknown${noun}`, "to nobody"],
      [`${base}/users/unknown${noun}`, "to nobody"],
    ] as const)
      expect([path, await service.status("POST", path, text)]).toEqual([path, 202]);
    await until(() => expect(ann.client.texts).toEqual(["to all", "to all, slash", "to ann", "to ann's connection"]));
    await until(() => expect(bob.client.texts).toEqual(["to all", "to all, slash", "not to ann", "to the group"]));
    expect(elsewhere.client.texts).toEqual([]);
  });

  it("tells by GET and HEAD who exists, with a trailing slash or without, and HEAD without a body", async () => {
    const { service, connect } = await start();
    const { id } = await connect(`${client}?name=ann`);
    await service.rest("PUT", `${base}/groups/g/users/ann`);
    const there = [`connections/${id}`, "users/ann", "groups/g", "groups/g/users/ann", "users/ann/groups/g"];
    const absent = ["connections/x", "users/bob", "groups/h", "groups/g/users/bob", "users/ann/groups/h"];
    for (const [paths, status] of [
      [there, 200],
      [absent, 404],
    ] as const) {
      for (const path of paths.flatMap((path) => [path, `${path}/`])) {
        for (const method of ["GET", "HEAD"]) {
          const response = await service.rest(method, `${base}/${path}`);
          expect([method, path, response.status]).toEqual([method, path, status]);
          if (method === "HEAD") expect(await response.text()).toBe("");
        }
      }
    }
  });

  it("keeps users in groups: their connections of now and later, for as long as `ttl` says", async () => {
    const { service, connect } = await start();
    const now = await connect(`${client}?name=ann`);
    expect(await service.status("PUT", `${base}/groups/g/users/ann`)).toBe(202);
    expect(await service.status("PUT", `${base}/users/ann/groups/mirror?ttl=1`)).toBe(202);
    expect(await service.status("PUT", `${base}/groups/g/users/ann?ttl=-1`)).toBe(400);
    const later = await connect(`${client}?name=ann`);
    await service.rest("POST", `${base}/groups/g${noun}`, "both");
    await until(() => expect(texts(now, later)).toEqual([["both"], ["both"]]));
    await until(async () => expect(await service.status("HEAD", `${base}/groups/mirror`)).toBe(404));
    expect(await service.status("DELETE", `${base}/groups/g/users/ann`)).toBe(202);
    expect(await service.status("HEAD", `${base}/groups/g`)).toBe(404);
    await service.rest("PUT", `${base}/users/ann/groups/h`);
    expect(await service.status("DELETE", `${base}/users/ann/groups`)).toBe(200);
    expect(await service.status("HEAD", `${base}/groups/h`)).toBe(404);
  });

  it("puts connections into groups and takes them out, in both spellings; an unknown one is 404 for joining alone", async () => {
    const { service, connect } = await start();
    const { id } = await connect(client);
    for (const path of [`groups/g/connections/${id}`, `connections/${id}/groups/g`]) {
      expect(await service.status("PUT", `${base}/${path}`)).toBe(200);
      expect(await service.status("HEAD", `${base}/groups/g`)).toBe(200);
      expect(await service.status("DELETE", `${base}/${path}`)).toBe(200);
      expect(await service.status("HEAD", `${base}/groups/g`)).toBe(404);
    }
    expect(await service.status("PUT", `${base}/groups/g/connections/unknown`)).toBe(404);
    expect(await service.status("DELETE", `${base}/groups/g/connections/unknown`)).toBe(200);
  });

  it("closes a connection with a reason that its client reads", async () => {
    const { service, connect } = await start();
    const { client: socket, id } = await connect(client);
    expect(await service.status("DELETE", `${base}/connections/${id}?reason=go%20away%20%C3%BC`)).toBe(202);
    expect(await socket.closed).toEqual({ code: 1000, text: "go away ü" });
    expect(await service.status("DELETE", `${base}/connections/${id}`)).toBe(202);
  });

  it("wants a token for its URL", async () => {
    const { service } = await start();
    const url = `http://127.0.0.1:${service.port}${base}${noun}`;
    const headers = { "Content-Type": "text/plain" };
    expect((await fetch(url, { method: "POST", headers, body: "x" })).status).toBe(401);
    const authorization = `Bearer ${service.clientToken("/api/v1/hubs/chat")}`;
    expect((await fetch(url, { method: "POST", headers: { ...headers, authorization }, body: "x" })).status).toBe(401);
  });
});

describe("the body of a send", () => {
  const path = "/ws/api/v1/hubs/chat/";

  it("is the message: text and JSON as text in UTF-8, octet-stream as binary, nothing as an empty one", async () => {
    const { service, connect } = await start();
    const { client } = await connect("/ws/client/hubs/chat");
    const bodies: readonly (readonly [string | Uint8Array, string])[] = [
      ["grüße", "text/plain"],
      [Buffer.from("gr\xfc\xdfe", "latin1"), "text/plain; charset=iso-8859-1"],
      ['{"a":1}', "application/json"],
      ["not JSON", "application/json; charset=utf-8"],
      ["<p>", "text/html"],
      [Buffer.from([0xff, 0]), "application/octet-stream"],
      ["", "text/plain"],
      ["x".repeat(1024 * 1024), "text/plain"],
    ];
    for (const [body, type] of bodies) expect((await service.rest("POST", path, body, type)).status).toBe(202);
    await until(() => expect(client.messages).toHaveLength(bodies.length));
    expect(client.messages.map(({ data, isBinary }) => `${isBinary ? "binary" : "text"} ${data.slice(0, 20)}`)).toEqual([
      "text grüße",
      "text grüße",
      'text {"a":1}',
      "text not JSON",
      "text <p>",
      "binary \ufffd\0",
      "text ",
      `text ${"x".repeat(20)}`,
    ]);
    expect(client.texts.at(-1)).toHaveLength(1024 * 1024);
  });

  it.each([
    [Buffer.from([0xc3, 0x28]), "text/plain", 400],
    ["x", "text/plain; charset=klingon", 415],
    ["x", "image/png", 415],
    ["x", "application/x-www-form-urlencoded", 415],
    ["x".repeat(1024 * 1024 + 1), "text/plain", 413],
  ])("%# is refused", async (body, type, status) => {
    const { service, connect } = await start();
    const { client } = await connect("/ws/client/hubs/chat");
    const response = await service.rest("POST", path, body, type);
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "text/plain; charset=utf-8"]);
    expect(client.messages).toEqual([]);
  });
});

it("SignalR clients and raw clients of one hub share users and groups, and each receives what is meant for it", async () => {
  const { service, connect } = await start();
  const { client, id } = await connect("/ws/client/hubs/chat?name=ann");
  const token = service.clientToken("/client/?hub=chat");
  const signalR = new HubConnectionBuilder()
    .withUrl(`http://127.0.0.1:${service.port}/client/?hub=chat`, { accessTokenFactory: () => token })
    .configureLogging(LogLevel.None)
    .build();
  const received: unknown[] = [];
  signalR.on("news", (text) => received.push(text));
  await signalR.start();
  await service.rest("PUT", "/api/v1/hubs/chat/groups/g/users/ann");
  const call = (text: string) => JSON.stringify({ target: "news", arguments: [text] });
  for (const receiver of ["", "/users/ann", "/groups/g"]) {
    await service.rest("POST", `/api/v1/hubs/chat${receiver}`, call(`call ${receiver}`), "application/json");
    await service.rest("POST", `/ws/api/v1/hubs/chat${receiver}`, `raw ${receiver}`);
  }
  await until(() => expect(received).toEqual(["call ", "call /users/ann", "call /groups/g"]));
  await until(() => expect(client.texts).toEqual(["raw ", "raw /users/ann", "raw /groups/g"]));
  const listed = await service.rest("GET", "/api/hubs/chat/groups/g/connections");
  expect(((await listed.json()) as { value: unknown[] }).value).toHaveLength(2);
  // Nobody who could answer a call or read a stream.
  const question = await service.rest("POST", `/api/hubs/chat/connections/${id}/:invoke`, call("x"), "application/json");
  expect(question.status).toBe(404);
  await signalR.stop();
});
