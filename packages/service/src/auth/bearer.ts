import type { HeaderReader } from "@signalbox/transport";
import type { TokenError } from "./token-verifier.ts";

const scheme = /^bearer +/i;

/**
 * The token of an `Authorization` header.
 * @returns undefined for a missing header, another scheme or an empty token
 */
export function bearerToken(authorization: string | undefined | null): string | undefined {
  if (!authorization) return undefined;
  if (authorization.startsWith("Bearer ")) return authorization.slice("Bearer ".length).trim() || undefined;
  const prefix = scheme.exec(authorization)?.[0];
  return prefix === undefined ? undefined : authorization.slice(prefix.length).trim() || undefined;
}

/**
 * The token of a client's request: the `Authorization` header wins, whatever it holds. Without one, `access_token` of the query counts
 * where browsers cannot set headers: on WebSocket upgrades and for `Accept: text/event-stream` (reference serverless-upstream §1.2).
 * @param queryToken the last `access_token` of the query, decoded
 */
export function clientToken(headers: HeaderReader, queryToken: string | undefined, isUpgrade: boolean): string | undefined {
  const authorization = headers.get("authorization");
  if (authorization !== null) return bearerToken(authorization);
  return isUpgrade || acceptsEventStream(headers) ? queryToken || undefined : undefined;
}

function acceptsEventStream(headers: HeaderReader): boolean {
  const accept = headers.get("accept");
  if (accept === null) return false;
  return accept.split(",").some((range) => range.split(";", 1)[0]?.trim().toLowerCase() === "text/event-stream");
}

/**
 * The value of `WWW-Authenticate` on a 401: `Bearer` when there was no token, otherwise with the error and its description
 * (RFC 6750 §3; texts as reference emulator-observed §1).
 */
export function bearerChallenge(error?: TokenError): string {
  if (error === undefined) return "Bearer";
  return `Bearer error="invalid_token", error_description="${headerText(error.message)}"`;
}

const maxDescription = 300;

/** Sentences quote what callers sent: only the characters that RFC 6750 allows here may pass. */
function headerText(text: string): string {
  const short = text.length > maxDescription ? `${text.slice(0, maxDescription)}...` : text;
  return short.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, "?");
}
