import type { HubProtocolName } from "@signalbox/protocol";
import type { HeaderReader, TransportName } from "@signalbox/transport";

/** Who a client is: what `authenticate` answered. */
export interface HubUser {
  /** Sends to users go by it. Absent: the claim `nameid`, `sub` or .NET's name identifier. */
  readonly id?: string | undefined;
  readonly claims?: Claims | undefined;
  /** The connection is closed then, with permission to come back with a new token. */
  readonly expiresAt?: Date | undefined;
}

export type Claims = Readonly<Record<string, string | readonly string[]>>;

/** How the client came: the request that opened its connection. */
export interface ConnectionFeatures {
  /** Undefined behind the service, which does not tell. */
  readonly transport: TransportName | undefined;
  readonly protocol: HubProtocolName;
  readonly headers: HeaderReader;
  readonly query: URLSearchParams;
  /** IP address of the client or of the last proxy before us; behind the service the client's, as the service saw it. */
  readonly remoteAddress: string;
}

/** The connection whose client made a call, the same object for its whole life. */
export interface HubCallerContext {
  readonly connectionId: string;
  /** Undefined when nobody authenticated the client. Another object once the client has handed in a new token. */
  readonly user: HubUser | undefined;
  readonly userIdentifier: string | undefined;
  /** Whatever the application wants to remember of the connection. */
  readonly items: Map<unknown, unknown>;
  readonly features: ConnectionFeatures;
  /** Aborted when the connection ends. */
  readonly aborted: AbortSignal;
  /** Ends the connection; the client is not to come back by itself. */
  abort(): void;
}

const nameClaims = ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "nameid", "sub"];

export function defaultUserId(user: HubUser | undefined): string | undefined {
  if (user?.id !== undefined) return user.id;
  for (const name of nameClaims) {
    const value = user?.claims?.[name];
    if (value !== undefined) return typeof value === "string" ? value : value[0];
  }
  return undefined;
}
