import type { Socket as TcpSocket } from "node:net";
import { WebSocket } from "ws";
import { encodeFrame, encodeFrames, LastMessage, PING_FRAME } from "./frame.ts";
import type { Socket, SocketHandler } from "./listener.ts";

/** Beyond this many pongs that have not left, pings go unanswered: a peer that pings and never reads must not fill the memory. */
const MAX_PENDING_PONGS = 1_000;
const MAX_REASON_BYTES = 123;
const NOTHING = new Uint8Array(0);

const lastFrame = new LastMessage<Buffer>(encodeFrame);
const lastFrames = new LastMessage<Buffer>(encodeFrames);

/** Close codes that ws sends when the peer breaks the protocol, by the code of its error; every other one is 1002. */
const violationCodes: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
};

/** What the sockets of one listener share. */
export interface SocketOwner {
  readonly sockets: Set<NodeSocket>;
  report(error: unknown): void;
}

/**
 * The `ws` socket as the server creates it. Its events reach {@link NodeSocket} through `emit` itself: five listeners in an event
 * table would cost every idle connection several hundred bytes.
 */
export class ServerWebSocket extends WebSocket {
  peer: NodeSocket | undefined;

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const peer = this.peer;
    if (peer === undefined) return false;
    switch (event) {
      case "message":
        peer.received(first as Buffer, second === false);
        break;
      case "ping":
        peer.pinged(first as Buffer);
        break;
      case "pong":
        peer.ponged();
        break;
      case "error":
        peer.violated(first);
        break;
      case "close":
        peer.ended(first as number, String(second));
        break;
    }
    return true;
  }
}

/**
 * A WebSocket on Node. Reading, control frames and the close handshake are the work of `ws`. Messages are framed here and written
 * straight to the TCP socket, which `ws` allows as long as nothing is compressed: it then writes each of its own frames at once and
 * whole, so frames never interleave.
 */
export class NodeSocket implements Socket {
  readonly #ws: ServerWebSocket;
  readonly #tcp: TcpSocket;
  readonly #handler: SocketHandler;
  readonly #owner: SocketOwner;
  /** Called when written bytes have left; exists once the socket was slow for the first time. */
  #flushed: (() => void) | undefined;
  #awaitsFlush = false;
  #pendingPongs = 0;
  #violation = 0;

  constructor(ws: ServerWebSocket, tcp: TcpSocket, handler: SocketHandler, owner: SocketOwner) {
    this.#ws = ws;
    this.#tcp = tcp;
    this.#handler = handler;
    this.#owner = owner;
    ws.peer = this;
    owner.sockets.add(this);
    this.#call(() => handler.open(this));
  }

  get pendingBytes(): number {
    return this.#tcp.writableLength;
  }

  send(parts: readonly Uint8Array[], isText: boolean): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#write(lastFrame.of(parts, isText));
  }

  sendEach(messages: readonly Uint8Array[], isText: boolean): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#write(lastFrames.of(messages, isText));
  }

  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#write(PING_FRAME);
  }

  close(code: number, reason = ""): void {
    this.#ws.close(code, truncate(reason));
    // The peer's answer must be read, or the handshake never ends.
    if (this.#ws.isPaused) this.#ws.resume();
  }

  abort(): void {
    this.#ws.terminate();
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  /** The rest is called by {@link ServerWebSocket} alone. */
  received(data: Buffer, isText: boolean): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    try {
      this.#handler.message(data, isText);
    } catch (error) {
      this.#fail(error);
    }
  }

  pinged(data: Buffer): void {
    this.#pendingPongs = this.#tcp.writableLength === 0 ? 1 : this.#pendingPongs + 1;
    if (this.#ws.readyState === WebSocket.OPEN && this.#pendingPongs <= MAX_PENDING_PONGS) this.#ws.pong(data, false);
    this.ponged();
  }

  ponged(): void {
    if (this.#handler.alive !== undefined) this.#call(() => this.#handler.alive?.());
  }

  /** `ws` has already begun to close with the code of this error. */
  violated(error: unknown): void {
    const code = String((error as { code?: unknown }).code);
    if (code.startsWith("WS_ERR_")) this.#violation = violationCodes[code] ?? 1002;
  }

  ended(code: number, reason: string): void {
    this.#ws.peer = undefined;
    this.#owner.sockets.delete(this);
    try {
      this.#handler.closed(code === 1006 && this.#violation > 0 ? this.#violation : code, reason);
    } catch (error) {
      this.#owner.report(error);
    }
  }

  /**
   * `drained` needs to know when the last byte has left, at no cost for the usual write, which the operating system takes at once:
   *
   *   write ──▶ nothing pending ──▶ done
   *        └──▶ pending ──▶ empty write with a callback ──▶ callback ──▶ nothing pending ──▶ drained
   *                             ▲                              └──▶ pending again ─┐
   *                             └──────────────────────────────────────────────────┘
   */
  #write(frame: Uint8Array): void {
    const tcp = this.#tcp;
    tcp.write(frame);
    if (tcp.writableLength > 0 && !this.#awaitsFlush && this.#handler.drained !== undefined) this.#awaitFlush();
  }

  #awaitFlush(): void {
    this.#flushed ??= () => {
      this.#awaitsFlush = false;
      if (this.#tcp.destroyed) return;
      if (this.#tcp.writableLength > 0) this.#awaitFlush();
      else this.#call(() => this.#handler.drained?.());
    };
    this.#awaitsFlush = true;
    this.#tcp.write(NOTHING, this.#flushed);
  }

  #call(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#owner.report(error);
    this.abort();
  }
}

/** At most 123 bytes of UTF-8, cut between characters (RFC 6455 §5.5). */
function truncate(reason: string): string {
  if (reason.length * 3 <= MAX_REASON_BYTES || Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason;
  const bytes = Buffer.from(reason);
  let end = MAX_REASON_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}
