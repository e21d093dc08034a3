import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  AuthenticationError,
  ConnectionNotFoundError,
  EndpointUnreachableError,
  InvalidArgumentError,
  SignalRServiceError,
} from "../errors.ts";
import { claimsOf, ScriptedServer } from "../rest/scripted-server.suite.ts";
import { client } from "../websocket.ts";

let server: ScriptedServer;
const logged: string[] = [];
const context = { log: (text: string) => void logged.push(text) };

beforeEach(async () => {
  logged.length = 0;
  server = await ScriptedServer.start();
});

afterEach(() => server[Symbol.asyncDispose]());

const chat = () => client(server.connectionString, "Chat", context);

describe("the wire of reference serverless-upstream §5.6 and §5.7", () => {
  it("has these routes", async () => {
    const hub = chat();
    await hub.broadcast("all");
    await hub.broadcast("all", { excluded: ["a", "b"] });
    await hub.sendToConnection("c/1", "one");
    await hub.sendToUser("Ünal & co", "user");
    await hub.sendToGroup("red #1", "group", { excluded: ["c"] });
    await hub.addConnectionToGroup("g", "c");
    await hub.removeConnectionFromGroup("g", "c");
    await hub.closeConnection("c");
    await hub.closeConnection("c", "so & so");
    await hub.addToGroup("g", "u");
    await hub.addToGroup("g", "u", { ttl: 60 });
    await hub.removeFromGroup("g", "u");
    server.script = () => 200;
    await hub.connectionExists("c");
    await hub.userExists("u");
    await hub.groupExists("g");
    expect(server.requests).toEqual(
      [
        "POST ",
        "POST ?excluded=a&excluded=b",
        "POST /connections/c%2F1",
        "POST /users/%C3%9Cnal%20%26%20co",
        "POST /groups/red%20%231?excluded=c",
        "PUT /groups/g/connections/c",
        "DELETE /groups/g/connections/c",
        "DELETE /connections/c",
        "DELETE /connections/c?reason=so%20%26%20so",
        "PUT /groups/g/users/u",
        "PUT /groups/g/users/u?ttl=60",
        "DELETE /groups/g/users/u",
        "HEAD /connections/c",
        "HEAD /users/u",
        "HEAD /groups/g",
      ].map((request) => request.replace(" ", " /ws/api/v1/hubs/Chat")),
    );
  });

  it("calls the default hub when none is named", async () => {
    await client(server.connectionString, undefined, context).broadcast("x");
    expect(server.requests).toEqual(["POST /ws/api/v1"]);
  });

  it.each([
    ["text", "plain ü", "text/plain", Buffer.from("plain ü")],
    ["bytes", new Uint8Array([0, 255]), "application/octet-stream", Buffer.from([0, 255])],
    ["a buffer", Uint8Array.of(1, 2).buffer, "application/octet-stream", Buffer.from([1, 2])],
    ["an object", { type: "message", text: "hi" }, "text/plain", Buffer.from('{"type":"message","text":"hi"}')],
    ["nothing", "", "text/plain", Buffer.alloc(0)],
  ])("sends %s", async (_, content, contentType, body) => {
    await chat().broadcast(content);
    expect(server.seen[0]?.headers["content-type"]).toBe(contentType);
    expect(server.seen[0]?.body).toEqual(body);
  });

  it("signs each call for its URL", async () => {
    await chat().sendToUser("a b", "x");
    expect(server.seen[0]?.claims.aud).toBe("http://127.0.0.1/ws/api/v1/hubs/Chat/users/a%20b");
  });
});

describe("the endpoint of clients", () => {
  const connectionString = "Endpoint=https://example.com;Port=8443;AccessKey=key;Version=1.0;";

  it("is anonymous without a user", () => {
    expect(client(connectionString, "chat").getEndpoint()).toBe("wss://example.com:8443/ws/client/hubs/chat/");
    expect(client(connectionString, "").getEndpoint()).toBe("wss://example.com:8443/ws/client/");
  });

  it("carries a token that names the user", () => {
    const url = new URL(client(connectionString, "chat").getEndpoint("Ann"));
    expect(url.origin + url.pathname).toBe("wss://example.com:8443/ws/client/hubs/chat/");
    const claims = claimsOf(url.searchParams.get("access_token")!);
    expect(claims).toMatchObject({ sub: "Ann", aud: "https://example.com/ws/client/hubs/chat/" });
    expect((claims.exp as number) - (claims.iat as number)).toBe(3_600);
  });

  it("names no user without a key to sign with", () => {
    const hub = client("Endpoint=https://example.com;AuthType=azure", "chat", console, {
      credential: { getToken: async () => ({ token: "t", expiresOnTimestamp: 0 }) },
    });
    expect(() => hub.getEndpoint("Ann")).toThrow(AuthenticationError);
  });
});

describe("results", () => {
  it("are those of the old library: what a function may return as its answer", async () => {
    const text = `invoked post:${server.origin}/ws/api/v1/hubs/Chat: 202`;
    expect(await chat().broadcast("x")).toEqual({ status: 202, body: { type: "log", code: 202, text } });
    expect(logged).toEqual([text]);
  });

  it("of questions are yes and no", async () => {
    server.script = ({ url }) => (url.endsWith("/here") ? 200 : 404);
    expect(await chat().connectionExists("here")).toBe(true);
    expect(await chat().connectionExists("gone")).toBe(false);
    expect(await chat().userExists("gone")).toBe(false);
    expect(await chat().groupExists("gone")).toBe(false);
  });
});

describe("errors, where the old library answered with type 'error' or nothing", () => {
  it.each([
    [400, InvalidArgumentError],
    [401, AuthenticationError],
    [404, EndpointUnreachableError],
    [500, SignalRServiceError],
  ])("throw for status %i", async (status, expected) => {
    server.script = () => status;
    const failure = await chat()
      .broadcast("x")
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(expected);
    expect(failure).toMatchObject({ status });
    expect(logged[0]).toMatch(/^error invoking post:/);
  });

  it("name the connection that does not exist", async () => {
    server.script = () => 404;
    await expect(chat().addConnectionToGroup("g", "gone")).rejects.toThrow(ConnectionNotFoundError);
    await expect(chat().removeConnectionFromGroup("g", "gone")).rejects.toThrow('There is no connection "gone".');
  });

  it("tell that nobody answers", async () => {
    const hub = client("Endpoint=http://127.0.0.1;Port=1;AccessKey=key;", "chat", context);
    await expect(hub.userExists("u")).rejects.toThrow(EndpointUnreachableError);
  });

  it("refuse what would address somebody else, before anything is sent", async () => {
    await expect(chat().sendToUser("..", "x")).rejects.toThrow(InvalidArgumentError);
    await expect(chat().sendToGroup("", "x")).rejects.toThrow(InvalidArgumentError);
    await expect(chat().closeConnection("")).rejects.toThrow(InvalidArgumentError);
    await expect(chat().addToGroup("g", "u", { ttl: -1 })).rejects.toThrow(InvalidArgumentError);
    const circle: { self?: object } = {};
    circle.self = circle;
    await expect(chat().broadcast(circle)).rejects.toThrow(InvalidArgumentError);
    expect(server.seen).toEqual([]);
  });

  it("refuse hubs and connection strings that cannot be", () => {
    expect(() => client(server.connectionString, "a/b")).toThrow(InvalidArgumentError);
    expect(() => client("Endpoint=http://localhost;", "chat")).toThrow("The connection string has no AccessKey.");
  });
});
