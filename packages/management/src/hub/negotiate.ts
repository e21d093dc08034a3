import { clientUrl } from "@signalbox/protocol";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { InvalidArgumentError } from "../errors.ts";
import { clientClaims } from "./client-claims.ts";
import { clientToken, fullName } from "./client-token.ts";

/** What a client needs to connect; the body of a negotiate answer. */
export interface ClientAccess {
  readonly url: string;
  readonly accessToken: string;
}

export type HttpTransport = "webSockets" | "serverSentEvents" | "longPolling";

/** A claim's value, or several under one name. */
export type ClaimValue = string | number | boolean | readonly (string | number | boolean)[];

export interface NegotiateOptions {
  /** Absent or empty: the client is anonymous, unless a claim `nameid` or `sub` names its user. */
  readonly userId?: string;
  /** Claims of the client, seen by the back end. Names the token itself uses (`aud`, `exp` …) are kept apart. */
  readonly claims?: Readonly<Record<string, ClaimValue>>;
  /** Of the token, milliseconds. Default: one hour. */
  readonly lifetimeMs?: number;
  /** Transports the client may use. Default: all. */
  readonly httpTransports?: readonly HttpTransport[];
  /** Close the client when the token expires. Default: false. */
  readonly closeOnAuthenticationExpiration?: boolean;
  /** Let the client see why it is closed. Default: false. */
  readonly detailedErrors?: boolean;
  /** The client is watched by live trace and does not count as a user's. Default: false. */
  readonly diagnosticClient?: boolean;
  /** Seconds the client has for its handshake, 1 to 30. Default: the service's. */
  readonly handshakeTimeout?: number;
  /** Seconds between two polls of a long-polling client, 1 to 300. Default: the service's. */
  readonly maxPollInterval?: number;
}

/** Milliseconds. */
export const defaultLifetime = 60 * 60_000;

/** @throws {InvalidArgumentError} */
export function requireLifetime(lifetimeMs: number): number {
  if (lifetimeMs >= 1000 && Number.isFinite(lifetimeMs)) return lifetimeMs;
  throw new InvalidArgumentError(`lifetimeMs must be 1,000 or more, not ${lifetimeMs}.`);
}

/** Signs a client's token, without asking the service anything but, for a Microsoft Entra identity, now and then the key. */
export async function clientAccess(
  endpoint: ServiceEndpoint,
  hub: string,
  application: string | undefined,
  options: NegotiateOptions,
): Promise<ClientAccess> {
  const lifetimeMs = requireLifetime(options.lifetimeMs ?? defaultLifetime);
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + Math.floor(lifetimeMs / 1000);
  const name = fullName(hub, application);
  const accessToken = await clientToken(endpoint, name, { ...clientClaims(options, exp), iat, exp });
  return { url: clientUrl(endpoint.connection, name), accessToken };
}
