import type { Socket, SocketHandler } from "../listener/listener.ts";
import { monotonicNow } from "./clock.ts";
import { type CloseReason, CloseReasons, errorOf } from "./close-reason.ts";
import type { Connection, ConnectionLimits, Payload } from "./connection.ts";
import { Heartbeat } from "./heartbeat.ts";
import { randomId } from "./ids.ts";
import { type Ending, Inbox, type InboxOwner } from "./inbox.ts";
import type { Flushable, FlushQueue } from "./outbox.ts";
import type { RawAdmission, RawMessage } from "./raw-handler.ts";
import { backlogOf, Stall } from "./stall.ts";

/** What a raw connection needs of its endpoint. */
export interface RawHost {
  readonly flushQueue: FlushQueue;
  limits(): ConnectionLimits;
  /** Socket and connection have both ended. */
  forget(connection: RawConnection): void;
  onError(error: unknown): void;
}

interface RawEnding extends Ending {
  /** Takes the place of the reason's own. */
  readonly text: string | undefined;
}

/**
 *                   verdict, `open`           close(), end of the socket          flush: last bytes, `closed`
 *     Connecting ─────────────────────▶ Open ───────────────────────────▶ Closing ───────────────────────────▶ Closed ──▶ forgotten
 *        ├── refused ──▶ forgotten                                                                         socket ended
 *        └── left, or to be closed, before it was open ──▶ `closed`, forgotten
 */
const Phase = { Connecting: 0, Open: 1, Closing: 2, Closed: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * One WebSocket that speaks no hub protocol: each message is handed over and sent as it is. WebSocket pings keep it alive, and its client
 * must show life as often as one with a hub protocol. An idle one holds no buffer, closure or timer.
 */
export class RawConnection implements Connection, Flushable, SocketHandler, InboxOwner<RawMessage> {
  readonly id = randomId();
  readonly context: unknown;
  readonly transport = "WebSockets";
  readonly connectedAt = Date.now();

  readonly #host: RawHost;
  readonly #admission: RawAdmission;
  readonly #inbox = new Inbox<RawMessage>();
  #socket: Socket | undefined = undefined;
  #phase: Phase = Phase.Connecting;
  #ending: RawEnding | undefined = undefined;

  /** A run of messages of one kind that waits for the end of the turn. */
  #queue: Uint8Array[] | undefined = undefined;
  #isText = false;
  #queuedBytes = 0;
  #flushRequested = false;

  /** When it opened; see `monotonicNow`. */
  #since = monotonicNow();
  readonly #heartbeat = new Heartbeat(this.#since);
  #written = 0;
  #stall: Stall | undefined = undefined;

  constructor(host: RawHost, admission: RawAdmission) {
    this.#host = host;
    this.#admission = admission;
    this.context = admission.context;
  }

  get isOpen(): boolean {
    return this.#phase === Phase.Open;
  }

  // Before the upgrade is answered.

  refused(): void {
    this.#host.forget(this);
  }

  /** The handler lets the client in. False when the connection was closed meanwhile: its handler has heard so then. */
  admitted(): boolean {
    if (this.#ending === undefined) return true;
    this.#neverOpened(this.#ending);
    return false;
  }

  #neverOpened({ reason, error }: Ending): void {
    this.#phase = Phase.Closed;
    this.#host.forget(this);
    this.#admission.handler.closed(this, reason, error);
  }

  // Out.

  send(payload: Payload): boolean {
    if (this.#phase !== Phase.Open) return false;
    const text = payload.bytes("text");
    const bytes = text ?? payload.bytes("binary");
    if (bytes === undefined) return false;
    this.#add(bytes, text !== undefined);
    return true;
  }

  #add(bytes: Uint8Array, isText: boolean): void {
    if (this.#queue !== undefined && this.#isText !== isText) this.#write();
    this.#isText = isText;
    if (this.#queue === undefined) this.#queue = [bytes];
    else this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#requestFlush();
  }

  close(reason: CloseReason, text?: string): void {
    this.#end({ reason, error: errorOf(reason, text) }, text);
  }

  /** Ends the socket without a word. */
  abort(): void {
    this.#socket?.abort();
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
    if (this.#phase === Phase.Closing) this.#finish(this.#ending!);
    else if (this.#phase === Phase.Open) this.#write();
  }

  #overflows(): boolean {
    const backlog = backlogOf(this.#socket?.pendingBytes ?? 0, this.#queuedBytes);
    return backlog > 0 && backlog > this.#host.limits().maxPendingBytes;
  }

  #write(): void {
    const messages = this.#queue;
    if (messages === undefined) return;
    this.#queue = undefined;
    this.#written += this.#queuedBytes;
    this.#queuedBytes = 0;
    this.#socket?.sendEach(messages, this.#isText);
  }

  /** The end begins; the next flush completes it. The first reason counts. */
  #end({ reason, error }: Ending, text?: string): void {
    if (this.#phase >= Phase.Closing) return;
    this.#ending ??= { reason, error, text };
    // Its handler is still deciding.
    if (this.#phase === Phase.Connecting) return;
    this.#phase = Phase.Closing;
    this.#inbox.clear();
    this.#requestFlush();
  }

  #finish({ reason, error, text }: RawEnding): void {
    if (reason === CloseReasons.slowConsumer) this.#queue = undefined;
    this.#write();
    this.#phase = Phase.Closed;
    if (this.#socket === undefined) this.#host.forget(this);
    else this.#socket.close(reason.rawCode ?? reason.code, text ?? reason.error);
    this.#admission.handler.closed(this, reason, error);
  }

  // In.

  pause(): void {
    if (this.#phase === Phase.Open) this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume(this);
  }

  accept(message: RawMessage): void {
    try {
      this.#admission.handler.message(this, message);
    } catch (error) {
      this.#host.onError(error);
    }
  }

  inputEnded(ending: Ending): void {
    this.#end(ending);
  }

  pauseTransport(): void {
    this.#socket?.pause();
  }

  resumeTransport(): void {
    this.#socket?.resume();
  }

  // The socket.

  open(socket: Socket): void {
    this.#socket = socket;
    if (this.#ending !== undefined) {
      this.#phase = Phase.Closing;
      this.#requestFlush();
      return;
    }
    this.#phase = Phase.Open;
    this.#since = monotonicNow();
    this.#heartbeat.heard();
    this.#admission.handler.opened(this);
  }

  message(content: Uint8Array, isText: boolean): void {
    if (this.#phase !== Phase.Open) return;
    this.#heartbeat.heard();
    const limit = this.#host.limits().maxMessageBytes;
    if (content.length > limit) this.#inbox.end(tooLarge, this);
    else this.#inbox.take([{ kind: isText ? "text" : "binary", content }], this);
  }

  /** A sign of life below the messages. */
  alive(): void {
    this.#heartbeat.alive();
  }

  closed(code: number): void {
    this.#socket = undefined;
    if (this.#phase === Phase.Connecting) this.#neverOpened(this.#ending ?? endingOf(1006));
    else if (this.#phase === Phase.Open) this.#inbox.end(endingOf(code), this);
    else if (this.#phase === Phase.Closed) this.#host.forget(this);
  }

  // Time.

  /** As of `ClientConnection`. */
  sweep(now: number, date: number, limits: ConnectionLimits): void {
    if (this.#phase !== Phase.Open) return;
    const { expiresAt } = this.#admission;
    if (expiresAt !== undefined && date >= expiresAt) this.close(CloseReasons.authenticationExpired);
    else if (limits.maxLifetime > 0 && now - this.#since >= limits.maxLifetime) this.close(CloseReasons.lifetimeExceeded);
    else this.#sweepPeer(now, limits);
  }

  #sweepPeer(now: number, limits: ConnectionLimits): void {
    // Who is not listened to cannot be silent.
    if (this.#inbox.isPaused) this.#heartbeat.alive();
    if (this.#heartbeat.isSilent(now, limits)) this.close(CloseReasons.clientTimeout);
    if (this.#stalledFor(now) >= limits.sendTimeout) this.close(CloseReasons.slowConsumer);
    // Its client says nothing of its own accord, so it is asked often enough to be heard in time.
    const { keepAliveInterval, clientTimeout } = limits;
    const interval = clientTimeout === 0 ? keepAliveInterval : Math.min(keepAliveInterval, clientTimeout / 2);
    if (this.#heartbeat.isPingDue(now, interval)) this.#socket?.ping();
  }

  #stalledFor(now: number): number {
    const pending = this.#socket?.pendingBytes ?? 0;
    if (pending === 0) {
      this.#stall = undefined;
      return 0;
    }
    const taken = this.#written - pending;
    this.#stall ??= new Stall(now, taken);
    return this.#stall.lasts(now, taken);
  }
}

const tooLarge: Ending = { reason: CloseReasons.messageTooLarge, error: "The message is too large." };

/** @param code as of `SocketHandler.closed` */
function endingOf(code: number): Ending {
  if (code === 1009) return tooLarge;
  if (code === 1002 || code === 1007) {
    return { reason: CloseReasons.malformedMessage, error: "The client broke the WebSocket protocol." };
  }
  return { reason: code === 1006 ? CloseReasons.transportLost : CloseReasons.clientLeft, error: undefined };
}
