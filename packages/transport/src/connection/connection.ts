import type { HubMessage, HubProtocol, HubProtocolName, MessageTypeNumber } from "@signalbox/protocol";
import type { CloseReason } from "./close-reason.ts";

export type TransportName = "WebSockets" | "ServerSentEvents" | "LongPolling";

/**
 * Something to be sent to many connections: answers its framed bytes for each protocol, made once and then shared.
 * A protocol it has no bytes for is not delivered.
 */
export interface Payload {
  bytes(protocol: HubProtocolName): Uint8Array | undefined;
}

/** What a client sent. */
export interface ClientMessage {
  /** The framed bytes. */
  readonly record: Uint8Array;
  readonly type: MessageTypeNumber;
  /**
   * The decoded message. In relay it is decoded when somebody asks, so nobody has looked at the bytes before.
   * @throws {ProtocolError} in relay, for a record that is malformed
   */
  readonly message: HubMessage;
}

/**
 * One SignalR client, whatever its transport. Order: everything sent to it leaves in the order of the calls; what it sends is handed
 * over in the order received. What is sent before the handshake answer went out waits behind that answer.
 * Lost: what was sent but not yet taken by the client when the transport breaks (with stateful reconnect: nothing within the buffer).
 */
export interface Connection {
  /** Public id: shown to other clients and used by REST. */
  readonly id: string;
  /** Who answers for the connection set this at admission; opaque to the transport. */
  readonly context: unknown;
  readonly transport: TransportName;
  /** Set when the handshake has been parsed. */
  readonly protocol: HubProtocol;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  send(payload: Payload): void;
  /**
   * Ends the connection after what was sent before. Idempotent. `text` replaces the reason's own error text. What the client sent and
   * was not handed over yet is dropped.
   */
  close(reason: CloseReason, text?: string): void;
  /**
   * Stops and restarts handing over messages (back-pressure). Calls nest: as many resumes as pauses. A client that leaves meanwhile
   * is `closed` when the messages it had sent are through.
   */
  pause(): void;
  resume(): void;
  /**
   * For senders that can wait: undefined while little is on its way to the client, otherwise a promise that is kept when most of it has
   * been taken, or the connection ends. Who does not ask may send on, until the client counts as a slow consumer.
   */
  writable(): Promise<void> | undefined;
}

/** A connection whose handshake answer its handler may give itself. */
export interface OpeningConnection extends Connection {
  /**
   * Relay only: the framed handshake answer of whoever stands behind the handler. Everything sent before waits behind it, so a
   * broadcast cannot overtake it. The first call counts; without one within the handshake time-out the connection ends.
   */
  answer(record: Uint8Array): void;
  /** The connection's authentication lasts until then. @param date milliseconds since 1970 */
  expireAt(date: number): void;
}

/**
 * Who answers for a connection once its handshake has been parsed. Calls for one connection never overlap; `closed` is the last.
 */
export interface ConnectionHandler {
  /**
   * The handshake request is acceptable. "answer": the transport answers `{}` and keeps the connection alive with pings.
   * "relay": whoever stands behind the handler answers by `connection.answer` and pings.
   * @param request the client's handshake record with its separator
   */
  opening(connection: OpeningConnection, request: Uint8Array): "answer" | "relay";
  /** The handshake answer is queued (in relay: the request was handed over). From here on the connection can be reached. */
  opened(connection: Connection): void;
  /** Types 1 to 5 and 7, in relay also Ping; Ack and Sequence are the transport's own. */
  message(connection: Connection, message: ClientMessage): void;
  /** The client has gone while the connection is paused: `closed` follows when what it had sent before is through. */
  left?(connection: Connection): void;
  /**
   * Only for connections that opened. `error` is undefined for a graceful end, otherwise it names what went wrong
   * (for example the parser's sentence).
   */
  closed(connection: Connection, reason: CloseReason, error: string | undefined): void;
}

/** Time limits and sizes of connections. All times in milliseconds, sizes in bytes. Read anew at each use: they may change while running. */
export interface ConnectionLimits {
  /** 5,000: a connect later than this after its negotiate gets 404. */
  readonly negotiateTimeout: number;
  /** 15,000. */
  readonly handshakeTimeout: number;
  /** 15,000: a ping goes out this often. */
  readonly keepAliveInterval: number;
  /** 30,000 of silence end the connection; 0 never. Armed by the first message after the handshake. */
  readonly clientTimeout: number;
  /** 0 = unlimited. */
  readonly maxLifetime: number;
  /** 1 MiB: the greatest record a client may send. */
  readonly maxMessageBytes: number;
  /** 1 MiB: more bytes than this waiting for one client end it as a slow consumer. */
  readonly maxPendingBytes: number;
  /** 10,000: bytes waiting longer than this without any progress end it as well. */
  readonly sendTimeout: number;
  /** 100,000: unacknowledged bytes kept for replay; stateful reconnect. */
  readonly reconnectBufferBytes: number;
  /** 30,000: how long a connection waits for its client to come back; 0 switches stateful reconnect off. */
  readonly reconnectWindow: number;
  /** 90,000: an empty poll is answered after this time. */
  readonly pollTimeout: number;
  /** 5,000 (claim `asrs.s.ttl`, 1–300 s, replaces it): a long-polling client that lets this much pass without a poll is gone. */
  readonly pollInterval: number;
}
