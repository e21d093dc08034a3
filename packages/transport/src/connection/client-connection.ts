import { encodeHandshakeResponse, type HubProtocol, MessageType, ProtocolError, requireHubProtocol } from "@signalbox/protocol";
import type { Admission } from "./admission.ts";
import { answeredMessage, relayedMessage } from "./client-message.ts";
import { monotonicNow } from "./clock.ts";
import { type CloseReason, CloseReasons, errorOf } from "./close-reason.ts";
import type {
  ClientMessage,
  ConnectionHandler,
  ConnectionLimits,
  OpeningConnection,
  Payload,
  TransportName,
} from "./connection.ts";
import { type CompletedHandshake, Handshake, handshakeCanceled, handshakeError, seenHandshake } from "./handshake.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Ending } from "./inbox.ts";
import { describe, Input, type InputOwner } from "./input.ts";
import { transferFormats } from "./negotiate.ts";
import type { Flushable, FlushQueue } from "./outbox.ts";
import { Output } from "./output.ts";
import { closeRecord, farewellRecord, pingRecord } from "./own-records.ts";
import { StatefulReconnect } from "./stateful-reconnect.ts";
import { leftNormally, type Transport } from "./transport.ts";

/** What a connection needs of its endpoint. */
export interface ConnectionHost {
  readonly flushQueue: FlushQueue;
  limits(): ConnectionLimits;
  /** The connection's token names nothing any more. */
  unlist(connection: ClientConnection): void;
  /** Transport and connection have both ended. */
  forget(connection: ClientConnection): void;
  onError(error: unknown): void;
}

/**
 *                        request parsed,               close(), failure,
 *              bytes     `opening`, `opened`           end of transport         flush: last bytes, `closed`
 *     Shaking ───────▶ ───────────────────▶ Open ─────────────────────▶ Closing ───────────────────────▶ Closed ──▶ forgotten
 *        │                                  ▲  │ socket lost, stateful      ▲                                 transport ended
 *        │                                  └──┘ (until the client is back) │
 *        └── refused, timed out: the error answer ──────────────────────────┘
 *
 * `closed` is always raised by a flush, in a turn of its own, so it never overlaps another call of the handler.
 */
const Phase = { Shaking: 0, Open: 1, Closing: 2, Closed: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** A transport that has not ended this long after it was asked to, in milliseconds, is aborted. */
const endTimeout = 5_000;
/** More bytes than this on the way to the client, and a sender that can wait does; it goes on at half of it. */
const writableBytes = 64 * 1024;
/** A stateful client that has said nothing for this long after the handshake, in milliseconds, has read the answer all the same. */
const answerReadAfter = 250;

/** One client: handshake, both directions, keep-alive, end. An idle one holds no buffer, closure or timer. */
export class ClientConnection implements OpeningConnection, Flushable, InputOwner {
  readonly id: string;
  /** The secret of later requests; undefined when the client skipped negotiation. */
  readonly token: string | undefined;
  readonly scope: string;
  readonly context: unknown;
  readonly transport: TransportName;
  readonly connectedAt = Date.now();

  readonly #host: ConnectionHost;
  readonly #handler: ConnectionHandler;
  readonly #statefulOffered: boolean;
  readonly #detailedErrors: boolean;
  readonly #input = new Input();
  readonly #output = new Output();
  #overrides: Partial<ConnectionLimits> | undefined;
  #expiresAt: number | undefined;
  #phase: Phase = Phase.Shaking;
  #handshake: Handshake | undefined = undefined;
  #protocol: HubProtocol | undefined = undefined;
  #opened = false;
  #relayed = false;
  /** Relay: nothing may leave before the answer of whoever stands behind. */
  #awaitsAnswer = false;
  #flushRequested = false;
  #ending: (Ending & { readonly text: string | undefined }) | undefined = undefined;
  /** Senders that wait until the client has taken more. */
  #senders: (() => void)[] | undefined = undefined;

  /** Start of the present phase; see `monotonicNow`. */
  #since = monotonicNow();
  readonly #heartbeat = new Heartbeat(this.#since);

  constructor(
    host: ConnectionHost,
    admission: Admission,
    transport: TransportName,
    ids: { readonly id: string; readonly token?: string; readonly stateful?: boolean },
  ) {
    this.#host = host;
    this.id = ids.id;
    this.token = ids.token;
    this.#statefulOffered = ids.stateful === true;
    this.scope = admission.scope;
    this.context = admission.context;
    this.transport = transport;
    this.#handler = admission.handler;
    this.#overrides = admission.limits;
    this.#expiresAt = admission.expiresAt;
    this.#detailedErrors = admission.detailedErrors === true;
  }

  get protocol(): HubProtocol {
    return this.#protocol!;
  }

  get isOpen(): boolean {
    return this.#phase === Phase.Open;
  }

  /** The client has sent a message since its handshake. */
  get hasSpoken(): boolean {
    return this.#heartbeat.hasHeard;
  }

  /** The end has begun: what the client still sends is for nobody. */
  get isEnding(): boolean {
    return this.#phase > Phase.Open;
  }

  /** A second WebSocket of this client takes the place of the first. */
  get resumable(): boolean {
    return this.#phase === Phase.Open && this.#output.stateful?.resumable === true && this.limit("reconnectWindow") > 0;
  }

  limit(name: keyof ConnectionLimits): number {
    return this.#overrides?.[name] ?? this.#host.limits()[name];
  }

  /** A later request of the same client brought a newer token. */
  renew(admission: Admission): void {
    this.#overrides = admission.limits;
    this.#expiresAt = admission.expiresAt;
  }

  onError(error: unknown): void {
    this.#host.onError(error);
  }

  // Handshake.

  /** @returns the bytes that follow the handshake, none while it is incomplete */
  #shake(chunk: Uint8Array): Uint8Array {
    try {
      const completed = this.#readHandshake(chunk);
      if (completed !== undefined) {
        this.#handshake = undefined;
        this.#protocol = completed.protocol;
        if (this.#statefulOffered && completed.version >= 2) this.#output.stateful = new StatefulReconnect();
        this.#open(completed.record);
        return completed.rest;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.onError(error);
      this.#refuse(CloseReasons.handshakeFailed, handshakeError(error));
    }
    return chunk.subarray(0, 0);
  }

  #readHandshake(chunk: Uint8Array): CompletedHandshake | undefined {
    const formats = transferFormats[this.transport];
    const limit = this.limit("maxMessageBytes");
    const seen = this.#handshake === undefined && chunk.length <= limit ? seenHandshake(chunk, formats) : undefined;
    if (seen !== undefined) return seen;
    this.#handshake ??= new Handshake(limit, formats);
    return this.#handshake.read(chunk);
  }

  #open(request: Uint8Array): void {
    this.#phase = Phase.Open;
    this.#since = monotonicNow();
    if (this.#handler.opening(this, request) === "answer") {
      requireHubProtocol(this.protocol);
      this.#output.addFirst(encodeHandshakeResponse());
      this.#requestFlush();
    } else {
      this.#relayed = true;
      this.#awaitsAnswer = true;
    }
    this.#opened = true;
    this.#handler.opened(this);
  }

  answer(record: Uint8Array): void {
    if (!this.#awaitsAnswer) return;
    this.#awaitsAnswer = false;
    this.#output.addFirst(record);
    this.#requestFlush();
  }

  expireAt(date: number): void {
    this.#expiresAt = date;
  }

  #refuse(reason: CloseReason, text: string): void {
    if (!this.#opened) {
      this.#output.clear();
      this.#output.add(encodeHandshakeResponse(text));
    }
    this.#end(reason, text);
  }

  // Out.

  send(payload: Payload): boolean {
    if (this.#phase !== Phase.Open) return false;
    const bytes = payload.bytes(this.protocol.name);
    if (bytes === undefined || bytes.length === 0) return false;
    const { stateful } = this.#output;
    if (stateful === undefined) this.#output.add(bytes);
    else this.#output.addCounted(bytes, this.protocol, stateful);
    this.#requestFlush();
    return true;
  }

  close(reason: CloseReason, text?: string): void {
    this.#end(reason, errorOf(reason, text), text);
  }

  /** Ends the transport without a word. */
  abort(): void {
    this.#output.transport?.abort();
  }

  writable(): Promise<void> | undefined {
    if (this.#phase !== Phase.Open || this.#output.waitingBytes() < writableBytes) return undefined;
    return new Promise((resolve) => {
      this.#senders ??= [];
      this.#senders.push(resolve);
      this.#output.transport?.awaitDrain?.();
    });
  }

  /** The transport has given everything to the client's side. */
  drained(): void {
    this.#releaseSenders();
  }

  #releaseSenders(): void {
    const senders = this.#senders;
    if (senders === undefined) return;
    if (this.#phase === Phase.Open && this.#output.waitingBytes() >= writableBytes / 2) {
      this.#output.transport?.awaitDrain?.();
      return;
    }
    this.#senders = undefined;
    for (const resolve of senders) resolve();
  }

  #requestFlush(): void {
    if (this.#output.transport?.isShared && this.#phase === Phase.Open && !this.#awaitsAnswer) {
      this.#write();
      return;
    }
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#host.flushQueue.request(this);
  }

  /** Writes what has been queued; called by the flush queue. */
  flush(): void {
    this.#flushRequested = false;
    if (this.#phase === Phase.Open && this.#overflows()) this.close(CloseReasons.slowConsumer);
    if (this.#phase === Phase.Closing) this.#finish();
    else if (this.#phase === Phase.Open && !this.#awaitsAnswer) this.#write();
    this.#releaseSenders();
  }

  #overflows(): boolean {
    const { stateful } = this.#output;
    if (stateful !== undefined) return stateful.bytes > this.limit("maxPendingBytes") + this.limit("reconnectBufferBytes");
    const backlog = this.#awaitsAnswer ? this.#output.bytes : this.#output.backlog();
    return backlog > 0 && backlog > this.limit("maxPendingBytes");
  }

  #write(): void {
    const isPlain = this.#output.stateful === undefined;
    const isLast = this.#phase === Phase.Closing;
    this.#output.write(this.#isText, isPlain || isLast ? Number.POSITIVE_INFINITY : this.limit("reconnectBufferBytes"));
  }

  get #isText(): boolean {
    return this.#protocol?.transferFormat !== "Binary";
  }

  /** The end begins; the next flush completes it. The first reason counts. */
  #end(reason: CloseReason, error: string | undefined, text?: string): void {
    if (this.#phase >= Phase.Closing) return;
    this.#phase = Phase.Closing;
    this.#ending = { reason, error, text };
    // A long-polling client still has to fetch the last bytes.
    if (this.transport !== "LongPolling") this.#host.unlist(this);
    this.#input.clear();
    this.#requestFlush();
  }

  #finish(): void {
    const { reason, error, text } = this.#ending!;
    const output = this.#output;
    if (this.#awaitsAnswer || reason === CloseReasons.slowConsumer) {
      output.clear();
      output.stateful = undefined;
    }
    if (this.#awaitsAnswer) output.add(encodeHandshakeResponse(text ?? reason.error ?? handshakeCanceled));
    else if (this.#opened && reason.sendsClose) {
      output.add(closeRecord(this.protocol, reason, text ?? this.#detailOf(reason, error)));
    }
    output.stateful?.clientCounts();
    this.#write();
    output.stateful = undefined;
    this.#phase = Phase.Closed;
    this.#since = monotonicNow();
    if (output.transport === undefined) this.#host.forget(this);
    else output.transport.end(reason.code, error);
    if (this.#opened) this.#handler.closed(this, reason, error);
  }

  #detailOf(reason: CloseReason, error: string | undefined): string | undefined {
    if (!this.#detailedErrors || reason.error === undefined || error === undefined || error === reason.error) return undefined;
    return `${reason.error} ${error}`;
  }

  // In.

  /** Bytes from the client, in the order received. */
  received(transport: Transport, chunk: Uint8Array): void {
    if (transport !== this.#output.transport) return;
    const bytes = this.#phase === Phase.Shaking ? this.#shake(chunk) : chunk;
    if (this.#phase !== Phase.Open || bytes.length === 0) return;
    if (!this.#input.read(bytes, this.protocol, this.limit("maxMessageBytes"), this)) return;
    if (transport.isShared) this.#heartbeat.alive();
    else this.#heartbeat.heard();
  }

  /** A sign of life below the hub protocol. */
  alive(): void {
    this.#heartbeat.alive();
  }

  pause(): void {
    if (this.#phase === Phase.Open) this.#input.pause();
  }

  resume(): void {
    this.#input.resume(this);
  }

  /** Resolves when everything received has been handed over, or the connection ends; undefined when that is now. */
  caughtUp(): Promise<void> | undefined {
    return this.#input.caughtUp();
  }

  accept(record: Uint8Array): void {
    try {
      const message = this.#relayed ? relayedMessage(record, this.protocol) : answeredMessage(record, this.protocol);
      if (message === undefined || !this.#isNew(message)) return;
      const { type } = message;
      if (type === MessageType.Ping) this.#heartbeat.heard();
      if (type === MessageType.Ack || type === MessageType.Sequence || (type === MessageType.Ping && !this.#relayed)) return;
      this.#handOver(message);
    } catch (error) {
      this.#end(CloseReasons.malformedMessage, describe(error, this));
    }
  }

  /** Books the message where stateful reconnect counts. */
  #isNew(message: ClientMessage): boolean {
    const { stateful } = this.#output;
    if (stateful === undefined) return true;
    stateful.clientCounts();
    if (stateful.waitingBytes > 0 || this.#senders !== undefined) this.#requestFlush();
    return stateful.receive(message);
  }

  #handOver(message: ClientMessage): void {
    try {
      this.#handler.message(this, message);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.onError(error);
    }
  }

  inputEnded({ reason, error }: Ending): void {
    this.#end(reason, error);
  }

  pauseTransport(): void {
    this.#output.transport?.pause();
  }

  resumeTransport(): void {
    this.#output.transport?.resume();
  }

  /** A shared transport: the client is on a new one of its own, and a record of which a part came will not be completed. */
  restarted(): void {
    this.#input.forgetPart();
  }

  // Transport.

  /** The transport is there. On a connection with stateful reconnect it takes the place of the former one. */
  attach(transport: Transport): void {
    const output = this.#output;
    const { transport: former, stateful } = output;
    if (former === undefined && this.#phase === Phase.Shaking) {
      output.transport = transport;
      return;
    }
    if (stateful === undefined || !this.resumable) {
      transport.end(leftNormally);
      return;
    }
    output.transport = transport;
    former?.abort();
    this.#input.forgetPart();
    output.forgetStall();
    this.#heartbeat.alive();
    if (this.#input.holdsTransport) transport.pause();
    const sequence = this.protocol.encode({ type: MessageType.Sequence, sequenceId: stateful.swap() });
    output.writeNow(transport, [sequence], this.#isText);
    this.#requestFlush();
  }

  /** @param code as `SocketHandler.closed`; transports without close frames say `leftNormally` or 1006 */
  transportEnded(transport: Transport, code: number): void {
    const output = this.#output;
    if (transport !== output.transport) return;
    output.transport = undefined;
    if (this.#phase === Phase.Open) {
      // 1005: `@microsoft/signalr` closes without a code before it comes back by itself. Pages that go away say 1001.
      if (this.resumable && (code === 1006 || code === 1005)) {
        output.stateful!.lostAt = monotonicNow();
        this.#input.forgetPart();
        return;
      }
      this.#host.unlist(this);
      this.#endInput(code);
    } else if (this.#phase !== Phase.Closing) {
      this.#phase = Phase.Closed;
      this.#host.forget(this);
    }
  }

  #endInput(code: number): void {
    this.#input.end(this.#endingOf(code), this);
    if (this.#phase === Phase.Open) this.#handler.left?.(this);
  }

  #endingOf(code: number): Ending {
    if (code === 1009) return { reason: CloseReasons.messageTooLarge, error: "The message is too large." };
    if (this.#input.isCut) {
      return { reason: CloseReasons.malformedMessage, error: "Connection terminated while reading a message." };
    }
    return { reason: code === 1006 ? CloseReasons.transportLost : CloseReasons.clientLeft, error: undefined };
  }

  /** The record that tells a leaving client that all is over; undefined before the handshake. */
  farewell(): Uint8Array | undefined {
    return this.#phase === Phase.Open && !this.#awaitsAnswer ? farewellRecord(this.protocol) : undefined;
  }

  // Time.

  /**
   * Everything about this connection that depends on time.
   * @param now see `monotonicNow`
   * @param date milliseconds since 1970
   */
  sweep(now: number, date: number, limits: ConnectionLimits): void {
    const own = this.#overrides === undefined ? limits : { ...limits, ...this.#overrides };
    if (this.#phase === Phase.Open) this.#sweepOpen(now, date, own);
    else if (this.#phase === Phase.Shaking && now - this.#since >= own.handshakeTimeout) {
      this.#refuse(CloseReasons.handshakeTimeout, handshakeCanceled);
    } else if (this.#phase === Phase.Closed && now - this.#since >= endTimeout) this.abort();
    this.#output.transport?.sweep?.(now);
  }

  #sweepOpen(now: number, date: number, limits: ConnectionLimits): void {
    const age = now - this.#since;
    const lostAt = this.#output.stateful?.lostAt;
    if (this.#expiresAt !== undefined && date >= this.#expiresAt) {
      this.close(CloseReasons.authenticationExpired);
    } else if (limits.maxLifetime > 0 && age >= limits.maxLifetime) {
      this.close(CloseReasons.lifetimeExceeded);
    } else if (this.#awaitsAnswer) {
      if (age >= limits.handshakeTimeout) this.#end(CloseReasons.handshakeTimeout, handshakeCanceled);
    } else if (lostAt !== undefined) {
      if (now - lostAt >= limits.reconnectWindow) this.#endInput(1006);
    } else if (this.transport !== "LongPolling") {
      // Long polling keeps itself alive, and its bytes wait for the next poll (reference hub-and-service-protocol §1.6).
      this.#sweepStateful(age);
      this.#sweepPeer(now, limits);
    }
  }

  #sweepStateful(age: number): void {
    const { stateful } = this.#output;
    if (stateful === undefined) return;
    if (age >= answerReadAfter) stateful.clientCounts();
    if (stateful.waitingBytes > 0) this.#requestFlush();
    const sequenceId = stateful.dueAcknowledgement();
    if (sequenceId !== undefined) this.#queue(this.protocol.encode({ type: MessageType.Ack, sequenceId }));
  }

  #sweepPeer(now: number, limits: ConnectionLimits): void {
    // Who is not listened to cannot be silent.
    if (this.#input.isPaused) this.#heartbeat.alive();
    // In relay whoever stands behind hears the pings and has a time limit of its own.
    if (!this.#relayed && this.#heartbeat.isSilent(now, limits)) {
      this.#end(CloseReasons.clientTimeout, "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.");
    }
    if (this.#output.stalledFor(now) >= limits.sendTimeout) this.close(CloseReasons.slowConsumer);
    if (!this.#relayed && this.#heartbeat.isPingDue(now, limits.keepAliveInterval)) this.#queue(pingRecord(this.protocol));
  }

  #queue(record: Uint8Array): void {
    if (this.#phase !== Phase.Open) return;
    this.#output.add(record);
    this.#requestFlush();
  }
}
