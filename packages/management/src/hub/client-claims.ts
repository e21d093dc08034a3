import { InvalidArgumentError } from "../errors.ts";
import type { ClaimValue, HttpTransport, NegotiateOptions } from "./negotiate.ts";

const transportBits: Readonly<Record<HttpTransport, number>> = { webSockets: 1, serverSentEvents: 2, longPolling: 4 };

/** Names that the token itself uses (reference serverless-upstream §6.2). */
const reserved = new Set(["aud", "exp", "iat", "nbf", "iss", "actort", "acr", "azp", "c_hash", "jti", "nonce"]);
const userPrefix = "asrs.u.";

/**
 * The claims of a client's token, in the form in which the .NET SDK writes them: those for the service first, as text.
 * @param expiresAt seconds since 1970
 * @throws {InvalidArgumentError}
 */
export function clientClaims(options: NegotiateOptions, expiresAt: number): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  if (options.userId) claims["asrs.s.uid"] = options.userId;
  if (options.diagnosticClient) claims["asrs.s.dc"] = "true";
  if (options.handshakeTimeout !== undefined) {
    claims["asrs.s.cht"] = seconds("handshakeTimeout", options.handshakeTimeout, 30);
  }
  if (options.detailedErrors) claims["asrs.s.derror"] = "True";
  if (options.maxPollInterval !== undefined) {
    claims["asrs.s.ttl"] = seconds("maxPollInterval", options.maxPollInterval, 300);
  }
  if (options.httpTransports !== undefined) claims["asrs.s.htt"] = transportsOf(options.httpTransports);
  if (options.closeOnAuthenticationExpiration) {
    claims["asrs.s.coae"] = "true";
    claims["asrs.s.aeo"] = String(expiresAt);
  }
  return Object.assign(claims, userClaims(options.claims));
}

/** Claims that speak of the client, under the names by which the service takes them. */
export function userClaims(given: NegotiateOptions["claims"] = {}): Readonly<Record<string, ClaimValue>> {
  const claims: Record<string, ClaimValue> = {};
  for (const [name, value] of Object.entries(given)) addClaim(claims, name, value);
  return claims;
}

/** `sub` names the user, so only its first value keeps the name. */
function addClaim(claims: Record<string, ClaimValue>, name: string, value: ClaimValue): void {
  if (reserved.has(name)) claims[userPrefix + name] = value;
  else if (name === "sub" && Array.isArray(value)) {
    const [first, ...others] = value;
    if (first !== undefined) claims.sub = first;
    if (others.length > 0) claims[`${userPrefix}sub`] = others;
  } else claims[name] = value;
}

function seconds(option: string, value: number, most: number): string {
  if (Number.isInteger(value) && value >= 1 && value <= most) return String(value);
  throw new InvalidArgumentError(`${option} must be a whole number of seconds from 1 to ${most}, not ${value}.`);
}

function transportsOf(transports: readonly HttpTransport[]): string {
  const sum = transports.reduce((bits, transport) => bits | (transportBits[transport] ?? 0), 0);
  if (sum !== 0) return String(sum);
  throw new InvalidArgumentError(`httpTransports must name one of ${Object.keys(transportBits).join(", ")}.`);
}
