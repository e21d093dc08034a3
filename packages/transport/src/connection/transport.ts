import type { TransportName } from "./connection.ts";

/**
 * What carries the bytes of one connection: a WebSocket, an event stream, or polls. It knows no hub protocol. It tells its connection
 * `received` for bytes and, once, `transportEnded`.
 *
 *     runtime ──▶ Transport ──received, transportEnded──▶ ClientConnection ──▶ ConnectionHandler
 *     runtime ◀── Transport ◀──write, end, abort, pause── ClientConnection ◀── send, close
 */
export interface Transport {
  /**
   * The client's own transport is somebody else's, and this is a part of one that carries many clients. It gathers writes itself, so each
   * reaches it at once and keeps its place among what others send on the same way; and a client's silence means nothing before its first
   * ping, because it may be long-polling.
   */
  readonly isShared?: boolean;
  readonly name: TransportName;
  /** Bytes written that the client's side has not taken yet. */
  readonly pendingBytes: number;
  /** Writes the parts one after the other as one unit. They are shared between connections. */
  write(parts: readonly Uint8Array[], isText: boolean): void;
  /**
   * Ends after what was written. `transportEnded` follows when the client has everything, at the latest by `abort`.
   * @param code WebSocket close code
   * @param error what went wrong, for whoever carries a shared transport
   */
  end(code: number, error?: string): void;
  /** Ends at once; what was written may be lost. */
  abort(): void;
  /** Stop and restart taking bytes from the client. Transports whose client waits for each answer need not do anything. */
  pause(): void;
  resume(): void;
  /** Of a shared transport: the connection's `drained` is to be called, once, when everything has been given to the client's side. Others always call. */
  awaitDrain?(): void;
  /** Once a sweep. @param now see `monotonicNow` */
  sweep?(now: number): void;
}

/** The `transportEnded` code of a transport that its client left in good order. */
export const leftNormally = 1000;
