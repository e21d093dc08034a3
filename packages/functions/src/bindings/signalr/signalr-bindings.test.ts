import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceClient, type TokenCredential } from "@signalbox/management";
import type { Service } from "@signalbox/service";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { BindingContext } from "../../contracts/binding.ts";
import { fromTypedData, toTypedData } from "../../contracts/typed-data.ts";
import {
  binding,
  connectByToken,
  connectClient,
  contextOf,
  indexing,
  type RealClient,
  settingsOf,
  startRealService,
} from "../bindings.suite.ts";
import { SignalRConnections } from "./connections.ts";
import { signalRInputs } from "./signalr-inputs.ts";
import { SignalROutput } from "./signalr-output.ts";

let east: Service;
let west: Service;
beforeAll(async () => {
  [east, west] = await Promise.all([startRealService(), startRealService()]);
});
afterAll(() => Promise.all([east.stop(), west.stop()]));

const clients: RealClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map(({ connection }) => connection.stop())));

interface ConnectionInfo {
  readonly url: string;
  readonly accessToken: string;
}

const payloadOf = ({ accessToken }: ConnectionInfo) =>
  JSON.parse(Buffer.from(accessToken.split(".")[1]!, "base64url").toString());

/** An app whose one SignalR setting leads to a real service. */
function app(
  values: Readonly<Record<string, string>> = { AzureSignalRConnectionString: east.connectionString, Hub: "Chat" },
  credential?: TokenCredential,
) {
  const settings = settingsOf(values);
  const connections = new SignalRConnections(settings, credential);
  const inputs = new Map(signalRInputs(connections).map((input) => [input.type, input]));
  const output = new SignalROutput(connections);
  const read = async (type: string, properties: object, data = {}) =>
    fromTypedData(await inputs.get(type)!.read(binding(type, { hubName: "%Hub%", ...properties }), contextOf(settings, data)));
  return {
    check: (type: string, properties: object) => inputs.get(type)!.check!(binding(type, { ...properties }), indexing(settings)),
    read,
    negotiate: (properties: object, data = {}) => read("signalRConnectionInfo", properties, data) as Promise<ConnectionInfo>,
    write: (value: unknown, properties: object = {}, context: BindingContext = contextOf(settings)) =>
      output.write(binding("signalR", { hubName: "%Hub%", ...properties }, "out"), toTypedData(value), context),
    async connect(properties: object, targets = ["news"]): Promise<RealClient> {
      const client = await connectClient(await this.negotiate(properties), targets);
      clients.push(client);
      return client;
    },
  };
}

describe("signalRConnectionInfo", () => {
  it("gives url and accessToken of an hour for the user that its expression names", async () => {
    const info = await app().negotiate(
      { userId: "{headers.x-ms-client-principal-name}" },
      {
        headers: { "x-ms-client-principal-name": "ada" },
      },
    );
    expect(Object.keys(info)).toEqual(["url", "accessToken"]);
    expect(info.url).toBe(`${east.url}/client/?hub=chat`);
    const { "asrs.s.uid": userId, exp, iat } = payloadOf(info);
    expect(userId).toBe("ada");
    expect(exp - iat).toBe(3600);
  });

  it("gives anonymous clients a token without a user", async () => {
    expect(payloadOf(await app().negotiate({}))).not.toHaveProperty(["asrs.s.uid"]);
    expect(payloadOf(await app().negotiate({ userId: "" }))).not.toHaveProperty(["asrs.s.uid"]);
  });

  it("fails when the header of its user is not there", async () => {
    await expect(app().negotiate({ userId: "{headers.x-user}" }, { headers: {} })).rejects.toThrow(/x-user.*doesn't exist/);
  });

  it("copies the claims that claimTypeList names out of the idToken, and nothing without it", async () => {
    const payload = Buffer.from(JSON.stringify({ emails: ["a@b"], admin: true, iat: 5, other: "no" })).toString("base64url");
    const idToken = `Bearer e30.${payload}.sig`;
    const claims = payloadOf(await app().negotiate({ idToken, claimTypeList: ["emails", "admin", "iat", "absent"] }));
    expect(claims).toMatchObject({ "asrs.u.iat": expect.anything() });
    expect(String(claims.admin)).toBe("true");
    expect([claims.emails].flat()).toEqual(["a@b"]);
    expect(claims).not.toHaveProperty("other");
    expect(payloadOf(await app().negotiate({ idToken }))).not.toHaveProperty("emails");
    await expect(app().negotiate({ idToken: "no token", claimTypeList: ["a"] })).rejects.toThrow(/not a JSON Web Token/);
  });

  it("takes the connection string of the setting that it names, of ConnectionStrings first", async () => {
    const { url } = await app({
      Hub: "chat",
      Other: east.connectionString,
      "ConnectionStrings:Other": west.connectionString,
    }).negotiate({ connectionStringSetting: "Other" });
    expect(url).toContain(west.url);
  });

  it("takes a hub of an expression, and a lifetime of its own", async () => {
    const info = await app().negotiate({ hubName: "room_{id}", tokenLifetimeSeconds: 60 }, { id: "7" });
    expect(info.url).toContain("hub=room_7");
    const { exp, iat } = payloadOf(info);
    expect(exp - iat).toBe(60);
  });

  it("gives a user id with a comma and a colon a token, as in the cloud: it is a legal one, and our trigger reads no claims out of it", async () => {
    const info = await app().negotiate({ userId: "{headers.user}" }, { headers: { user: "x, admin: true" } });
    expect(payloadOf(info)).toMatchObject({ "asrs.s.uid": "x, admin: true" });
  });

  it.each([
    [
      { Signal__serviceUri: "https://x.test" },
      /"Signal__serviceUri" asks for a Microsoft Entra identity.* set "Signal" to a connection string/,
    ],
    [{ "Signal:credential": "managedidentity" }, /"Signal:credential" asks for/],
    [{ Signal: "Endpoint=https://x.test;AuthType=azure;Version=1.0;" }, /"Signal" cannot be used: /],
    [
      { Azure__SignalR__Endpoints__East__serviceUri: "https://x.test" },
      /"Azure__SignalR__Endpoints__East__serviceUri" asks for .* set "Azure__SignalR__Endpoints__East" to/,
    ],
    [
      { "Azure:SignalR:Endpoints:East:secondary:serviceUri": "https://x.test" },
      /set "Azure:SignalR:Endpoints:East:secondary" to/,
    ],
  ])("is refused with an identity in place of a key, naming the setting: %j", (values, message) => {
    expect(() => app(values).check("signalRConnectionInfo", { hubName: "c", connectionStringSetting: "Signal" })).toThrow(
      message,
    );
  });

  it("takes an identity where the host has one, with the addresses that its settings name", async () => {
    const credential: TokenCredential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const settings = {
      Hub: "c",
      Signal__serviceUri: "https://x.test",
      Signal__clientEndpoint: "https://clients.test",
      Azure__SignalR__Endpoints__East__serviceUri: "https://east.test",
      "Azure:SignalR:Endpoints:West:secondary:serviceUri": "https://west.test/",
    };
    expect(await app(settings, credential).read("signalREndpoints", { connectionStringSetting: "Signal" })).toMatchObject([
      { endpointType: "Primary", name: "", endpoint: "https://x.test" },
      { endpointType: "Primary", name: "East", endpoint: "https://east.test" },
      { endpointType: "Secondary", name: "West", endpoint: "https://west.test" },
    ]);
  });

  it("prefers a connection string to an identity", () => {
    const both = app({ Signal: east.connectionString, Signal__serviceUri: "https://x.test" });
    expect(() => both.check("signalRConnectionInfo", { hubName: "c", connectionStringSetting: "Signal" })).not.toThrow();
  });

  it("is refused at start-up without its connection string, its hub's setting or its hub", () => {
    const without = app({ Hub: "chat" });
    expect(() => without.check("signalRConnectionInfo", { hubName: "chat" })).toThrow(
      /"AzureSignalRConnectionString" is missing or empty/,
    );
    expect(() => without.check("signalRConnectionInfo", { hubName: "c", connectionStringSetting: "X" })).toThrow(
      /"X" is missing or empty/,
    );
    expect(() => app().check("signalRConnectionInfo", { hubName: "%No%" })).toThrow(/No/);
    expect(() => app().check("signalRConnectionInfo", {})).toThrow(/has no "hubName"/);
    expect(() => app({ AzureSignalRConnectionString: "nonsense" }).check("signalRConnectionInfo", { hubName: "c" })).toThrow(
      /"AzureSignalRConnectionString" cannot be used/,
    );
  });
});

describe("signalRRefresh", () => {
  async function connect(access: ConnectionInfo): Promise<string> {
    const { connection, connectionToken } = await connectByToken(access);
    clients.push({ connection, id: "", calls: [] });
    return connectionToken;
  }
  const asking = { connectionToken: "{query.id}", userId: "{headers.user}" };
  const refresh = (id: string, user: string, properties: object = {}) =>
    app().read("signalRRefresh", { ...asking, ...properties }, { query: { id }, headers: { user } });
  const hub = () => ServiceClient.fromConnectionString(east.connectionString).hub("chat");
  const idToken = `e30.${Buffer.from(JSON.stringify({ level: "7", other: "no" })).toString("base64url")}.sig`;

  it("gives a connected client a new token, with the claims of its idToken, and its connection these claims", async () => {
    const id = await connect(await app().negotiate({ userId: "ada" }));
    const plain = (await refresh(id, "ada")) as { accessToken: string };
    expect(plain).toEqual({ accessToken: expect.any(String), tokenLifetimeSeconds: 3600 });
    expect(payloadOf(plain as ConnectionInfo)).toMatchObject({ "asrs.s.uid": "ada" });
    const changed = await refresh(id, "ada", { idToken, claimTypeList: ["level"], tokenLifetimeSeconds: 60 });
    expect(changed).toMatchObject({ tokenLifetimeSeconds: 60 });
    expect(payloadOf(changed as ConnectionInfo)).toMatchObject({ "asrs.s.uid": "ada", level: "7" });
    expect(await hub().connectionClaims(id)).toContainEqual({ type: "level", value: "7" });
    expect(await hub().connectionClaims(id)).not.toContainEqual(expect.objectContaining({ type: "asrs.s.aeo" }));
  });

  it("lets a client that is to be closed when its authentication expires stay as long again", async () => {
    const id = await connect(
      await hub().negotiate({ userId: "ada", lifetimeMs: 60_000, closeOnAuthenticationExpiration: true }),
    );
    expect(await refresh(id, "ada", { tokenLifetimeSeconds: 7200 })).toMatchObject({
      tokenLifetimeSeconds: expect.any(Number),
    });
    const expiry = (await hub().connectionClaims(id)).find(({ type }) => type === "asrs.s.aeo")!.value;
    expect(Number(expiry) * 1000).toBeGreaterThan(Date.now() + 3_600_000);
  });

  it("gives null without a connection token, and for the connection of another user", async () => {
    const [ada, nobody] = [await connect(await app().negotiate({ userId: "ada" })), await connect(await app().negotiate({}))];
    expect(await refresh("", "ada")).toBeNull();
    expect(await refresh(ada, "bob")).toBeNull();
    expect(await refresh(ada, "")).toBeNull();
    expect(await refresh(nobody, "ada")).toBeNull();
    expect(await refresh(nobody, "")).toMatchObject({ accessToken: expect.any(String) });
  });

  it("fails for a connection that does not exist", async () => {
    await expect(refresh("unknown", "ada")).rejects.toThrow("There is no connection with this token.");
  });
});

describe("The signalR output", () => {
  it("sends to everybody, a user, a group, a connection, in the order of its items", async () => {
    const chat = app();
    const [ada, bob] = await Promise.all([chat.connect({ userId: "ada" }), chat.connect({ userId: "bob" })]);
    await chat.write([
      { action: "add", userId: "ada", groupName: "team" },
      { action: "add", connectionId: bob.id, groupName: "duo" },
      { target: "news", arguments: ["all", { Kept: "Case" }, 9007199254740993n.toString()] },
      { target: "news", arguments: ["user"], userId: "ada" },
      { target: "news", arguments: ["group"], groupName: "team" },
      { target: "news", arguments: ["connection"], connectionId: bob.id },
      { target: "news", groupName: "duo" },
    ]);
    await expect
      .poll(() => ada.calls)
      .toEqual([
        ["news", "all", { Kept: "Case" }, "9007199254740993"],
        ["news", "user"],
        ["news", "group"],
      ]);
    await expect
      .poll(() => bob.calls)
      .toEqual([["news", "all", { Kept: "Case" }, "9007199254740993"], ["news", "connection"], ["news"]]);
  });

  it("removes from a group and from all", async () => {
    const chat = app();
    const ada = await chat.connect({ userId: "ada2" });
    for (const groupName of ["a", "b", "c"]) await chat.write({ action: "add", userId: "ada2", groupName });
    await chat.write({ action: "add", connectionId: ada.id, groupName: "d" });
    await chat.write({ action: "remove", userId: "ada2", groupName: "a" });
    for (const groupName of ["a", "b", "d"]) await chat.write({ target: "news", arguments: [groupName], groupName });
    await chat.write([
      { action: "removeAll", userId: "ada2" },
      { action: "removeAll", connectionId: ada.id },
    ]);
    for (const groupName of ["b", "c", "d"]) await chat.write({ target: "news", arguments: [groupName], groupName });
    await chat.write({ target: "news", arguments: ["end"], userId: "ada2" });
    await expect
      .poll(() => ada.calls)
      .toEqual([
        ["news", "b"],
        ["news", "d"],
        ["news", "end"],
      ]);
  });

  it("takes JSON text, nothing for null, and refuses what fits no shape", async () => {
    const chat = app();
    const ada = await chat.connect({});
    await chat.write('{"target":"news","arguments":[12345678901234567890]}');
    await chat.write("[null]");
    await expect.poll(() => ada.calls).toHaveLength(1);
    await expect(chat.write("no JSON")).rejects.toThrow(/neither an object, an array nor JSON/);
    await expect(chat.write({ nothing: 1 })).rejects.toThrow(/takes messages/);
  });

  it("fails when the service refuses or cannot be reached", async () => {
    const wrongKey = east.connectionString.replace(/AccessKey=[^;]*/, `AccessKey=${"x".repeat(44)}`);
    await expect(app({ Hub: "c", AzureSignalRConnectionString: wrongKey }).write({ target: "t" })).rejects.toThrow();
    const nowhere = `Endpoint=http://127.0.0.1:1;AccessKey=${"x".repeat(44)};Version=1.0;`;
    await expect(app({ Hub: "c", AzureSignalRConnectionString: nowhere }).write({ target: "t" })).rejects.toThrow();
  });
});

/** reference functions-host §2.6 */
describe("Settings of the extension", () => {
  /** A service that is busy for its first calls, or for ever. */
  async function busy(calls: number) {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      if (calls !== Number.POSITIVE_INFINITY) response.writeHead(asked > calls ? 202 : 503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const connectionString = `Endpoint=http://127.0.0.1:${port};AccessKey=${"x".repeat(44)};Version=1.0;`;
    return { asked: () => asked, settings: { Hub: "c", AzureSignalRConnectionString: connectionString } };
  }

  it("make a send try again, so often and after such pauses", async () => {
    const retry = {
      AzureSignalRRetry__MaxRetries: "2",
      "AzureSignalRRetry:Delay": "00:00:00.01",
      AzureSignalRRetry__Mode: "Fixed",
    };
    const passing = await busy(2);
    await app({ ...passing.settings, ...retry }).write({ target: "t" });
    expect(passing.asked()).toBe(3);
    const lasting = await busy(3);
    await expect(app({ ...lasting.settings, ...retry }).write({ target: "t" })).rejects.toThrow("503");
    expect(lasting.asked()).toBe(3);
    const once = await busy(1);
    await expect(app(once.settings).write({ target: "t" })).rejects.toThrow("503");
    expect(once.asked()).toBe(1);
  });

  it("say how long an answer may take", async () => {
    const { settings } = await busy(Number.POSITIVE_INFINITY);
    const write = app({ ...settings, AzureSignalRHttpClientTimeout: "00:00:00.1" }).write({ target: "t" });
    await expect(write).rejects.toThrow("did not answer within 0.1 s");
  });

  it("that ask for a transport or a protocol of their own change nothing that clients see", async () => {
    const chat = app({
      Hub: "Chat",
      AzureSignalRConnectionString: east.connectionString,
      AzureSignalRServiceTransportType: "Persistent",
      "Azure:SignalR:HubProtocol": "MessagePack",
    });
    const ada = await chat.connect({ userId: "ada3" });
    await chat.write([1, 2, 3].map((number) => ({ target: "news", arguments: [number], userId: "ada3" })));
    await expect.poll(() => ada.calls).toEqual([1, 2, 3].map((number) => ["news", number]));
  });
});

describe("With several endpoints", () => {
  const both = () =>
    app({
      Hub: "chat",
      Azure__SignalR__Endpoints__East: east.connectionString,
      "Azure:SignalR:Endpoints:West:secondary": west.connectionString,
    });

  it("signalREndpoints and signalRNegotiation tell each of them by name and type", async () => {
    const expected = [
      { endpointType: "Primary", name: "East", endpoint: east.url, online: true },
      { endpointType: "Secondary", name: "West", endpoint: west.url, online: true },
    ];
    expect(await both().read("signalREndpoints", {})).toEqual(expected);
    const { endpoints } = (await both().read("signalRNegotiation", { userId: "ada" })) as {
      endpoints: { connectionInfo: ConnectionInfo }[];
    };
    expect(endpoints).toEqual(expected.map((endpoint) => ({ ...endpoint, connectionInfo: expect.anything() })));
    for (const { connectionInfo } of endpoints) expect(payloadOf(connectionInfo)["asrs.s.uid"]).toBe("ada");
  });

  it("an output goes to all, or to those that it names", async () => {
    const chat = both();
    const { endpoints } = (await chat.read("signalRNegotiation", {})) as {
      endpoints: { endpoint: string; connectionInfo: ConnectionInfo }[];
    };
    const [inEast, inWest] = await Promise.all(endpoints.map(({ connectionInfo }) => connectClient(connectionInfo, ["news"])));
    clients.push(inEast!, inWest!);
    await chat.write({ target: "news", arguments: ["both"] });
    await chat.write({ target: "news", arguments: ["west"], endpoints: [endpoints[1]] });
    await chat.write({ target: "news", arguments: ["end"] });
    await expect
      .poll(() => inEast!.calls)
      .toEqual([
        ["news", "both"],
        ["news", "end"],
      ]);
    await expect
      .poll(() => inWest!.calls)
      .toEqual([
        ["news", "both"],
        ["news", "west"],
        ["news", "end"],
      ]);
  });
});
