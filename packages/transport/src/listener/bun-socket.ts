import type { BunWebSocket } from "./bun-runtime.ts";
import { LastMessage } from "./frame.ts";
import type { Socket, SocketHandler } from "./listener.ts";

/** Milliseconds a peer gets to take what was sent before a close. */
const CLOSE_TIMEOUT = 5_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
type Message = string | Uint8Array;
const messageOf = (bytes: Uint8Array, isText: boolean): Message => (isText ? decoder.decode(bytes) : bytes);
const lastMessage = new LastMessage<Message>((parts, isText) =>
  messageOf(parts.length === 1 ? parts[0]! : Buffer.concat(parts), isText),
);
const lastMessages = new LastMessage<readonly Message[]>((parts, isText) => parts.map((part) => messageOf(part, isText)));

/** Bun reports a protocol violation by a sentence; the close code that it sent for it, by that sentence. */
const violationCodes: Readonly<Record<string, number>> = {
  "Received too big message": 1009,
  "Received invalid UTF-8": 1007,
};

/** What the sockets of one listener share. */
export interface SocketOwner {
  /** Sockets that close once their pending bytes have left. */
  readonly closing: ClosingSockets;
  report(error: unknown): void;
}

/** A WebSocket on Bun: the `data` of Bun's own socket. */
export class BunSocket implements Socket {
  #ws: BunWebSocket<BunSocket> | undefined;
  readonly #handler: SocketHandler;
  readonly #owner: SocketOwner;
  readonly #maxMessageBytes: number;
  #isCalling = false;
  /** Set by `close` while bytes are pending. */
  #closeCode = 0;
  #closeReason = "";

  constructor(handler: SocketHandler, owner: SocketOwner, maxMessageBytes = Number.POSITIVE_INFINITY) {
    this.#handler = handler;
    this.#owner = owner;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get pendingBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  send(parts: readonly Uint8Array[], isText: boolean): void {
    if (this.#ws !== undefined && this.#closeCode === 0) transmit(this.#ws, lastMessage.of(parts, isText));
  }

  sendEach(parts: readonly Uint8Array[], isText: boolean): void {
    const ws = this.#ws;
    if (ws === undefined || this.#closeCode !== 0) return;
    const messages = lastMessages.of(parts, isText);
    if (messages.length === 1) transmit(ws, messages[0]!);
    else {
      ws.cork(() => {
        for (const message of messages) transmit(ws, message);
      });
    }
  }

  ping(): void {
    if (this.#closeCode === 0) this.#ws?.ping();
  }

  /**
   * Bun closes at once and then forgets the socket, however much is still to be taken by a peer that may never read. So a socket with
   * pending bytes waits here for `drain` first, and no longer than the time-out.
   */
  close(code: number, reason = ""): void {
    if (this.#ws === undefined || this.#closeCode !== 0) return;
    this.#closeCode = code;
    this.#closeReason = reason;
    if (this.#ws.isPaused) this.#ws.resume();
    if (this.#ws.getBufferedAmount() === 0) this.#ws.close(code, reason);
    else this.#owner.closing.add(this, Date.now() + CLOSE_TIMEOUT);
  }

  abort(): void {
    this.#ws?.terminate();
  }

  pause(): void {
    this.#ws?.pause();
  }

  resume(): void {
    this.#ws?.resume();
  }

  /** The rest is called by the listener alone. */
  opened(ws: BunWebSocket<BunSocket>): void {
    this.#ws = ws;
    this.#call(() => this.#handler.open(this));
  }

  /** The client has gone before its handshake was answered. */
  neverOpened(): void {
    this.#closed(1006, "");
  }

  received(message: string | Buffer): void {
    if (this.#closeCode !== 0) return;
    const isText = typeof message === "string";
    const bytes = isText ? encoder.encode(message) : message;
    this.#isCalling = true;
    try {
      // Bun has one limit for all its sockets.
      if (bytes.length > this.#maxMessageBytes) this.#ws?.close(1009);
      else this.#handler.message(bytes, isText);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isCalling = false;
    }
  }

  drained(): void {
    if (this.pendingBytes > 0) return;
    if (this.#closeCode !== 0) this.#ws?.close(this.#closeCode, this.#closeReason);
    else if (this.#handler.drained !== undefined) this.#call(() => this.#handler.drained?.());
  }

  alive(): void {
    if (this.#handler.alive !== undefined) this.#call(() => this.#handler.alive?.());
  }

  ended(code: number, reason: string): void {
    this.#ws = undefined;
    this.#owner.closing.delete(this);
    // Bun calls this from within `close` and `terminate`; a handler is never called while it is at work.
    if (this.#isCalling) queueMicrotask(() => this.#closed(code, reason));
    else this.#closed(code, reason);
  }

  #closed(code: number, reason: string): void {
    const isViolation = code === 1006 && reason.startsWith("Received ");
    try {
      this.#handler.closed(isViolation ? (violationCodes[reason] ?? 1002) : code, isViolation ? "" : reason);
    } catch (error) {
      this.#owner.report(error);
    }
  }

  #call(action: () => void): void {
    const wasCalling = this.#isCalling;
    this.#isCalling = true;
    try {
      action();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isCalling = wasCalling;
    }
  }

  #fail(error: unknown): void {
    this.#owner.report(error);
    this.abort();
  }
}

/** Nothing is dropped: the buffer has no limit of its own. */
function transmit(ws: BunWebSocket<BunSocket>, message: Message): void {
  if (typeof message === "string") ws.sendText(message);
  else ws.sendBinary(message);
}

/** Sockets that wait for their last bytes to leave, in the order of their deadlines. One timer for all, and none while there are none. */
export class ClosingSockets {
  readonly #deadlines = new Map<BunSocket, number>();
  #sweep: NodeJS.Timeout | undefined;

  add(socket: BunSocket, deadline: number): void {
    this.#deadlines.set(socket, deadline);
    this.#sweep ??= setInterval(() => this.#abortOverdue(), 1_000);
  }

  delete(socket: BunSocket): void {
    if (!this.#deadlines.delete(socket) || this.#deadlines.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #abortOverdue(): void {
    const now = Date.now();
    for (const [socket, deadline] of this.#deadlines) {
      if (deadline > now) return;
      socket.abort();
    }
  }
}
