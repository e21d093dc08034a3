import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerBytes } from "./headers.ts";
import { Bench, Upstream } from "./upstream-fixture.suite.ts";

async function upstream(): Promise<Upstream> {
  return Upstream.start((_, response) => void response.writeHead(204).end());
}

describe("an upstream request", () => {
  it("is what the emulator sends, and a key by which a repeated one is known", async () => {
    const peer = await upstream();
    const bench = new Bench(`${peer.origin}/up/{hub}/{category}/{event}?code=abc`);
    const client = bench.client(undefined, {
      userId: "uidX",
      claims: [
        { type: "aud", value: "http://127.0.0.1/client/?hub=obs" },
        { type: "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", value: "x, y" },
        { type: "http://schemas/x", value: "v: w" },
        { type: "picture", value: "https://host/a%252Fb" },
      ],
      query: "?hub=obs&foo=b%20ar&foo=2&x=%C3%BC",
    });
    bench.backend.connected(client);
    await bench.backend.drained();

    const [request] = peer.requests;
    expect(`${request!.method} ${request!.url}`).toBe("POST /up/obs/connections/connected?code=abc");
    expect(request!.body.toString()).toBe('{"type":10}');
    expect(request!.rawHeaders).toEqual([
      ...["Host", peer.origin.slice("http://".length)],
      ...["X-ASRS-Connection-Id", "connection-1"],
      ...["X-ASRS-Hub", "obs"],
      ...["X-ASRS-Category", "connections"],
      ...["X-ASRS-Event", "connected"],
      ...["X-ASRS-User-Id", "uidX"],
      "X-ASRS-User-Claims",
      "aud: http://127.0.0.1/client/?hub=obs, http://schemas.microsoft.com/ws/2008/06/identity/claims/role: x, y, " +
        "http://schemas/x: v: w, picture: https://host/a%252Fb",
      ...["X-ASRS-Client-Query", "?hub=obs&foo=b%20ar&foo=2&x=%C3%BC"],
      ...["X-ASRS-Signature", expect.stringMatching(/^sha256=[0-9a-f]{64}$/)],
      ...["X-ASRS-Idempotency-Key", expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ...["Content-Type", "application/json"],
      ...["Content-Length", "11"],
      ...["Connection", "keep-alive"],
    ]);
  });

  it("authenticates by the user name and password of its URL, whatever characters they have, and says neither otherwise", async () => {
    const peer = await upstream();
    const bench = new Bench(`${peer.origin.replace("//", "//us%40er:p%3Aw%C3%B6rd@")}/{event}?a=b#c`);
    bench.backend.connected(bench.client());
    await bench.backend.drained();

    const [request] = peer.requests;
    expect(request!.header("authorization")).toBe(`Basic ${Buffer.from("us@er:p:wörd").toString("base64")}`);
    expect(request!.header("host")).toBe(peer.origin.slice("http://".length));
    expect(request!.url).toBe("/connected?a=b");
  });

  it("names no user, claims or query where there are none, and the hub as the client spelled it", async () => {
    const peer = await upstream();
    const bench = new Bench(`${peer.origin}/{hub}`);
    bench.backend.connected(bench.client(undefined, { hub: "chat", hubName: "Chat", query: "" }));
    await bench.backend.drained();

    const [request] = peer.requests;
    expect(request!.url).toBe("/Chat");
    expect(request!.header("x-asrs-hub")).toBe("Chat");
    for (const absent of ["x-asrs-user-id", "x-asrs-user-claims", "x-asrs-client-query"]) {
      expect(request!.header(absent)).toBeUndefined();
    }
  });

  it("carries one signature for each key, and new keys at once", async () => {
    const peer = await upstream();
    const bench = new Bench(peer.origin);
    const client = bench.client();
    bench.backend.connected(client);
    await bench.backend.drained();
    bench.keys = ["primary-key", "secondary-key"];
    bench.backend.disconnected(client, undefined);
    await bench.backend.drained();

    const [first, second] = peer.requests.map((request) => request.header("x-asrs-signature")!);
    expect(second).toMatch(new RegExp(`^${first},sha256=[0-9a-f]{64}$`));
  });

  it("arrives and decodes back, whatever the target, user id and claims", async () => {
    const peer = await upstream();
    const bench = new Bench(`${peer.origin}/{event}`);
    const text = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom(
        "a\r\nX-Injected: 1",
        "\0",
        " blank ",
        "ü",
        "😀",
        "a,b: c",
        "%0A",
        "\u0085",
        "\u00a0x",
        "\ud800x",
        "x".repeat(3000),
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, text, text, async (event, userId, claim) => {
        fc.pre(event !== "." && event !== "..");
        peer.requests.length = 0;
        const client = bench.client(undefined, { userId, claims: [{ type: "name", value: claim }] });
        bench.invoke(client, event);
        await bench.backend.drained();

        const [request] = peer.requests;
        expect(decodeURIComponent(request!.url.slice(1))).toBe(event.toWellFormed());
        expect(decodeControls(request!.header("x-asrs-event")!)).toBe(decodeControls(event.toWellFormed()));
        expect(decodeControls(request!.header("x-asrs-user-id")!)).toBe(decodeControls(userId.toWellFormed()));
        expect(decodeControls(request!.header("x-asrs-user-claims")!)).toBe(decodeControls(`name: ${claim.toWellFormed()}`));
        expect(request!.header("x-injected")).toBeUndefined();
        expect(client.completion.error).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});

describe("a header value", () => {
  it.each([
    ["plain text, with: signs % %20", "plain text, with: signs % %20"],
    ["ü", "\u00c3\u00bc"],
    ["a\r\nb\tc\u007f", "a%0D%0Ab%09c%7F"],
    ["  a b ", "%20%20a b%20"],
    ["", ""],
    [" ", "%20"],
  ])("%j becomes %j", (text, bytes) => {
    expect(headerBytes(text)).toBe(bytes);
  });
});

/** What a receiver does that wants the characters which no header can carry. */
function decodeControls(value: string): string {
  return value.replace(/%(?:[01][0-9A-F]|7F)|^(?:%20)+|(?:%20)+$/gi, (escapes) => decodeURIComponent(escapes));
}
