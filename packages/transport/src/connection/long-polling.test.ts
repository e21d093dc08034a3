import { jsonProtocol } from "@signalbox/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handshakeOf, invocation, StartedEndpoint } from "../../test/started-endpoint.ts";
import { CloseReasons } from "./close-reason.ts";

let started: StartedEndpoint;
let url: string;

beforeEach(async () => {
  started = await StartedEndpoint.start();
  url = `${started.url}&id=${(await started.negotiate()).connectionToken}`;
});

afterEach(async () => {
  vi.useRealTimers();
  // A client that leaves in good order does not keep the endpoint waiting.
  await request("DELETE");
  await started.stop();
  expect(started.errors).toEqual([]);
});

async function request(method: string, body?: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<string> {
  const response = await fetch(url, { method, body: body ?? null, signal: signal ?? null });
  return `${response.status} ${await response.text()}`.trim();
}

async function connect(protocol: "json" | "messagepack" = "json"): Promise<void> {
  expect(await request("GET")).toBe("200");
  expect(await request("POST", handshakeOf(protocol))).toBe("200");
  expect(await request("GET")).toBe("200 {}\u001e");
}

/** Resolves when the request has reached the endpoint, which may hold it. */
async function arrived<T>(send: () => Promise<T>): Promise<{ readonly answer: Promise<T> }> {
  const before = started.requests.length;
  const answer = send();
  await vi.waitFor(() => expect(started.requests.length).toBeGreaterThan(before));
  return { answer };
}

describe("long polling (reference hub-and-service-protocol §1.6, emulator-observed §3)", () => {
  it("answers the first poll at once", async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "0",
      "cache-control": "no-cache, no-store",
      pragma: "no-cache",
      expires: "Thu, 01 Jan 1970 00:00:00 GMT",
    });
  });

  it("answers all that waits with its exact length", async () => {
    await connect();
    started.handler.one.send(invocation("a"));
    started.handler.one.send(invocation("b"));
    const response = await fetch(url);
    const text = await response.text();
    expect(text).toBe('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-length")).toBe(String(text.length));
  });

  it("answers a waiting poll when something comes", async () => {
    await connect();
    const poll = request("GET");
    started.handler.one.send(invocation("a"));
    expect(await poll).toBe('200 {"type":1,"target":"a","arguments":[]}\u001e');
  });

  it("answers an older poll with 204 when a newer comes", async () => {
    await connect();
    const older = await arrived(() => fetch(url));
    const newer = request("GET");
    const response = await older.answer;
    expect(response.status).toBe(204);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.headers.get("expires")).toBe("Thu, 01 Jan 1970 00:00:00 GMT");
    started.handler.one.send(invocation("a"));
    expect(await newer).toBe('200 {"type":1,"target":"a","arguments":[]}\u001e');
  });

  it("answers an empty poll after the poll time-out", async () => {
    started.limits = { ...started.limits, pollTimeout: 50 };
    await connect();
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("");
    expect(started.handler.ends).toEqual([]);
  });

  it("keeps what comes while a poll was given up for the next", async () => {
    await connect();
    const controller = new AbortController();
    const { answer } = await arrived(() => request("GET", undefined, controller.signal));
    controller.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(started.aborted).toBe(1));
    started.handler.one.send(invocation("a"));
    expect(await request("GET")).toBe('200 {"type":1,"target":"a","arguments":[]}\u001e');
  });

  it("ends when the client stays away", async () => {
    await connect();
    started.limits = { ...started.limits, pollInterval: 60 };
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.transportLost }]));
    expect(await request("GET")).toBe("404 No Connection with that ID");
  });

  it("does not end a silent client that polls, and does not ping it", async () => {
    started.limits = { ...started.limits, pollTimeout: 40, clientTimeout: 60, keepAliveInterval: 20 };
    await connect();
    await request("POST", '{"type":6}\u001e');
    for (let i = 0; i < 5; i++) expect(await request("GET")).toBe("200");
    expect(started.handler.ends).toEqual([]);
  });

  it("DELETE ends the waiting poll with a close message, and the id is unknown", async () => {
    await connect();
    const { answer } = await arrived(() => request("GET"));
    expect(await request("DELETE")).toBe("202");
    expect(await answer).toBe('200 {"type":7,"allowReconnect":true}\u001e');
    for (const method of ["GET", "POST", "DELETE"]) expect(await request(method)).toBe("404 No Connection with that ID");
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.clientLeft, error: undefined }]);
    expect(started.endpoint.size).toBe(0);
  });

  it("DELETE is taken before the handshake and before the first poll not", async () => {
    expect(await request("DELETE")).toBe("400 Cannot terminate this connection using the DELETE endpoint.");
    expect(await request("GET")).toBe("200");
    expect(await request("DELETE")).toBe("202");
    expect(started.handler.ends).toEqual([]);
    expect(started.endpoint.size).toBe(0);
  });

  it("REST closes: the poll brings the close message, the next 204, then the id is unknown", async () => {
    await connect();
    const poll = request("GET");
    started.handler.one.close(CloseReasons.closedByBackend, "out");
    expect(await poll).toBe('200 {"type":7,"error":"out","allowReconnect":true}\u001e');
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.closedByBackend }]);
    expect(await request("POST", "x")).toBe("200");
    expect(await request("GET")).toBe("204");
    expect(await request("POST", "x")).toBe("404 No Connection with that ID");
    expect(await request("GET")).toBe("404 No Connection with that ID");
    expect(started.endpoint.size).toBe(0);
  });

  it("a malformed record: the POST is fine, the next poll brings the error, then 204, then 404", async () => {
    await connect();
    expect(await request("POST", "nonsense\u001e")).toBe("200");
    expect(await request("GET")).toBe('200 {"type":7,"error":"Connection closed with an error.","allowReconnect":true}\u001e');
    expect(await request("GET")).toBe("204");
    expect(await request("GET")).toBe("404 No Connection with that ID");
    expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.malformedMessage, error: "Error reading JSON." }]);
  });

  it("a refused handshake comes with the poll", async () => {
    await request("GET");
    await request("POST", '{"protocol":"xml","version":1}\u001e');
    expect(await request("GET")).toBe('200 {"error":"The protocol \'xml\' is not supported."}\u001e');
    expect(await request("GET")).toBe("204");
  });

  it("ends the connection of a closed client that does not fetch the end", async () => {
    await connect();
    started.limits = { ...started.limits, pollInterval: 60 };
    started.handler.one.close(CloseReasons.drain);
    await vi.waitFor(() => expect(started.endpoint.size).toBe(0));
  });

  it("needs an id that is known", async () => {
    for (const method of ["GET", "POST", "DELETE"]) {
      url = started.url;
      expect(await request(method)).toBe("400 Connection ID required");
      url = `${started.url}&id=unknown`;
      expect(await request(method)).toBe("404 No Connection with that ID");
    }
    expect((await fetch(url)).headers.get("pragma")).toBe("no-cache");
  });

  it("carries MessagePack", async () => {
    await connect("messagepack");
    started.handler.one.send(invocation("a"));
    const response = await fetch(url);
    expect(Buffer.from(await response.arrayBuffer()).toString("hex")).toBe("0896" + "0180c0a16190" + "90");
  });

  it("follows the newest admission's expiry", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const now = Date.now();
    started.admission = { expiresAt: now + 1_000 };
    await connect();
    started.admission = { expiresAt: now + 2_000 };
    started.handler.one.send(invocation("a"));
    await request("GET");
    started.limits = { ...started.limits, pollTimeout: 100 };
    vi.setSystemTime(now + 1_999);
    expect(await request("GET")).toBe("200");
    expect(started.handler.ends).toEqual([]);
    vi.setSystemTime(now + 2_000);
    await vi.waitFor(() => expect(started.handler.ends).toMatchObject([{ reason: CloseReasons.authenticationExpired }]));
  });

  it("survives garbage", async () => {
    started.limits = { ...started.limits, pollInterval: 60_000 };
    await connect();
    const witness = url;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes: Uint8Array<ArrayBuffer>) => {
        url = `${started.url}&id=${(await started.negotiate()).connectionToken}`;
        await request("GET");
        await request("POST", bytes);
        await request("POST", bytes);
        await request("DELETE");
      }),
      { numRuns: 40 },
    );
    url = witness;
    await vi.waitFor(() => expect(started.endpoint.size).toBe(1));
    started.handler.broadcast(invocation("still"));
    expect(jsonProtocol.decode(Buffer.from((await request("GET")).slice(4)))).toMatchObject({ target: "still" });
  });
});
