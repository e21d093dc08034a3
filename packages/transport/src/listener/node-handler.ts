import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ListenerHandler } from "./listener.ts";

export interface NodeHandlerOptions {
  readonly handler: ListenerHandler;
  /** Largest WebSocket message, bytes; beyond it the socket is closed with 1009. */
  readonly maxMessageBytes: number;
}

/** The way from a `node:http` server that somebody else listens with to a `ListenerHandler`. */
export interface NodeHandler {
  /** A request whose body has not been read. */
  request(message: IncomingMessage, response: ServerResponse): void;
  /** @param message asks for a WebSocket */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every WebSocket at once. */
  abort(): void;
}
