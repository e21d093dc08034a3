import { randomUUID } from "node:crypto";
import {
  type ConnectionString,
  clientAudience,
  clientUrl,
  maxTokenLength,
  type SigningKey,
  signToken,
} from "@signalbox/protocol";
import type { TransportName } from "@signalbox/transport";

/** Bits of `asrs.s.htt` (reference hub-and-service-protocol §4.3). */
const transportBits: Readonly<Record<TransportName, number>> = { WebSockets: 1, ServerSentEvents: 2, LongPolling: 4 };

/** What a client's token says to the service besides who the client is. */
export interface AccessTerms {
  readonly hub: string;
  readonly serverId: string;
  readonly sticky: "Disabled" | "Preferred" | "Required";
  readonly detailedErrors: boolean;
  readonly transports: readonly TransportName[] | undefined;
  /** Milliseconds. */
  readonly handshakeTimeout: number | undefined;
  readonly maxPollIntervalInSeconds: number | undefined;
  readonly endpointCount: number;
  /** Milliseconds. */
  readonly lifetime: number;
}

/**
 * Sends a client that negotiates to the service (reference hub-and-service-protocol §4.3).
 * @param key signs the client's token
 * @param claims of the user
 * @param request path and query as sent
 * @returns undefined when the token would be longer than the service takes
 */
export function redirect(
  connection: ConnectionString,
  key: SigningKey,
  terms: AccessTerms,
  claims: Readonly<Record<string, unknown>>,
  request: string,
): { readonly url: string; readonly accessToken: string } | undefined {
  const iat = Math.floor(Date.now() / 1_000);
  const payload = {
    ...serviceClaims(terms),
    ...claims,
    nbf: iat,
    iat,
    exp: iat + Math.floor(terms.lifetime / 1_000),
    aud: clientAudience(connection, terms.hub),
  };
  const accessToken = signToken(payload, key);
  if (accessToken.length > maxTokenLength) return undefined;
  return { url: `${clientUrl(connection, terms.hub)}${forwarded(request)}`, accessToken };
}

function serviceClaims(terms: AccessTerms): Record<string, unknown> {
  const { sticky, transports, handshakeTimeout, maxPollIntervalInSeconds, endpointCount } = terms;
  const seconds = handshakeTimeout === undefined ? 15 : Math.min(Math.max(Math.round(handshakeTimeout / 1_000), 1), 30);
  return {
    ...(sticky === "Disabled" ? {} : { "asrs.s.sn": terms.serverId, "asrs.s.ssticky": sticky }),
    ...(terms.detailedErrors ? { "asrs.s.derror": "True" } : {}),
    ...(seconds === 15 ? {} : { "asrs.s.cht": String(seconds) }),
    ...(maxPollIntervalInSeconds === undefined ? {} : { "asrs.s.ttl": String(maxPollIntervalInSeconds) }),
    ...(transports === undefined
      ? {}
      : { "asrs.s.htt": String(transports.reduce((bits, transport) => bits | transportBits[transport], 0)) }),
    ...(endpointCount > 1 ? { "asrs.s.secn": String(endpointCount) } : {}),
  };
}

/** What the hub is to know of the request: its path without `/negotiate`, and its query as it was, but for the client's token for the app. */
function forwarded(request: string): string {
  const question = request.indexOf("?");
  const path = (question < 0 ? request : request.slice(0, question)).replace(/\/negotiate\/?$/i, "");
  const query = question < 0 ? [] : request.slice(question + 1).split("&");
  const kept = query.filter((part) => part !== "" && !/^access_token=/i.test(part));
  return [
    path === "" ? undefined : `asrs.op=${encodeURIComponent(path)}`,
    ...kept,
    `asrs_request_id=${encodeURIComponent(randomUUID())}`,
  ]
    .filter((part) => part !== undefined)
    .map((part) => `&${part}`)
    .join("");
}
