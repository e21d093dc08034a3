import type { MessageKind } from "@signalbox/protocol";
import type { Refusal } from "./admission.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Connection } from "./connection.ts";

/** What a client without hub protocol sent: a whole WebSocket message. */
export interface RawMessage {
  readonly kind: MessageKind;
  readonly content: Uint8Array;
}

/** What a handler decides about a WebSocket before its upgrade is answered. */
export type RawVerdict =
  | Refusal
  | {
      /** One of those the client offered; absent: none. */
      readonly subprotocol?: string;
    };

/**
 * Who answers for a connection that speaks no hub protocol:
 *
 *     connecting ──▶ refused
 *         ├────────▶ opened ──▶ message … ──▶ closed
 *         └── the client left meanwhile ────▶ closed
 *
 * Calls for one connection never overlap, and none but `connecting` takes time.
 */
export interface RawHandler {
  /**
   * Decides whether the client may connect, while its upgrade request waits. A rejection refuses it with 500.
   * @param connection takes no payload yet
   * @param subprotocols offered by the client, in its order
   */
  connecting(connection: Connection, subprotocols: readonly string[]): Promise<RawVerdict>;
  /** The WebSocket is open. From here on the connection can be reached. */
  opened(connection: Connection): void;
  message(connection: Connection, message: RawMessage): void;
  /** Exactly once for each connection that `connecting` did not refuse, also when it never opened. `error` as of `ConnectionHandler`. */
  closed(connection: Connection, reason: CloseReason, error: string | undefined): void;
}

/** What a door decided about a client that speaks no hub protocol. */
export interface RawAdmission {
  readonly handler: RawHandler;
  /** Copied to `Connection.context`. */
  readonly context: unknown;
  /** As of `Admission`. */
  readonly expiresAt?: number;
}
