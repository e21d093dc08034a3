import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requireClientAudience, requireRestAudience } from "./audience.ts";
import { hostName, OwnHosts } from "./own-hosts.ts";
import { TokenError } from "./token-verifier.ts";

const own = new OwnHosts(["https://signalr.example.com:8443/base", "Other.Example.com."]);

/** undefined when accepted, otherwise the reason. */
function verdict(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TokenError);
    return (error as TokenError).message;
  }
}

const client = (aud: unknown, hub = "chat", host: string | undefined = "localhost:8888") =>
  verdict(() => requireClientAudience({ aud: aud as string }, hub, own, host));
const rest = (aud: unknown, target: string, host: string | undefined = "localhost:8888") =>
  verdict(() => requireRestAudience({ aud: aud as string }, target, own, host));

describe("host names", () => {
  it.each([
    ["localhost", "localhost"],
    ["LocalHost:8888", "localhost"],
    ["http://Example.com:80/a?b", "example.com"],
    ["example.com.", "example.com"],
    ["[::1]:8888", "[::1]"],
    ["::1", "[::1]"],
    ["http://[::1]:8888", "[::1]"],
    ["", ""],
  ])("of %j is %j", (text, name) => {
    expect(hostName(text)).toBe(name);
  });
});

describe("audience of a client's token", () => {
  it.each([
    ["as the SDK writes it: no port", "http://localhost/client/?hub=chat"],
    ["with the port", "http://localhost:8888/client/?hub=chat"],
    ["with any port", "http://localhost:7300/client/?hub=chat"],
    ["https, as behind a proxy", "https://localhost/client/?hub=chat"],
    ["of a WebSocket URL", "wss://localhost/client/?hub=chat"],
    ["without the slash", "http://localhost/client?hub=chat"],
    ["host and path in other letters", "HTTP://LOCALHOST/Client/?hub=chat"],
    ["hub in other letters", "http://localhost/client/?hub=Chat"],
    ["hub percent-encoded", "http://localhost/client/?hub=%63hat"],
    ["further parameters", "http://localhost/client/?asrs.op=%2Fchat&hub=chat&x=1"],
    ["127.0.0.1", "http://127.0.0.1/client/?hub=chat"],
    ["::1", "http://[::1]:8888/client/?hub=chat"],
    ["the host as a container sees it", "http://host.docker.internal:8888/client/?hub=chat"],
    ["a configured endpoint", "https://signalr.example.com/client/?hub=chat"],
    ["a configured host", "https://other.example.com/client/?hub=chat"],
    ["one of several", ["https://elsewhere.example.com/", "http://localhost/client/?hub=chat"]],
  ])("is accepted %s", (_, aud) => {
    expect(client(aud)).toBeUndefined();
  });

  it("is accepted for the name by which the request came", () => {
    expect(client("http://signalbox/client/?hub=chat", "chat", "SignalBox:8888")).toBeUndefined();
    expect(client("http://signalbox/client/?hub=chat", "chat", "localhost:8888")).toBe(
      "The audience 'http://signalbox/client/?hub=chat' is invalid: this service is not known as 'signalbox'",
    );
    expect(client("http://signalbox/client/?hub=chat", "chat", undefined)).toMatch(/not known/);
    expect(client("http://:80/client/?hub=chat", "chat", "")).toMatch(/not known/);
  });

  it.each([
    ["another hub", "http://localhost/client/?hub=chat2"],
    ["no hub", "http://localhost/client/"],
    ["the hub twice", "http://localhost/client/?hub=chat&hub=chat"],
    ["another path", "http://localhost/server/?hub=chat"],
    ["a path below", "http://localhost/client/x?hub=chat"],
    ["the root", "http://localhost"],
    ["another host", "http://elsewhere.example.com/client/?hub=chat"],
    ["a host that only begins like ours", "http://localhost.example.com/client/?hub=chat"],
    ["ours as user name", "http://localhost@example.com/client/?hub=chat"],
    ["another scheme", "ftp://localhost/client/?hub=chat"],
    ["no URL", "chat"],
    ["an empty one", ""],
    ["none", undefined],
    ["a number", 5],
    ["an object", { a: 1 }],
    ["an empty list", []],
    ["a list of others", ["http://localhost/client/?hub=other", 3, null]],
  ])("is refused with %s", (_, aud) => {
    expect(client(aud)).toMatch(/^The audience /);
  });

  it("names what was expected", () => {
    expect(client("http://localhost/client/?hub=other")).toBe(
      "The audience 'http://localhost/client/?hub=other' is invalid: this request is for '/client/?hub=chat'",
    );
  });
});

describe("audience of a REST caller's token", () => {
  const url = "/api/hubs/chat/users/Ann%2FB/groups/g%20%C3%BC";
  it.each([
    ["as documented", "http://localhost:8888/api/v1/hubs/chat", "/api/v1/hubs/chat"],
    [
      "as the SDK of 2024",
      "http://localhost/api/hubs/chat/:send?api-version=2022-06-01",
      "/api/hubs/chat/:send?api-version=2022-06-01&excluded=a",
    ],
    [
      "with an application",
      "http://localhost/api/hubs/chat/:send?application=a&api-version=2022-06-01",
      "/api/hubs/chat/:send?application=a&api-version=2022-06-01",
    ],
    ["as the SDK of 2025", "http://localhost:8888/api/hubs/chat/:send", "/api/hubs/chat/:send?api-version=2024-12-01"],
    [
      "with the raw query",
      "http://localhost/ws/api/v1/hubs/chat/connections/c?reason=a b",
      "/ws/api/v1/hubs/chat/connections/c?reason=a%20b",
    ],
    ["slash on the token alone", "http://localhost/api/v1/hubs/chat/", "/api/v1/hubs/chat"],
    ["slash on the request alone", "http://localhost/api/v1/hubs/chat", "/api/v1/hubs/chat/?x=1"],
    ["hub in other letters", "http://localhost/api/v1/hubs/Chat", "/API/v1/hubs/chat"],
    [
      "hub of v1-preview in other letters",
      "http://localhost/api/v1-preview/hub/Chat/user/U",
      "/api/v1-preview/hub/chat/user/U",
    ],
    ["verb percent-encoded", "http://localhost/api/hubs/chat/:send", "/api/hubs/chat/%3Asend"],
    ["segments decoded on one side", "http://localhost/api/hubs/chat/users/a b", "/api/hubs/chat/users/a%20b"],
    [
      "segments encoded with other letters",
      `https://signalr.example.com${url.toLowerCase().replace("ann", "Ann").replace("b/g", "B/g")}`,
      url,
    ],
    ["the same invalid encoding", "http://localhost/api/hubs/chat/users/%zz/", "/api/hubs/chat/users/%zz"],
    ["no hub in the path", "http://localhost/API/v1/auth/accessKey", "/api/v1/auth/accesskey?x=1"],
  ])("is accepted %s", (_, aud, target) => {
    expect(rest(aud, target)).toBeUndefined();
  });

  it.each([
    ["another hub", "http://localhost/api/v1/hubs/chat2", "/api/v1/hubs/chat"],
    ["a hub that begins alike", "http://localhost/api/v1/hubs/chat", "/api/v1/hubs/chat2"],
    ["a path above", "http://localhost/api/v1/hubs/chat", "/api/v1/hubs/chat/users/u"],
    ["a path below", "http://localhost/api/v1/hubs/chat/users/u", "/api/v1/hubs/chat"],
    ["the root", "http://localhost/", "/api/v1/hubs/chat"],
    ["another user", "http://localhost/api/v1/hubs/chat/users/Ann", "/api/v1/hubs/chat/users/ann"],
    ["one segment for two", "http://localhost/api/hubs/chat/users/a%2Fgroups%2Fb", "/api/hubs/chat/users/a/groups/b"],
    ["the client's URL", "http://localhost/client/?hub=chat", "/api/hubs/chat"],
    ["another host", "http://elsewhere.example.com/api/v1/hubs/chat", "/api/v1/hubs/chat"],
  ])("is refused for %s", (_, aud, target) => {
    expect(rest(aud, target)).toMatch(/^The audience /);
  });

  it("is judged anew for each target and host, though the token's own parts are remembered", () => {
    const payload = { aud: "http://signalbox/api/v1/hubs/chat" };
    const ask = (target: string, host: string) => verdict(() => requireRestAudience(payload, target, own, host));
    expect(ask("/api/v1/hubs/chat", "signalbox")).toBeUndefined();
    expect(ask("/api/v1/hubs/chat", "localhost")).toMatch(/not known as 'signalbox'/);
    expect(ask("/api/v1/hubs/other", "signalbox")).toMatch(/this request is for/);
    expect(ask("/api/v1/hubs/chat/", "signalbox:1")).toBeUndefined();
  });

  it("survives any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (aud, target) => void rest(aud, target)),
    );
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (aud) => void rest(aud, new URL(aud).pathname)));
  });
});
