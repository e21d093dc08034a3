import type { ConnectionHandler, ConnectionLimits, TransportName } from "./connection.ts";

/**
 * What a door decided about a client after checking its token: the transport asks for one on negotiate and on connect.
 * A connection keeps the handler and context of its first connect request; `limits` and `expiresAt` follow the newest one (a later
 * poll, the return of a stateful client).
 */
export interface Admission {
  /** Connections of one scope see only ids negotiated in it (the service: the hub's name). */
  readonly scope: string;
  readonly handler: ConnectionHandler;
  /** Copied to `Connection.context`. */
  readonly context: unknown;
  /** Transports this client may use; absent: all three. */
  readonly transports?: readonly TransportName[];
  /** Overrides of the endpoint's limits for this client (claims `asrs.s.cht`, `asrs.s.ttl`). */
  readonly limits?: Partial<ConnectionLimits>;
  /** The close message of a connection that ends with an error also says what went wrong. Default: only that something did. */
  readonly detailedErrors?: boolean;
  /** Milliseconds since 1970: the connection is closed then (claims `asrs.s.coae` and `asrs.s.aeo`). */
  readonly expiresAt?: number;
}

/** The client is turned away: status and, mostly, a sentence. */
export interface Refusal {
  readonly refuse: Response;
}
