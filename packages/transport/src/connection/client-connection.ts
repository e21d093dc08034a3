import {
  encodeHandshakeResponse,
  HandshakeReader,
  type HubMessage,
  type HubProtocol,
  MessageTooLargeError,
  MessageType,
  negotiateProtocol,
  ProtocolError,
  parseHandshakeRequest,
  type RecordReader,
} from "@signalbox/protocol";
import type { Admission } from "./admission.ts";
import { monotonicNow } from "./clock.ts";
import { closeRecord, farewellRecord } from "./close-message.ts";
import { type CloseReason, CloseReasons } from "./close-reason.ts";
import type { ConnectionHandler, ConnectionLimits, OpeningConnection, Payload, TransportName } from "./connection.ts";
import { type Ending, Inbox } from "./inbox.ts";
import { transferFormats } from "./negotiate.ts";
import type { Flushable, FlushQueue } from "./outbox.ts";
import { Stall } from "./stall.ts";
import { countedRecords, StatefulReconnect } from "./stateful-reconnect.ts";
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
 *        │                                  ▲  │ socket lost, stateful                                     ▲   transport
 *        │                                  └──┘ (no transport until the client is back)                   │   ended
 *        └── refused, timed out: the error answer ─────────────────────────────────────────────────────────┘
 *
 * `closed` is always raised by a flush, in a turn of its own, so it never overlaps another call of the handler.
 */
const Phase = { Shaking: 0, Open: 1, Closing: 2, Closed: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** Largest handshake request. Real ones have 40 bytes. */
const handshakeBytes = 4096;
const handshakeCanceled = "Handshake was canceled.";
/** A transport that has not ended this long after it was asked to, in milliseconds, is aborted. */
const endTimeout = 5_000;

/** One client: handshake, both directions, keep-alive, end. An idle one holds no buffer, closure or timer. */
export class ClientConnection implements OpeningConnection, Flushable {
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
  #overrides: Partial<ConnectionLimits> | undefined;
  #expiresAt: number | undefined;
  #transport: Transport | undefined = undefined;
  #phase: Phase = Phase.Shaking;
  #opened = false;
  #relayed = false;
  /** Relay: nothing may leave before the answer of whoever stands behind. */
  #awaitsAnswer = false;
  #handshake: HandshakeReader | undefined = undefined;
  #protocol: HubProtocol | undefined = undefined;
  #stateful: StatefulReconnect | undefined = undefined;

  #outbox: Uint8Array[] | undefined = undefined;
  #outboxBytes = 0;
  #flushRequested = false;
  #written = 0;
  #stall: Stall | undefined = undefined;

  #reader: RecordReader | undefined = undefined;
  #inbox: Inbox | undefined = undefined;
  #handingOver = false;
  #ending: (Ending & { readonly text: string | undefined }) | undefined = undefined;

  /** Start of the present phase; like the next two see `monotonicNow`. */
  #since = monotonicNow();
  #pingedAt = 0;
  /** 0 until the first message: the client timeout is not armed. Set by the sweep, from the flag, to keep the hot path short. */
  #heardAt = 0;
  #heard = false;

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
  }

  get protocol(): HubProtocol {
    return this.#protocol!;
  }

  /** False as soon as the end has begun: what the client still sends is not for anybody. */
  get acceptsInput(): boolean {
    return this.#phase <= Phase.Open;
  }

  /** A second WebSocket of this client takes the place of the first. */
  get resumable(): boolean {
    return this.#phase === Phase.Open && this.#stateful?.resumable === true && this.limit("reconnectWindow") > 0;
  }

  limit(name: keyof ConnectionLimits): number {
    return this.#overrides?.[name] ?? this.#host.limits()[name];
  }

  /** A later request of the same client brought a newer token. */
  renew(admission: Admission): void {
    this.#overrides = admission.limits;
    this.#expiresAt = admission.expiresAt;
  }

  // Out.

  send(payload: Payload): void {
    if (this.#phase !== Phase.Open) return;
    const bytes = payload.bytes(this.protocol.name);
    if (bytes === undefined || bytes.length === 0) return;
    const stateful = this.#stateful;
    if (stateful === undefined) {
      this.#queue(bytes);
      return;
    }
    for (const { record, counted } of countedRecords(this.protocol, bytes)) {
      if (counted) stateful.add(record);
      else this.#queue(record);
    }
    this.#requestFlush();
  }

  answer(record: Uint8Array): void {
    if (!this.#awaitsAnswer) return;
    this.#awaitsAnswer = false;
    this.#queueFirst(record);
  }

  close(reason: CloseReason, text?: string): void {
    this.#end(reason, reason.error === undefined ? undefined : (text ?? reason.error), text);
  }

  #queue(bytes: Uint8Array): void {
    if (this.#outbox === undefined) this.#outbox = [bytes];
    else this.#outbox.push(bytes);
    this.#outboxBytes += bytes.length;
    this.#requestFlush();
  }

  #queueFirst(bytes: Uint8Array): void {
    this.#outbox = [bytes, ...(this.#outbox ?? [])];
    this.#outboxBytes += bytes.length;
    this.#requestFlush();
  }

  #requestFlush(): void {
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#host.flushQueue.request(this);
  }

  /** Writes what has been queued; called by the flush queue. */
  flush(): void {
    this.#flushRequested = false;
    if (this.#phase === Phase.Open && this.#overflows()) this.close(CloseReasons.slowConsumer);
    if (this.#phase === Phase.Closing) this.#finish();
    else if (this.#phase === Phase.Open && !this.#awaitsAnswer) this.#writeQueued();
  }

  #overflows(): boolean {
    const stateful = this.#stateful;
    if (stateful !== undefined) return stateful.bytes > this.limit("maxPendingBytes") + this.limit("reconnectBufferBytes");
    if (this.#awaitsAnswer) return this.#outboxBytes > this.limit("maxPendingBytes");
    // Who has taken everything so far is not slow, however much comes at once.
    const pending = this.#transport?.pendingBytes ?? 0;
    return pending > 0 && pending + this.#outboxBytes > this.limit("maxPendingBytes");
  }

  #writeQueued(): void {
    const transport = this.#transport;
    const stateful = this.#stateful;
    const outbox = this.#outbox;
    this.#outbox = undefined;
    this.#outboxBytes = 0;
    // Without a transport the client is expected back: what is counted waits for it, the rest (pings) is worth nothing then.
    if (transport === undefined) return;
    if (stateful !== undefined) {
      const isLast = this.#phase === Phase.Closing;
      this.#write(transport, stateful.take(isLast ? Number.POSITIVE_INFINITY : this.limit("reconnectBufferBytes")));
    }
    if (outbox !== undefined) this.#write(transport, outbox);
  }

  #write(transport: Transport, parts: readonly Uint8Array[]): void {
    if (parts.length === 0) return;
    for (const part of parts) this.#written += part.length;
    transport.write(parts, this.#protocol?.transferFormat !== "Binary");
  }

  #finish(): void {
    const { reason, error, text } = this.#ending!;
    if (reason === CloseReasons.slowConsumer) {
      this.#outbox = undefined;
      this.#stateful = undefined;
    }
    if (this.#awaitsAnswer) {
      this.#outbox = [encodeHandshakeResponse(text ?? reason.error ?? handshakeCanceled)];
    } else if (this.#opened && reason.sendsClose) {
      this.#outbox ??= [];
      this.#outbox.push(closeRecord(this.protocol, reason, text));
    }
    this.#stateful?.clientCounts();
    this.#writeQueued();
    this.#phase = Phase.Closed;
    this.#since = monotonicNow();
    this.#stateful = undefined;
    this.#reader = undefined;
    if (this.#transport === undefined) this.#host.forget(this);
    else this.#transport.end(reason.code);
    if (this.#opened) this.#handler.closed(this, reason, error);
  }

  /** The end begins; the next flush completes it. The first reason counts. */
  #end(reason: CloseReason, error: string | undefined, text?: string): void {
    if (this.#phase >= Phase.Closing) return;
    this.#phase = Phase.Closing;
    this.#ending = { reason, error, text };
    // A long-polling client still has to fetch the last bytes.
    if (this.transport !== "LongPolling") this.#host.unlist(this);
    this.#inbox?.release();
    this.#inbox = undefined;
    this.#requestFlush();
  }

  // In.

  /** Bytes from the client, in the order received. */
  received(transport: Transport, chunk: Uint8Array): void {
    if (transport !== this.#transport) return;
    let bytes = chunk;
    if (this.#phase === Phase.Shaking) bytes = this.#shake(chunk);
    if (this.#phase !== Phase.Open || bytes.length === 0) return;
    const reader = this.#reader ?? this.protocol.createReader(this.limit("maxMessageBytes"));
    let records: readonly Uint8Array[];
    try {
      records = reader.read(bytes);
    } catch (error) {
      const reason = error instanceof MessageTooLargeError ? CloseReasons.messageTooLarge : CloseReasons.malformedMessage;
      this.#endInput({ reason, error: this.#describe(error) });
      return;
    }
    this.#reader = reader.pendingBytes > 0 ? reader : undefined;
    if (records.length === 0) return;
    this.#heard = true;
    this.#handOver(records);
  }

  /** A sign of life below the hub protocol. */
  alive(): void {
    if (this.#heardAt !== 0) this.#heard = true;
  }

  pause(): void {
    if (this.#phase !== Phase.Open) return;
    this.#inbox ??= new Inbox();
    this.#inbox.pauses++;
  }

  resume(): void {
    const inbox = this.#inbox;
    if (inbox === undefined || inbox.pauses === 0 || --inbox.pauses > 0 || this.#handingOver) return;
    this.#handOver([]);
  }

  /** Resolves when everything received has been handed over, or the connection ends. */
  caughtUp(): Promise<void> | undefined {
    return this.#inbox?.emptied();
  }

  /** The handshake so far. @returns the bytes that follow it */
  #shake(chunk: Uint8Array): Uint8Array {
    const nothing = chunk.subarray(0, 0);
    let rest: Uint8Array;
    try {
      this.#handshake ??= new HandshakeReader(Math.min(handshakeBytes, this.limit("maxMessageBytes")));
      const cut = this.#handshake.read(chunk);
      if (cut === undefined) return nothing;
      const request = parseHandshakeRequest(cut.record);
      this.#protocol = negotiateProtocol(request, transferFormats[this.transport]);
      rest = cut.rest;
      if (this.#statefulOffered && request.version >= 2) this.#stateful = new StatefulReconnect();
      this.#open(cut.record);
    } catch (error) {
      this.#refuseHandshake(CloseReasons.handshakeFailed, error);
      return nothing;
    }
    return rest;
  }

  #open(request: Uint8Array): void {
    this.#handshake = undefined;
    this.#phase = Phase.Open;
    this.#since = monotonicNow();
    this.#pingedAt = this.#since;
    if (this.#handler.opening(this, request) === "answer") {
      this.#queueFirst(encodeHandshakeResponse());
    } else {
      this.#relayed = true;
      this.#awaitsAnswer = true;
    }
    this.#opened = true;
    this.#handler.opened(this);
  }

  #refuseHandshake(reason: CloseReason, error: unknown): void {
    let text = "An unexpected error occurred during connection handshake.";
    if (error === handshakeCanceled || error instanceof MessageTooLargeError) text = handshakeCanceled;
    else if (error instanceof ProtocolError) text = error.message;
    else this.#host.onError(error);
    this.#outbox = this.#opened ? this.#outbox : [encodeHandshakeResponse(text)];
    this.#end(reason, text);
  }

  #handOver(records: readonly Uint8Array[]): void {
    if (this.#handingOver || this.#isPaused) {
      this.#inbox ??= new Inbox();
      for (const record of records) this.#inbox.records.push(record);
      this.#holdTransport(this.#inbox);
      return;
    }
    const queue = this.#inbox === undefined ? records : [...this.#inbox.records.splice(0), ...records];
    this.#handingOver = true;
    let next = 0;
    while (next < queue.length && this.#phase === Phase.Open && !this.#isPaused) this.#accept(queue[next++]!);
    this.#handingOver = false;
    if (this.#inbox !== undefined) this.#settle(this.#inbox, queue.slice(next));
  }

  get #isPaused(): boolean {
    return this.#inbox !== undefined && this.#inbox.pauses > 0;
  }

  /** Reading stops only when a paused client goes on sending: most do not, and pausing a socket is not free. */
  #holdTransport(inbox: Inbox): void {
    if (inbox.transportPaused || inbox.records.length === 0) return;
    inbox.transportPaused = true;
    this.#transport?.pause();
  }

  /** After handing over: keeps the rest for later, or is done with the inbox. */
  #settle(inbox: Inbox, rest: readonly Uint8Array[]): void {
    inbox.records.unshift(...rest);
    if (inbox.pauses > 0) {
      this.#holdTransport(inbox);
    } else if (inbox.records.length > 0) {
      this.#handOver([]);
    } else {
      this.#inbox = undefined;
      if (inbox.transportPaused) this.#transport?.resume();
      if (inbox.ending !== undefined) this.#end(inbox.ending.reason, inbox.ending.error);
      inbox.release();
    }
  }

  #accept(record: Uint8Array): void {
    let message: HubMessage | undefined;
    try {
      message = this.protocol.decode(record);
      if (message === undefined) return;
      if (this.#stateful !== undefined) {
        this.#stateful.clientCounts();
        if (this.#stateful.waitingBytes > 0) this.#requestFlush();
        if (!this.#stateful.receive(message)) return;
      }
    } catch (error) {
      this.#end(CloseReasons.malformedMessage, this.#describe(error));
      return;
    }
    if (message.type === MessageType.Ping ? !this.#relayed : message.type > MessageType.Close) return;
    try {
      this.#handler.message(this, { record, message });
    } catch (error) {
      this.#host.onError(error);
    }
  }

  #describe(error: unknown): string {
    if (error instanceof ProtocolError) return error.message;
    this.#host.onError(error);
    return "The message could not be read.";
  }

  /** Nothing more comes from the client; what waits is handed over first. */
  #endInput(ending: Ending): void {
    if (this.#handingOver) this.#inbox ??= new Inbox();
    if (this.#inbox === undefined) this.#end(ending.reason, ending.error);
    else this.#inbox.ending ??= ending;
  }

  // Transport.

  /** The transport is there. On a connection with stateful reconnect it takes the place of the former one. */
  attach(transport: Transport): void {
    const former = this.#transport;
    if (former === undefined && this.#phase === Phase.Shaking) {
      this.#transport = transport;
      return;
    }
    const stateful = this.#stateful;
    if (stateful === undefined || !this.resumable) {
      transport.end(leftNormally);
      return;
    }
    this.#transport = transport;
    former?.abort();
    this.#reader = undefined;
    this.#stall = undefined;
    this.#heard = this.#heardAt !== 0;
    if (this.#inbox?.transportPaused === true) transport.pause();
    this.#write(transport, [this.protocol.encode({ type: MessageType.Sequence, sequenceId: stateful.swap() })]);
    this.#requestFlush();
  }

  /** @param code as `SocketHandler.closed`; transports without close frames say `leftNormally` or 1006 */
  transportEnded(transport: Transport, code: number): void {
    if (transport !== this.#transport) return;
    this.#transport = undefined;
    if (this.#phase === Phase.Closed) {
      this.#host.forget(this);
    } else if (this.#phase === Phase.Shaking) {
      this.#phase = Phase.Closed;
      this.#host.forget(this);
    } else if (this.#phase === Phase.Open) {
      // 1005: `@microsoft/signalr` closes without a code before it comes back by itself. Pages that go away say 1001.
      if (this.resumable && (code === 1006 || code === 1005)) {
        this.#stateful!.lostAt = monotonicNow();
        this.#reader = undefined;
        return;
      }
      this.#host.unlist(this);
      this.#endInput(this.#endingOf(code));
    }
  }

  #endingOf(code: number): Ending {
    if (code === 1009) return { reason: CloseReasons.messageTooLarge, error: "The message is too large." };
    if (this.#reader !== undefined) {
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
    const overrides = this.#overrides;
    if (this.#phase === Phase.Open) {
      this.#sweepOpen(now, date, overrides === undefined ? limits : { ...limits, ...overrides });
    } else if (this.#phase === Phase.Shaking) {
      const timeout = overrides?.handshakeTimeout ?? limits.handshakeTimeout;
      if (now - this.#since >= timeout) this.#refuseHandshake(CloseReasons.handshakeTimeout, handshakeCanceled);
    } else if (this.#phase === Phase.Closed && now - this.#since >= endTimeout) {
      this.#transport?.abort();
    }
    this.#transport?.sweep?.(now);
  }

  #sweepOpen(now: number, date: number, limits: ConnectionLimits): void {
    const age = now - this.#since;
    if (this.#expiresAt !== undefined && date >= this.#expiresAt) {
      this.close(CloseReasons.authenticationExpired);
    } else if (limits.maxLifetime > 0 && age >= limits.maxLifetime) {
      this.close(CloseReasons.lifetimeExceeded);
    } else if (this.#awaitsAnswer) {
      if (age >= limits.handshakeTimeout) this.#end(CloseReasons.handshakeTimeout, handshakeCanceled);
    } else if (this.#stateful?.lostAt !== undefined) {
      if (now - this.#stateful.lostAt >= limits.reconnectWindow) this.#endInput(this.#endingOf(1006));
    } else if (this.transport !== "LongPolling") {
      // Long polling keeps itself alive, and its bytes wait for the next poll (reference hub-and-service-protocol §1.6).
      if (this.#stateful !== undefined) this.#sweepStateful(age);
      this.#sweepPeer(now, limits);
    }
  }

  #sweepStateful(age: number): void {
    const stateful = this.#stateful!;
    // A client that has said nothing has read the answer by now.
    if (age >= 250) stateful.clientCounts();
    if (stateful.waitingBytes > 0) this.#requestFlush();
    const sequenceId = stateful.dueAcknowledgement();
    if (sequenceId !== undefined) this.#queue(this.protocol.encode({ type: MessageType.Ack, sequenceId }));
  }

  #sweepPeer(now: number, limits: ConnectionLimits): void {
    if (this.#heard || (this.#heardAt !== 0 && this.#inbox !== undefined)) {
      this.#heard = false;
      this.#heardAt = now;
    } else if (this.#heardAt !== 0 && limits.clientTimeout > 0 && now - this.#heardAt >= limits.clientTimeout) {
      this.#end(CloseReasons.clientTimeout, "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.");
      return;
    }
    const pending = this.#transport?.pendingBytes ?? 0;
    const waiting = pending + (this.#stateful?.waitingBytes ?? 0);
    if (waiting === 0) {
      this.#stall = undefined;
    } else {
      const taken = this.#written - pending + (this.#stateful?.progress ?? 0);
      this.#stall ??= new Stall(now, taken);
      if (this.#stall.lasts(now, taken) >= limits.sendTimeout) this.close(CloseReasons.slowConsumer);
    }
    if (!this.#relayed && now - this.#pingedAt >= limits.keepAliveInterval) {
      this.#pingedAt = now;
      this.#queue(pingOf(this.protocol));
    }
  }
}

const pings = new Map<HubProtocol, Uint8Array>();

function pingOf(protocol: HubProtocol): Uint8Array {
  let ping = pings.get(protocol);
  if (ping === undefined) {
    ping = protocol.encode({ type: MessageType.Ping });
    pings.set(protocol, ping);
  }
  return ping;
}
