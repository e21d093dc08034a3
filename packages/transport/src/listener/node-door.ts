import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { WebSocketServer } from "ws";
import type { HotReply, ListenerHandler, UpgradeVerdict } from "./listener.ts";
import { type NodeRequest, peerOf } from "./node-request.ts";
import { NodeSocket, ServerWebSocket, type SocketOwner } from "./node-socket.ts";
import { NodeUpgradeRequest, refuse } from "./node-upgrade.ts";
import { Replies } from "./replies.ts";
import { asksForWebSocket } from "./upgrade.ts";

/** Milliseconds a client has for its close frame. */
const CLOSE_TIMEOUT = 5_000;

export interface NodeDoorOptions {
  readonly handler: ListenerHandler;
  /** Largest WebSocket message, bytes; beyond it the socket is closed with 1009. */
  readonly maxMessageBytes: number;
}

/** What of any `node:http` server, our own or somebody else's, leads to a `ListenerHandler`. */
export class NodeDoor implements SocketOwner {
  readonly sockets = new Set<NodeSocket>();
  readonly #handler: ListenerHandler;
  readonly #maxMessageBytes: number;
  /** By the largest message they take. */
  readonly #webSockets = new Map<number, InstanceType<typeof WebSocketServer<typeof ServerWebSocket>>>();
  readonly #fetch: (message: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #replies = new Replies<ServerResponse>(
    (response, reply) => this.#reply(response, reply),
    (error) => this.report(error),
  );
  /** Upgrades whose verdict is pending. */
  readonly #undecided = new Set<TcpSocket>();
  #subprotocol: string | undefined;

  constructor({ handler, maxMessageBytes }: NodeDoorOptions) {
    this.#handler = handler;
    this.#maxMessageBytes = maxMessageBytes;
    this.#fetch = getRequestListener((request, env) => this.#answer(request, env as HttpBindings), { hostname: "localhost" });
  }

  report(error: unknown): void {
    this.#handler.onError?.(error);
  }

  /** A request of a server whose messages are {@link NodeRequest}s: the hot routes are tried first. */
  hotRequest(message: NodeRequest, response: ServerResponse): void {
    try {
      const reply = this.#handler.hot?.(message);
      if (reply === undefined) this.request(message, response);
      else if ("limit" in reply) message.gather(reply, response, this.#replies);
      else this.#replies.add(response, reply);
    } catch (error) {
      this.report(error);
      this.#replies.add(response, { status: 500 });
    }
  }

  /** A request of any server; its body must not have been read. */
  request(message: IncomingMessage, response: ServerResponse): void {
    void this.#fetch(message, response);
  }

  /** @param message one for which {@link isWebSocketUpgrade} holds */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const tcp = socket as TcpSocket;
    tcp.on("error", destroy);
    let verdict: UpgradeVerdict | Promise<UpgradeVerdict>;
    try {
      verdict = this.#handler.upgrade(new NodeUpgradeRequest(message));
    } catch (error) {
      this.#refuseForError(tcp, error);
      return;
    }
    if (!(verdict instanceof Promise)) {
      this.#settle(message, tcp, head, verdict);
      return;
    }
    this.#undecided.add(tcp);
    verdict
      .finally(() => this.#undecided.delete(tcp))
      .then(
        (settled) => this.#settle(message, tcp, head, settled),
        (error) => this.#refuseForError(tcp, error),
      );
  }

  /** Ends every WebSocket at once. */
  abort(): void {
    for (const socket of this.sockets) socket.abort();
    for (const tcp of this.#undecided) tcp.destroy();
  }

  async #answer(request: Request, env: HttpBindings): Promise<Response> {
    try {
      const { socket, rawHeaders } = env.incoming;
      return await this.#handler.fetch(request, { ...peerOf(socket), rawHeaders });
    } catch (error) {
      if (!env.incoming.socket.destroyed) this.report(error);
      return new Response(null, { status: 500 });
    }
  }

  #reply(response: ServerResponse, { status, headers, body }: HotReply): void {
    try {
      const lines = ["Content-Length", body === undefined ? "0" : String(Buffer.byteLength(body))];
      if (headers !== undefined) for (const name in headers) lines.push(name, headers[name]!);
      response.writeHead(status, lines);
      response.end(body);
    } catch (error) {
      this.report(error);
      response.destroy();
    }
  }

  #settle(message: IncomingMessage, tcp: TcpSocket, head: Buffer, verdict: UpgradeVerdict): void {
    if (tcp.destroyed) return;
    if ("refuse" in verdict) {
      refuse(tcp, verdict.refuse).catch((error) => {
        this.report(error);
        tcp.destroy();
      });
      return;
    }
    tcp.off("error", destroy);
    this.#subprotocol = verdict.subprotocol;
    const limit = verdict.maxMessageBytes ?? this.#maxMessageBytes;
    this.#webSocketsUpTo(limit).handleUpgrade(message, tcp, head, (ws) => new NodeSocket(ws, tcp, verdict.accept, this));
  }

  #webSocketsUpTo(maxPayload: number): InstanceType<typeof WebSocketServer<typeof ServerWebSocket>> {
    let server = this.#webSockets.get(maxPayload);
    if (server === undefined) {
      const options = {
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        autoPong: false,
        maxPayload,
        closeTimeout: CLOSE_TIMEOUT,
        WebSocket: ServerWebSocket,
        // Asked synchronously inside handleUpgrade.
        handleProtocols: () => this.#subprotocol ?? false,
      } as const;
      server = new WebSocketServer(options);
      this.#webSockets.set(maxPayload, server);
    }
    return server;
  }

  #refuseForError(tcp: TcpSocket, error: unknown): void {
    if (tcp.destroyed) return;
    this.report(error);
    void refuse(tcp, new Response(null, { status: 500 }));
  }
}

export function isWebSocketUpgrade(message: IncomingMessage): boolean {
  return message.method === "GET" && asksForWebSocket(message.headers.upgrade) && !hasBody(message);
}

function hasBody(message: IncomingMessage): boolean {
  return message.headers["transfer-encoding"] !== undefined || Number(message.headers["content-length"] ?? 0) > 0;
}

function destroy(this: TcpSocket): void {
  this.destroy();
}
