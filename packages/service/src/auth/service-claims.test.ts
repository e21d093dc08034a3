import { describe, expect, it } from "vitest";
import { serviceClaimsOf } from "./service-claims.ts";

const absent = { transports: undefined, handshakeTimeout: undefined, pollInterval: undefined, expiresAt: undefined };

describe("service claims", () => {
  it.each([
    [{}, {}],
    [{ "asrs.s.htt": "1" }, { transports: ["WebSockets"] }],
    [{ "asrs.s.htt": 6 }, { transports: ["ServerSentEvents", "LongPolling"] }],
    [{ "asrs.s.htt": "7" }, {}],
    [{ "asrs.s.htt": "0" }, {}],
    [{ "asrs.s.htt": "WebSockets" }, {}],
    [{ "asrs.s.cht": "20" }, { handshakeTimeout: 20_000 }],
    [{ "asrs.s.cht": 20 }, { handshakeTimeout: 20_000 }],
    [{ "asrs.s.cht": "0" }, { handshakeTimeout: 1_000 }],
    [{ "asrs.s.cht": "99" }, { handshakeTimeout: 30_000 }],
    [{ "asrs.s.cht": "soon" }, {}],
    [{ "asrs.s.cht": 1.5 }, {}],
    [{ "asrs.s.ttl": "5" }, { pollInterval: 5_000 }],
    [{ "asrs.s.ttl": "301" }, { pollInterval: 300_000 }],
    [{ "asrs.s.coae": "true", "asrs.s.aeo": "1700000000" }, { expiresAt: 1_700_000_000_000 }],
    [{ "asrs.s.coae": true, "asrs.s.aeo": 1700000000 }, { expiresAt: 1_700_000_000_000 }],
    [{ "asrs.s.coae": "True", "asrs.s.aeo": "1700000000", "asrs.s.dc": "true" }, {}],
    [{ "asrs.s.coae": "false", "asrs.s.aeo": "1700000000" }, {}],
    [{ "asrs.s.aeo": "1700000000" }, {}],
    [{ "asrs.s.coae": "true" }, {}],
  ])("%j say %j", (payload, said) => {
    expect(serviceClaimsOf(payload)).toEqual({ ...absent, ...said });
  });
});
