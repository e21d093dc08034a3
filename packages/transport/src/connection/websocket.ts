import type { Socket, SocketHandler } from "../listener/listener.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Transport } from "./transport.ts";

/** One WebSocket of a connection (reference hub-and-service-protocol §1.3). A connection with stateful reconnect has several in its life. */
export class WebSocketTransport implements Transport, SocketHandler {
  readonly #connection: ClientConnection;
  #socket: Socket | undefined = undefined;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  get name(): "WebSockets" {
    return "WebSockets";
  }

  get pendingBytes(): number {
    return this.#socket?.pendingBytes ?? 0;
  }

  write(parts: readonly Uint8Array[], isText: boolean): void {
    this.#socket?.send(parts, isText);
  }

  /** The socket aborts by itself when the client does not answer the close frame. */
  end(code: number): void {
    this.#socket?.close(code);
  }

  abort(): void {
    this.#socket?.abort();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  open(socket: Socket): void {
    this.#socket = socket;
    this.#connection.attach(this);
  }

  message(data: Uint8Array): void {
    this.#connection.received(this, data);
  }

  drained(): void {
    this.#connection.drained();
  }

  alive(): void {
    this.#connection.alive();
  }

  closed(code: number): void {
    this.#connection.transportEnded(this, code);
  }
}
