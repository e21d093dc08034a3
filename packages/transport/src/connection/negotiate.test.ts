import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StartedEndpoint } from "../../test/started-endpoint.ts";
import { WebSocketClient } from "../../test/web-socket-client.ts";

const everyTransport = [
  { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
  { transport: "ServerSentEvents", transferFormats: ["Text"] },
  { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
];
const randomId = expect.stringMatching(/^[\w-]{22}$/);

let started: StartedEndpoint;

beforeEach(async () => {
  started = await StartedEndpoint.start();
});

afterEach(() => started.stop());

async function negotiate(query: string, method = "POST"): Promise<Response> {
  return fetch(`http://127.0.0.1:${started.port}/client/negotiate?hub=chat${query}`, { method });
}

describe("negotiate (reference hub-and-service-protocol §1.1, emulator-observed §1)", () => {
  it("answers version 1 with a public id and a secret token", async () => {
    const response = await negotiate("&negotiateVersion=1");
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("content-length")).toBe(String(text.length));
    const answer = JSON.parse(text);
    expect(answer).toEqual({
      negotiateVersion: 1,
      connectionId: randomId,
      connectionToken: randomId,
      availableTransports: everyTransport,
    });
    expect(Object.keys(answer)).toEqual(["negotiateVersion", "connectionId", "connectionToken", "availableTransports"]);
    expect(answer.connectionId).not.toBe(answer.connectionToken);
  });

  it.each(["", "&negotiateVersion=0"])("answers version 0 without a token (%j)", async (query) => {
    expect(await (await negotiate(query)).json()).toEqual({
      negotiateVersion: 0,
      connectionId: randomId,
      availableTransports: everyTransport,
    });
  });

  it.each([
    ["&negotiateVersion=2", 1],
    ["&NEGOTIATEVERSION=1", 1],
    ["&negotiateVersion=%2B1", 1],
    ["&negotiateVersion=1&foo=1&negotiateVersion=1", 1],
    ["&negotiateVersion=0&negotiateVersion=1", 0],
    ["&negotiateVersion=x&negotiateVersion=1", 1],
  ])("%s is answered as version %i", async (query, version) => {
    expect(await (await negotiate(query)).json()).toMatchObject({ negotiateVersion: version });
  });

  it.each([
    ["-1", "The client requested version '-1', but the server does not support this version."],
    ["abc", "The client requested a non-integer protocol version."],
    ["", "The client requested a non-integer protocol version."],
    ["1.0", "The client requested a non-integer protocol version."],
    ["99999999999", "The client requested a non-integer protocol version."],
  ])("negotiateVersion=%s gets 200 with the error alone", async (version, error) => {
    const response = await negotiate(`&negotiateVersion=${version}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ error });
  });

  it.each(["GET", "HEAD", "PUT"])("%s gets 405", async (method) => {
    const response = await negotiate("", method);
    expect(response.status).toBe(405);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("");
  });

  it("offers the transports that the admission allows", async () => {
    started.admission = { transports: ["LongPolling", "WebSockets"] };
    expect(await (await negotiate("")).json()).toMatchObject({ availableTransports: [everyTransport[0], everyTransport[2]] });
  });

  it.each([
    ["&useStatefulReconnect=true", true],
    ["&UseStatefulReconnect=True", true],
    ["&useStatefulReconnect=false", undefined],
    ["", undefined],
  ])("%j offers stateful reconnect: %s", async (query, offered) => {
    expect((await (await negotiate(`&negotiateVersion=1${query}`)).json()).useStatefulReconnect).toBe(offered);
  });

  it("does not offer stateful reconnect when it is off or without WebSockets", async () => {
    const asked = "&negotiateVersion=1&useStatefulReconnect=true";
    started.admission = { transports: ["LongPolling"] };
    expect(await (await negotiate(asked)).json()).not.toHaveProperty("useStatefulReconnect");
    started.admission = {};
    started.limits = { ...started.limits, reconnectWindow: 0 };
    expect(await (await negotiate(asked)).json()).not.toHaveProperty("useStatefulReconnect");
  });
});

describe("connecting with a negotiated id", () => {
  it("takes the token of version 1, not the id", async () => {
    const { connectionId, connectionToken } = await started.negotiate();
    await expect(WebSocketClient.open(`${started.webSocketUrl}&id=${connectionId}`)).rejects.toThrow("404");
    const client = await WebSocketClient.open(`${started.webSocketUrl}&id=${connectionToken}`);
    client.send('{"protocol":"json","version":1}\u001e');
    await client.until("{}");
    expect(started.handler.one.id).toBe(connectionId);
  });

  it("takes the id of version 0", async () => {
    const { connectionId } = await started.negotiate("");
    const client = await WebSocketClient.open(`${started.webSocketUrl}&id=${connectionId}`);
    client.send('{"protocol":"json","version":1}\u001e');
    await client.until("{}");
    expect(started.handler.one.id).toBe(connectionId);
  });

  it("answers 404 when it comes too late", async () => {
    started.limits = { ...started.limits, negotiateTimeout: 1 };
    const { connectionToken } = await started.negotiate();
    await vi.waitFor(async () => {
      const response = await fetch(`${started.url}&id=${connectionToken}`, { method: "DELETE" });
      expect(response.status).toBe(404);
      expect(await response.text()).toBe("No Connection with that ID");
    });
  });

  it("answers 404 in another scope", async () => {
    const { connectionToken } = await started.negotiate();
    started.admission = { scope: "other" };
    expect((await fetch(`${started.url}&id=${connectionToken}`)).status).toBe(404);
    started.admission = {};
    expect((await fetch(`${started.url}&id=${connectionToken}`)).status).toBe(200);
  });
});
