import { type HubConnection, HubConnectionBuilder } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { encode } from "@msgpack/msgpack";
import { jsonProtocol, messagePackProtocol } from "@signalbox/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type RawClient, type Sent, StartedRest } from "./started-rest.suite.ts";

let rest: StartedRest;
// As in reference emulator-observed §4: a JSON client of u1, a MessagePack client of u2, an anonymous JSON client.
let a: RawClient, b: RawClient, c: RawClient;

const message: Sent = { body: '{"target":"m","arguments":[1]}' };

beforeAll(async () => {
  rest = await StartedRest.start();
  a = await rest.connect("obs", "u1");
  b = await rest.connect("obs", "u2", "messagepack");
  c = await rest.connect("obs");
  await rest.call("PUT", `/api/v1/hubs/obs/groups/g1/connections/${a.id}`);
});
afterAll(() => rest.stop());
afterEach(() => expect(rest.errors).toEqual([]));

/** Who got a message, after a mark sent to everybody proved that no more comes. */
async function receivers(path: string, sent: Sent = message): Promise<[number, string]> {
  const { status } = await rest.call("POST", path, sent);
  return [status, await arrived()];
}

async function arrived(): Promise<string> {
  await rest.call("POST", "/api/v1/hubs/obs", { body: '{"target":"mark"}' });
  const clients = Object.entries({ a, b, c });
  await vi.waitFor(() => expect(clients.every(([, client]) => Buffer.concat(client.frames).includes("mark"))).toBe(true), {
    interval: 1,
  });
  return clients
    .map(([name, client]) => {
      const frames = client.frames.splice(0);
      const bytes = Buffer.concat(frames);
      const before = bytes.subarray(0, bytes.indexOf("mark")).toString("latin1");
      return name.repeat(before.split(/"target":"m"|\xa1m/).length - 1);
    })
    .filter((text) => text !== "")
    .join(" ");
}

describe("a send reaches", () => {
  it.each<[path: () => string, receivers: string]>([
    [() => "/api/v1/hubs/obs", "a b c"],
    [() => "/api/v1/hubs/obs/", "a b c"],
    [() => "/API/V1/Hubs/OBS", "a b c"],
    [() => "/api/v1/hubs/obs/:send", "a b c"],
    [() => "/api/hubs/obs/:send", "a b c"],
    [() => "/api/hubs/obs", "a b c"],
    [() => "/api/hubs/obs/%3Asend?api-version=2022-06-01", "a b c"],
    [() => "/api/hubs/obs/%3asend/?api-version=2024-12-01", "a b c"],
    [() => "/api/v1/hubs/obs?hub=other&unknown=1", "a b c"],
    [() => "/api/v1-preview/hub/obs", "a b c"],
    [() => "/api/v1/hubs/obs?application=app", ""],
    [() => `/api/v1/hubs/obs?excluded=${a.id}`, "b c"],
    [() => `/api/v1/hubs/obs?excluded=${a.id}&EXCLUDED=${b.id}`, "c"],
    [() => "/api/v1/hubs/obs/users/u1", "a"],
    [() => `/api/v1/hubs/obs/users/u1?excluded=${a.id}`, "a"],
    [() => "/api/hubs/obs/users/u2/:send", "b"],
    [() => "/api/v1/hubs/obs/users/nobody", ""],
    [() => "/api/v1-preview/hub/obs/user/u1", "a"],
    [() => "/api/v1-preview/hub/obs/users/u1,%20u2", "a b"],
    [() => `/api/v1/hubs/obs/connections/${a.id}`, "a"],
    [() => `/api/hubs/obs/connections/${c.id}/:send`, "c"],
    [() => "/api/v1/hubs/obs/connections/unknown", ""],
    [() => "/api/v1/hubs/obs/groups/g1", "a"],
    [() => `/api/v1/hubs/obs/groups/g1?excluded=${a.id}`, ""],
    [() => "/api/v1/hubs/obs/groups/G1", ""],
    [() => "/api/v1/hubs/obs/groups/empty", ""],
    [() => "/api/v1-preview/hub/obs/group/g1", "a"],
    [() => "/api/v1-preview/hub/obs/groups/g1,g1", "aa"],
    [() => "/api/v1/hubs/never", ""],
  ])("%s", async (path, expected) => {
    expect(await receivers(path())).toEqual([202, expected]);
  });

  it("a hub with an application's name in front", async () => {
    const client = await rest.connect("app_obs");
    expect((await rest.call("POST", "/api/hubs/Obs/:send?application=App", message)).status).toBe(202);
    await vi.waitFor(() => expect(client.text()).toBe('{"type":1,"target":"m","arguments":[1]}\u001e'));
    client.socket.close();
  });

  it("names that are percent-encoded, segment by segment", async () => {
    const client = await rest.connect("obs", "a/b ü%:send");
    const path = `/api/hubs/obs/users/${encodeURIComponent("a/b ü%:send")}/:send`;
    expect((await rest.call("POST", path, message)).status).toBe(202);
    await vi.waitFor(() => expect(client.text()).toContain('"target":"m"'));
    client.socket.close();
    await vi.waitFor(async () => expect(await rest.connectionIds("obs")).toHaveLength(3));
  });

  it("a member once, as user and as connection, and later connections of a user", async () => {
    await rest.call("PUT", "/api/hubs/obs/users/u1/groups/both");
    await rest.call("PUT", `/api/hubs/obs/groups/both/connections/${a.id}`);
    expect(await receivers("/api/hubs/obs/groups/both/:send")).toEqual([202, "a"]);
    const later = await rest.connect("obs", "u1");
    await rest.call("POST", "/api/hubs/obs/groups/both/:send", message);
    await vi.waitFor(() => expect(later.text()).toContain('"target":"m"'));
    later.socket.close();
    await vi.waitFor(async () => expect(await rest.connectionIds("obs")).toHaveLength(3));
    await rest.call("DELETE", "/api/hubs/obs/users/u1/groups/both");
    await arrived();
    expect(await receivers("/api/hubs/obs/groups/both/:send")).toEqual([202, ""]);
  });
});

describe("what arguments become", () => {
  async function frames(body: string | Uint8Array, type = "application/json") {
    expect((await rest.call("POST", "/api/v1/hubs/obs", { body, type })).status).toBe(202);
    await vi.waitFor(() => expect(a.frames.length > 0 && b.frames.length > 0 && c.frames.length > 0).toBe(true), {
      interval: 1,
    });
    c.text();
    return { json: a.text(), messagePack: b.hex() };
  }
  const sent = (args: string) => frames(`{"target":"m","arguments":${args}}`);
  const json = (args: string) => `{"type":1,"target":"m","arguments":${args}}\u001e`;

  it.each([
    ["[]", "[]", "90"],
    ["[1, 1.0, 1.50, 1e3]", "[1,1,1.5,1000]", "940101cb3ff8000000000000cd03e8"],
    ['[[1], {"k": 1}]', '[[1],{"k":1}]', "92910181a16b01"],
    ["[9007199254740993]", "[9007199254740993]", "91cf0020000000000001"],
    ["[-9223372036854775808]", "[-9223372036854775808]", "91d38000000000000000"],
    ["[18446744073709551615]", "[18446744073709551615]", "91cfffffffffffffffff"],
    ['["2020-01-01T00:00:00Z"]', '["2020-01-01T00:00:00Z"]', "91b4323032302d30312d30315430303a30303a30305a"],
    ['["/Date(1)/"]', '["/Date(1)/"]', "91a92f446174652831292f"],
    ['["\\u00fc<>&\'+\\"\\\\/"]', '["ü<>&\'+\\"\\\\/"]', "91aac3bc3c3e26272b225c2f"],
    ['[null, {"": {"$type": [null]}}, true]', '[null,{"":{"$type":[null]}},true]', "93c081a081a52474797065" + "91c0c3"],
    ['[{"b": 1, "a": 2}]', '[{"b":1,"a":2}]', "9182a16201a16102"],
    ['[{"__proto__": 1}]', '[{"__proto__":1}]', "9181a95f5f70726f746f5f5f01"],
  ])("%s", async (args, asJson, asMessagePack) => {
    const got = await sent(args);
    expect(got.json).toBe(json(asJson));
    expect(got.messagePack.slice(2)).toBe(`960180c0a16d${asMessagePack}90`);
  });

  it.each([
    ['{"target":"m"}', "no arguments"],
    ['{"Target":"m","Arguments":null}', "null, names as the SDK writes them"],
    ['{"TARGET":"x","target":"m","ARGUMENTS":[]}', "any letter case, the last name counts"],
    ['{"extra":{},"target":"m","arguments":[]}', "members that nobody knows"],
    [' \n{"target":"m","arguments":[]}\n ', "blanks around"],
    ['\ufeff{"target":"m"}', "a byte order mark"],
  ])("%s: %s", async (body) => {
    expect((await frames(body)).json).toBe(json("[]"));
  });

  it("a target that is a number becomes its text", async () => {
    expect((await frames('{"target":1}')).json).toBe('{"type":1,"target":"1","arguments":[]}\u001e');
  });

  it("more than ten arguments arrive", async () => {
    const args = JSON.stringify(Array.from({ length: 20 }, (_, index) => index));
    expect((await sent(args)).json).toBe(json(args));
  });

  it.each([
    "application/json; charset=UTF-8",
    'application/json;charset="utf-8"',
    "Application/JSON",
    "application/vnd.x+json",
  ])("content type %s", async (type) => {
    expect((await frames('{"target":"m","arguments":["ü"]}', type)).json).toBe(json('["ü"]'));
  });

  it("the charset counts", async () => {
    const utf16 = Buffer.from('{"target":"m","arguments":["ü"]}', "utf16le");
    expect((await frames(utf16, "application/json; charset=utf-16")).json).toBe(json('["ü"]'));
  });

  it("MessagePack objects keep what JSON has no form for", async () => {
    const body = encode({ target: "m", arguments: [new Uint8Array([1, 2]), new Date(0), 1.5] });
    const got = await frames(body, "application/x-msgpack");
    expect(got.json).toBe(json('["AQI=","1970-01-01T00:00:00.000Z",1.5]'));
    expect(got.messagePack).toContain("c4020102");
  });

  it("octet-stream records pass untouched", async () => {
    const own = Buffer.from('{"arguments":[1.50],"target":"m","type":1,"mine":true}\u001e');
    const packed = messagePackProtocol.encode({ type: 1, target: "m", arguments: ["for messagepack"] });
    const got = await frames(
      encode({ json: own, messagepack: packed, blazorpack: new Uint8Array([9]) }),
      "application/octet-stream",
    );
    expect(got.json).toBe(own.toString());
    expect(got.messagePack).toBe(Buffer.from(packed).toString("hex"));
  });

  it("a protocol that is missing in an octet-stream is not delivered", async () => {
    const body = encode({ json: jsonProtocol.encode({ type: 1, target: "m", arguments: [] }) });
    expect(await receivers("/api/v1/hubs/obs", { body, type: "application/octet-stream" })).toEqual([202, "a c"]);
  });
});

describe("real clients", () => {
  const connections: HubConnection[] = [];
  afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.stop())));

  it.each(["json", "messagepack"] as const)("get the same %s", async (protocol) => {
    const { url, token } = rest.clientAccess("real", "ann");
    const builder = new HubConnectionBuilder().withUrl(url, { accessTokenFactory: () => token }).configureLogging("none");
    const connection = (protocol === "json" ? builder : builder.withHubProtocol(new MessagePackHubProtocol())).build();
    connections.push(connection);
    const got: unknown[][] = [];
    connection.on("news", (...args) => got.push(args));
    await connection.start();
    await rest.call("POST", "/api/hubs/real/users/ann/:send", {
      body: '{"target":"news","arguments":["ü",{"n":[1,null]},1.5]}',
    });
    await vi.waitFor(() => expect(got).toEqual([["ü", { n: [1, null] }, 1.5]]));
  });
});
