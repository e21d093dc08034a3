import { type HubConnection, HubConnectionBuilder } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { encode } from "@msgpack/msgpack";
import { jsonProtocol, messagePackProtocol } from "@signalbox/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import { type RawClient, StartedRest } from "./started-rest.suite.ts";

let rest: StartedRest;
beforeAll(async () => {
  rest = await StartedRest.start();
});
afterAll(() => rest.stop());
afterEach(() => expect(rest.errors).toEqual([]));

// Each test has a hub of its own.
let hub: string;
let number = 0;
beforeEach(() => {
  hub = `hub${++number}`;
});
const H = () => `/api/hubs/${hub}`;
const status = async (method: string, path: string, body?: string) =>
  (await rest.call(method, path, body === undefined ? {} : { body })).status;
const json = async (path: string, body?: string) =>
  (
    await rest.call(body === undefined ? "GET" : "POST", path, {
      headers: { Accept: "application/json" },
      ...(body !== undefined && { body }),
    })
  ).json();
/** Waits until exactly this has arrived, and takes it away. */
async function expectText({ frames }: RawClient, expected: string): Promise<void> {
  await vi.waitFor(() => expect(Buffer.concat(frames).toString()).toBe(expected));
  frames.length = 0;
}
const record = (target: string, ...args: unknown[]) => `${JSON.stringify({ type: 1, target, arguments: args })}\u001e`;

describe("closing", () => {
  it.each([
    ["?reason=bye%20%C3%BC%20%22q%22", '{"type":7,"error":"bye ü \\"q\\"","allowReconnect":true}\u001e'],
    ["", '{"type":7,"allowReconnect":true}\u001e'],
  ])("a connection%s tells it why and lets it come back", async (query, close) => {
    const a = await rest.connect(hub, "u1");
    expect(await status("DELETE", `${H()}/connections/${a.id}${query}`)).toBe(200);
    expect(await status("HEAD", `${H()}/connections/${a.id}`)).toBe(404);
    expect(await status("HEAD", `${H()}/users/u1`)).toBe(404);
    await vi.waitFor(() => expect(a.socket.readyState).toBe(a.socket.CLOSED));
    expect(a.text()).toBe(close);
    expect(await status("DELETE", `${H()}/connections/${a.id}`)).toBe(404);
  });

  it("a MessagePack connection", async () => {
    const b = await rest.connect(hub, "u2", "messagepack");
    expect(await status("POST", `${H()}/users/u2/:closeConnections?reason=usr`)).toBe(204);
    await vi.waitFor(() => expect(Buffer.concat(b.frames).toString("hex")).toBe("079307a3757372c3"));
  });

  it("a group or a hub spares the excluded, as the emulator does not", async () => {
    const [a, b] = [await rest.connect(hub, "u1"), await rest.connect(hub, "u2")];
    for (const { id } of [a, b]) await rest.call("PUT", `${H()}/groups/g/connections/${id}`);
    expect(await status("POST", `${H()}/groups/g/:closeConnections?excluded=${a.id}`)).toBe(204);
    expect(await rest.connectionIds(hub)).toEqual([a.id]);
    expect(await status("POST", `${H()}/:closeConnections?excluded=${a.id}`)).toBe(204);
    expect(await rest.connectionIds(hub)).toEqual([a.id]);
    expect(await status("POST", `/api/v1/hubs/${hub}/:closeConnections`)).toBe(204);
    expect(await rest.connectionIds(hub)).toEqual([]);
  });
});

describe("groups", () => {
  it("a connection joins, leaves one, leaves all", async () => {
    const a = await rest.connect(hub);
    const path = `${H()}/groups/g/connections/${a.id}`;
    expect([await status("PUT", path), await status("PUT", path), await status("HEAD", `${H()}/groups/g`)]).toEqual([
      200, 200, 200,
    ]);
    expect([await status("DELETE", path), await status("DELETE", path), await status("HEAD", `${H()}/groups/g`)]).toEqual([
      200, 200, 404,
    ]);
    await rest.call("PUT", path);
    await rest.call("PUT", `${H()}/connections/${a.id}/groups/h`);
    expect(await json(`${H()}/connections/${a.id}/groups`)).toEqual({ value: [{ group: "g" }, { group: "h" }] });
    expect(await status("DELETE", `${H()}/connections/${a.id}/groups`)).toBe(200);
    expect(await json(`${H()}/connections/${a.id}/groups`)).toEqual({ value: [] });
  });

  it("a user's membership outlives its connections and begins before them", async () => {
    expect(await status("PUT", `${H()}/users/u1/groups/g?ttl=60`)).toBe(200);
    expect([await status("GET", `${H()}/users/u1/groups/g`), await status("HEAD", `${H()}/groups/g`)]).toEqual([200, 404]);
    const a = await rest.connect(hub, "u1");
    await rest.call("POST", `${H()}/groups/g/:send`, { body: '{"target":"m"}' });
    await expectText(a, record("m"));
    expect(await status("DELETE", `${H()}/users/u1/groups/g`)).toBe(204);
    expect(await status("GET", `${H()}/users/u1/groups/g`)).toBe(404);
  });

  it("ttl=0 takes in only the connections of now; no ttl is as good as for ever", async () => {
    const a = await rest.connect(hub, "u1");
    await rest.call("PUT", `${H()}/users/u1/groups/now?ttl=0`);
    await rest.call("PUT", `${H()}/users/u1/groups/later?ttl=`);
    const b = await rest.connect(hub, "u1");
    const groups = async ({ id }: RawClient) =>
      ((await json(`${H()}/connections/${id}/groups`)) as { value: { group: string }[] }).value.map(({ group }) => group);
    expect([await groups(a), await groups(b)]).toEqual([["later", "now"], ["later"]]);
  });
});

describe(":execute", () => {
  let a: RawClient, b: RawClient, c: RawClient;
  beforeEach(async () => {
    a = await rest.connect(hub, "listener-1");
    b = await rest.connect(hub, "listener-2");
    c = await rest.connect(hub);
  });
  const run = (filter: string, ...commands: object[]) =>
    rest.call("POST", `${H()}/:execute?api-version=2024-12-01${filter && `&filter=${encodeURIComponent(filter)}`}`, {
      body: JSON.stringify(commands),
    });

  it("sends, joins and leaves for those who pass the filter, in order", async () => {
    const commands = [
      { type: "JoinGroup", group: "g" },
      { type: "SendMessage", message: { target: "one", arguments: [1] } },
      { type: "SendMessage", message: { Target: "two" } },
    ];
    expect((await run("startswith(userId, 'listener-') and not (userId eq 'listener-2')", ...commands)).status).toBe(202);
    await expectText(a, record("one", 1) + record("two"));
    expect(
      (await run("'g' in groups", { type: "LeaveGroup", group: "g" }, { type: "SendMessage", message: { target: "left" } }))
        .status,
    ).toBe(202);
    await run("userId eq null", { type: "SendMessage", message: { target: "anonymous" } });
    await run("", { type: "SendMessage", message: { target: "all" } });
    await expectText(c, record("anonymous") + record("all"));
    await expectText(a, record("all"));
    await expectText(b, record("all"));
  });

  it("closes those who pass the filter", async () => {
    await run(`connectionId in ('${a.id}', '${c.id}')`, { type: "CloseConnection", reason: "bye" });
    expect(await rest.connectionIds(hub)).toEqual([b.id]);
    await expectText(a, '{"type":7,"error":"bye","allowReconnect":true}\u001e');
  });

  it("does nothing at all when one command is wrong", async () => {
    const response = await run("", { type: "CloseConnection" }, { type: "Dance" });
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        code: "Error.Request.Invalid",
        message: "The type of the command at [1] is not SendMessage, JoinGroup, LeaveGroup or CloseConnection.",
        target: "[1]",
      },
    ]);
    expect(await rest.connectionIds(hub)).toHaveLength(3);
  });

  it.each([
    [{}, "The type of the command at [0] is not SendMessage, JoinGroup, LeaveGroup or CloseConnection."],
    [5, "The command at [0] is not an object."],
    [{ type: "JoinGroup" }, "The command at [0] needs a group."],
    [
      { type: "LeaveGroup", group: " " },
      "Invalid group name. A group name should be between 1 and 1024 characters long and not blank.",
    ],
    [{ type: "CloseConnection", reason: 1 }, "The reason of the command at [0] is not a text."],
    [{ type: "SendMessage" }, "The message must be an object with a target."],
    [{ type: "SendMessage", message: {} }, "The Target field is required."],
  ])("refuses %j", async (command, message) => {
    const response = await run("", command as object);
    expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([400, message]);
  });

  it("says what is wrong with a filter", async () => {
    const response = await run("userId eq", { type: "CloseConnection" });
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: "Error.Request.Invalid", message: "Invalid filter: The filter ends too early.", target: "filter" },
    ]);
  });
});

describe(":sendBatch", () => {
  it("sends each message to its audience, in order", async () => {
    const [a, b, c] = [await rest.connect(hub, "u1"), await rest.connect(hub, "u2"), await rest.connect(hub)];
    await rest.call("PUT", `${H()}/groups/g/connections/${c.id}`);
    const batch = [
      { to: "all", target: "1", excluded: [b.id] },
      { to: { users: ["u1", "u2"] }, target: "2", arguments: [true] },
      { to: { groups: ["g"] }, target: "3" },
      { to: { connections: [a.id, "nobody"] }, target: "4" },
      { to: "all", filter: "userId ne 'u2'", target: "5" },
    ];
    expect(await status("POST", `${H()}/:sendBatch`, JSON.stringify(batch))).toBe(202);
    await expectText(a, record("1") + record("2", true) + record("4") + record("5"));
    await expectText(b, record("2", true));
    await expectText(c, record("1") + record("3") + record("5"));
  });

  it.each([
    [{ target: "m" }, 'The audience at [0].to is not "all" or an object with one of users, groups, connections.'],
    [
      { to: { users: ["a"], groups: ["b"] }, target: "m" },
      'The audience at [0].to is not "all" or an object with one of users, groups, connections.',
    ],
    [
      { to: { friends: ["a"] }, target: "m" },
      'The audience at [0].to is not "all" or an object with one of users, groups, connections.',
    ],
    [{ to: { users: "a" }, target: "m" }, "[0].to.users must be an array of texts that are not empty."],
    [
      { to: { groups: [" "] }, target: "m" },
      "Invalid group name. A group name should be between 1 and 1024 characters long and not blank.",
    ],
    [{ to: "all", excluded: [1], target: "m" }, "[0].excluded must be an array of texts that are not empty."],
    [{ to: "all", filter: 1, target: "m" }, "The filter at [0] is not a text."],
    [{ to: "all" }, "The Target field is required."],
  ])("refuses %j", async (message, expected) => {
    const response = await rest.call("POST", `${H()}/:sendBatch`, { body: JSON.stringify([message]) });
    expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([400, expected]);
  });
});

describe(":invoke and streams with real clients", () => {
  const connections: HubConnection[] = [];
  afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.stop())));

  async function start(protocol: "json" | "messagepack"): Promise<HubConnection & { connectionId: string }> {
    const { url, token } = rest.clientAccess(hub, "ann");
    const builder = new HubConnectionBuilder().withUrl(url, { accessTokenFactory: () => token }).configureLogging("none");
    const connection = (protocol === "json" ? builder : builder.withHubProtocol(new MessagePackHubProtocol())).build();
    connection.on("add", (x: number, y: number) => x + y);
    connection.on("bytes", () => (protocol === "json" ? "AQI=" : new Uint8Array([1, 2])));
    connection.on("nothing", () => null);
    connection.on("fail", () => {
      throw new Error("I cannot.");
    });
    connection.on("never", () => new Promise(() => {}));
    await connection.start();
    connections.push(connection);
    return connection as HubConnection & { connectionId: string };
  }
  const invoke = (
    id: string,
    body: string | Uint8Array,
    type = "application/json",
    headers: Record<string, string> = { Accept: "application/json" },
  ) => rest.call("POST", `${H()}/connections/${id}/:invoke?api-version=2024-12-01`, { body, type, headers });
  const add = '{"target":"add","arguments":[1,2]}';

  describe.each(["json", "messagepack"] as const)("%s", (protocol) => {
    it("answers the client's result as JSON", async () => {
      const { connectionId } = await start(protocol);
      const response = await invoke(connectionId, add);
      expect([response.status, response.headers.get("x-protocol"), await response.json()]).toEqual([
        200,
        protocol,
        { result: 3 },
      ]);
      expect(await (await invoke(connectionId, '{"target":"nothing"}')).json()).toEqual({ result: null });
      expect(await (await invoke(connectionId, '{"target":"bytes"}')).json()).toEqual({ result: "AQI=" });
    });

    it("answers the client's record to those who do not ask for JSON", async () => {
      const { connectionId } = await start(protocol);
      const codec = protocol === "json" ? jsonProtocol : messagePackProtocol;
      for (const target of ["add", "fail"]) {
        const response = await invoke(connectionId, JSON.stringify({ target, arguments: [1, 2] }), "application/json", {
          Accept: "application/octet-stream",
        });
        expect([response.status, response.headers.get("x-protocol"), response.headers.get("content-type")]).toEqual([
          200,
          protocol,
          "application/octet-stream",
        ]);
        const completion = codec.decode(new Uint8Array(await response.arrayBuffer()));
        expect(completion).toMatchObject(
          target === "add" ? { type: 3, result: 3 } : { type: 3, error: expect.stringContaining("I cannot.") },
        );
      }
    });

    it.each([
      [
        "octet-stream for both protocols",
        encode({
          json: jsonProtocol.encode({ type: 1, target: "add", arguments: [1, 2] }),
          messagepack: messagePackProtocol.encode({ type: 1, target: "add", arguments: [1, 2] }),
        }),
        "application/octet-stream",
      ],
      [
        "octet-stream for one protocol",
        encode({ messagepack: messagePackProtocol.encode({ type: 1, target: "add", arguments: [1, 2] }) }),
        "application/octet-stream",
      ],
      ["MessagePack", encode({ target: "add", arguments: [1, 2] }), "application/x-msgpack"],
    ])("takes %s", async (_, body, type) => {
      const { connectionId } = await start(protocol);
      expect(await (await invoke(connectionId, body, type)).json()).toEqual({ result: 3 });
    });

    it("tells a client's error, silence and leaving apart", async () => {
      const connection = await start(protocol);
      const failed = await invoke(connection.connectionId, '{"target":"fail"}');
      expect([failed.status, await failed.json()]).toEqual([
        424,
        { code: "Error.Connection.InvocationFailed", message: expect.stringContaining("I cannot.") },
      ]);

      rest.options = { ...rest.options, invokeTimeout: 50 };
      const silent = await invoke(connection.connectionId, '{"target":"never"}');
      rest.options = { ...rest.options, invokeTimeout: 10_000 };
      expect([silent.status, await silent.json()]).toEqual([
        424,
        { code: "Error.Connection.InvocationTimeout", message: "The client did not answer within 0.05 s." },
      ]);

      const called = new Promise<void>((resolve) =>
        connection.on("leave", () => {
          resolve();
          return new Promise(() => {});
        }),
      );
      const leaving = invoke(connection.connectionId, '{"target":"leave"}');
      await called;
      await connection.stop();
      const left = await leaving;
      expect([left.status, left.headers.get("x-ms-error-code")]).toEqual([424, "Error.Connection.Disconnected"]);

      const unknown = await invoke(connection.connectionId, add);
      expect([unknown.status, unknown.headers.get("x-ms-error-code")]).toEqual([404, "Error.Connection.NotExisted"]);
    });

    it("feeds a stream that the client asked for", async () => {
      const connection = await start(protocol);
      const item = (body: string | Uint8Array, stream: string, type = "application/json", query = "") =>
        rest.call(
          "POST",
          `${H()}/connections/${connection.connectionId}/streams/${stream}/:send?api-version=2024-12-01${query}`,
          { body, type },
        );
      const outcome = () => {
        const items: unknown[] = [];
        return {
          items,
          ended: new Promise((resolve) =>
            connection.stream("count").subscribe({
              next: (value) => items.push(value),
              error: (error: Error) => resolve(error.message),
              complete: () => resolve("complete"),
            }),
          ),
        };
      };
      const well = outcome();
      for (const body of ["1", "null", '{"a":[1]}']) expect((await item(body, "0")).status).toBe(202);
      expect((await item(encode("packed"), "0", "application/x-msgpack")).status).toBe(202);
      const frames = encode({ json: jsonProtocol.encode({ type: 2, invocationId: "0", item: "framed" }) });
      expect((await item(frames, "0", "application/octet-stream")).status).toBe(202);
      expect((await item(frames, "1", "application/octet-stream")).status).toBe(400);
      expect((await item('"last"', "0", "application/json", "&completed=true")).status).toBe(202);
      expect(await well.ended).toBe("complete");
      expect(well.items).toEqual([1, null, { a: [1] }, "packed", "framed", "last"]);

      for (const [stream, query, expected] of [
        ["1", "reason=no%20more", "no more"],
        ["2", "error=broken", "broken"],
        ["3", "", "complete"],
      ] as const) {
        const { ended } = outcome();
        const path = `${H()}/connections/${connection.connectionId}/streams/${stream}/:complete?api-version=2024-12-01&${query}`;
        expect(await status("POST", path)).toBe(202);
        expect(await ended).toBe(expected);
      }
    });
  });
});

describe("lists", () => {
  interface Page {
    readonly value: readonly Record<string, unknown>[];
    readonly nextLink?: string;
  }

  it("of a group's connections come in pages that are followed by absolute links", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { id } = await rest.connect(hub, n === 0 ? undefined : `u${n}`);
      await rest.call("PUT", `${H()}/groups/g%20%C3%BC/connections/${id}`);
      ids.push(id);
    }
    const path = `${H()}/groups/g%20%C3%BC/connections`;
    const follow = async (query: string) => {
      const sizes: number[] = [];
      const seen: string[] = [];
      let link: string | undefined = `${rest.origin}${path}?api-version=2024-12-01&${query}`;
      while (link !== undefined) {
        const target: string = link.slice(rest.origin.length);
        expect(link.startsWith(rest.origin)).toBe(true);
        const page = (await json(target)) as Page;
        sizes.push(page.value.length);
        seen.push(...page.value.map(({ connectionId }) => String(connectionId)));
        link = page.nextLink;
      }
      return { sizes, seen };
    };
    expect(await follow("")).toEqual({ sizes: [5], seen: ids.toSorted() });
    expect(await follow("maxPageSize=2")).toEqual({ sizes: [2, 2, 1], seen: ids.toSorted() });
    expect(await follow("maxpagesize=2&top=3")).toEqual({ sizes: [2, 1], seen: ids.toSorted().slice(0, 3) });
    expect(await follow("top=5")).toEqual({ sizes: [5], seen: ids.toSorted() });
    const { value } = (await json(path)) as Page;
    expect(value.filter(({ userId }) => userId === undefined).map(({ connectionId }) => connectionId)).toEqual([ids[0]]);
  });

  it("links name the host that a proxy was asked for, or the configured endpoint", async () => {
    for (let n = 0; n < 2; n++) await rest.connect(hub, "u1");
    const link = async (headers: Record<string, string>) => {
      const path = `${H()}/connections?maxpagesize=1`;
      return ((await (await rest.call("GET", path, { headers })).json()) as Page).nextLink;
    };
    expect(await link({ "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example:8443, inner" })).toMatch(
      `https://chat.example:8443${H()}/connections?`,
    );
    expect(await link({ "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a b" })).toMatch(
      `${rest.origin}${H()}/connections?`,
    );
    rest.options = { ...rest.options, endpoint: "https://public.example/base" };
    expect(await link({})).toMatch(`https://public.example/base${H()}/connections?`);
    rest.options = { ...rest.options, endpoint: undefined };
  });

  it("tell who is where", async () => {
    const [a, b, c] = [await rest.connect(hub, "ann"), await rest.connect(hub, "ann"), await rest.connect(hub)];
    await rest.call("PUT", `${H()}/groups/red/connections/${c.id}`);
    await rest.call("PUT", `${H()}/users/ann/groups/blue`);
    const by = (key: string) => (left: Record<string, unknown>, right: Record<string, unknown>) =>
      String(left[key]) < String(right[key]) ? -1 : 1;
    const all = [{ connectionId: a.id, userId: "ann" }, { connectionId: b.id, userId: "ann" }, { connectionId: c.id }].sort(
      by("connectionId"),
    );
    expect(await json(H())).toEqual({ hub, connections: 3, users: 1, groups: 2 });
    expect(await json(`${H()}/connections`)).toEqual({ value: all });
    expect(await json(`${H()}/users`)).toEqual({ value: [{ userId: "ann", connections: 2 }] });
    expect(await json(`${H()}/groups`)).toEqual({
      value: [
        { group: "blue", connections: 2 },
        { group: "red", connections: 1 },
      ],
    });
    expect(await json(`${H()}/users/ann/connections`)).toEqual({ value: all.filter(({ userId }) => userId === "ann") });
    expect(await json(`${H()}/users/ann/groups`)).toEqual({ value: [{ group: "blue" }] });
    expect(await json(`${H()}/connections/${a.id}/groups`)).toEqual({ value: [{ group: "blue" }] });
    expect(((await json(`/api/hubs?continuationToken=${hub.slice(0, -1)}`)) as Page).value).toContainEqual({
      hub,
      connections: 3,
      users: 1,
      groups: 2,
    });
  });

  it("of hubs come in pages", async () => {
    const names = ["pages_a", "pages_b", "pages_c"];
    for (const name of names) await rest.connect(name);
    const first = (await json("/api/hubs?maxpagesize=2&top=3&continuationToken=pages")) as Page;
    expect(first.value.map((item) => item.hub)).toEqual(["pages_a", "pages_b"]);
    const second = (await json(first.nextLink!.slice(rest.origin.length))) as Page;
    expect([second.value.map((item) => item.hub), second.nextLink]).toEqual([["pages_c"], undefined]);
  });
});

describe(":generateToken", () => {
  const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
  const claims = (token: string) => createTokenVerifier({ keys: () => [key], clockSkewSeconds: () => 0 }).verify(token);

  it("signs a token with which a client connects", async () => {
    const { token } = (await (await rest.call("POST", `${H()}/:generateToken?userId=a%20b&minutesToExpire=5`)).json()) as {
      token: string;
    };
    const { exp, nbf, aud, ...others } = claims(token);
    expect([exp! - nbf!, aud, others]).toEqual([300, `${rest.origin}/client/?hub=${hub}`, { "asrs.s.uid": "a b" }]);
    const connection = new HubConnectionBuilder()
      .withUrl(String(aud), { accessTokenFactory: () => token })
      .configureLogging("none")
      .build();
    await connection.start();
    expect(await status("HEAD", `${H()}/users/a%20b`)).toBe(200);
    await connection.stop();
  });

  it("lives an hour and is anonymous unless asked", async () => {
    const { token } = (await (await rest.call("POST", `${H()}/:generateToken`)).json()) as { token: string };
    const { exp, nbf, "asrs.s.uid": user } = claims(token);
    expect([exp! - nbf!, user]).toEqual([3600, undefined]);
  });
});
