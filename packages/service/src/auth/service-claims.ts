import type { TransportName } from "@signalbox/transport";
import type { TokenPayload } from "./token-verifier.ts";

/** What an app server or SDK tells the service about a client, in `asrs.s.*` claims (reference hub-and-service-protocol §4.3). */
export interface ServiceClaims {
  /** `asrs.s.htt`: the transports the client may use; undefined: all. */
  readonly transports: readonly TransportName[] | undefined;
  /** `asrs.s.cht`, 1 to 30 s, in milliseconds. */
  readonly handshakeTimeout: number | undefined;
  /** `asrs.s.ttl`, 1 to 300 s, in milliseconds: the longest pause between two polls. */
  readonly pollInterval: number | undefined;
  /** `asrs.s.coae` with `asrs.s.aeo`, milliseconds since 1970. Diagnostic clients (`asrs.s.dc`) are not closed. */
  readonly expiresAt: number | undefined;
}

const transportBits: readonly (readonly [bit: number, name: TransportName])[] = [
  [1, "WebSockets"],
  [2, "ServerSentEvents"],
  [4, "LongPolling"],
];

/** SDKs write every value as text; numbers and booleans are taken as well. A value that makes no sense counts as absent. */
export function serviceClaimsOf(payload: TokenPayload): ServiceClaims {
  const allowed = (integer(payload["asrs.s.htt"]) ?? 0) & 7;
  const expiry = integer(payload["asrs.s.aeo"]);
  const expires = isTrue(payload["asrs.s.coae"]) && !isTrue(payload["asrs.s.dc"]) && expiry !== undefined;
  return {
    transports:
      allowed === 0 || allowed === 7 ? undefined : transportBits.filter(([bit]) => allowed & bit).map(([, name]) => name),
    handshakeTimeout: milliseconds(payload["asrs.s.cht"], 30),
    pollInterval: milliseconds(payload["asrs.s.ttl"], 300),
    expiresAt: expires ? expiry * 1000 : undefined,
  };
}

function milliseconds(claim: unknown, maxSeconds: number): number | undefined {
  const seconds = integer(claim);
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 1), maxSeconds) * 1000;
}

function integer(claim: unknown): number | undefined {
  const value = typeof claim === "string" && /^\d{1,15}$/.test(claim) ? Number(claim) : claim;
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

const isTrue = (claim: unknown): boolean => claim === true || (typeof claim === "string" && claim.toLowerCase() === "true");
