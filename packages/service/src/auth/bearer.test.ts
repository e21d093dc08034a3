import { describe, expect, it } from "vitest";
import { bearerChallenge, bearerToken, clientToken } from "./bearer.ts";
import { TokenError } from "./token-verifier.ts";

describe("bearer token", () => {
  it.each([
    ["Bearer abc", "abc"],
    ["bearer abc", "abc"],
    ["BEARER   abc ", "abc"],
    ["Bearer ", undefined],
    ["Bearer", undefined],
    ["Basic abc", undefined],
    ["abc", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %j is %j", (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});

describe("token of a client's request", () => {
  it.each([
    ["an upgrade", {}, true, "query"],
    ["an upgrade with a header", { authorization: "Bearer header" }, true, "header"],
    ["an upgrade with a header of another scheme", { authorization: "Basic x" }, true, undefined],
    ["an event stream", { accept: "text/event-stream" }, false, "query"],
    ["an event stream among others", { accept: "text/html, Text/Event-Stream;q=0.9" }, false, "query"],
    ["any other request", { accept: "*/*" }, false, undefined],
    ["a request without Accept", {}, false, undefined],
  ])("%s", (_, headers, isUpgrade, token) => {
    expect(clientToken(new Headers(headers as Record<string, string>), "query", isUpgrade)).toBe(token);
  });
});

describe("challenge", () => {
  it("is bare without a token and names the error otherwise", () => {
    expect(bearerChallenge()).toBe("Bearer");
    expect(bearerChallenge(new TokenError("The signature key was not found"))).toBe(
      'Bearer error="invalid_token", error_description="The signature key was not found"',
    );
  });

  it("is a legal header whatever the token held", () => {
    const challenge = bearerChallenge(new TokenError(`aud "x\\"\r\nSet-Cookie: a=b ü𝄞${"y".repeat(5_000)}`));
    expect(challenge).toContain(`error_description="aud 'x?'??Set-Cookie: a=b ???yyy`);
    expect(challenge.length).toBeLessThan(400);
    expect(new Headers({ "WWW-Authenticate": challenge }).get("www-authenticate")).toBe(challenge);
  });
});
