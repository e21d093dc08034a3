import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { Server as NetServer, type Socket as TcpSocket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { WebSocketServer } from "ws";
import { type Bound, bindAll } from "./bind.ts";
import { toListenError } from "./listen-error.ts";
import type { HotReply, Listener, ListenerOptions, SocketHandler, UpgradeVerdict } from "./listener.ts";
import { NodeRequest, peerOf } from "./node-request.ts";
import { NodeSocket, ServerWebSocket, type SocketOwner } from "./node-socket.ts";
import { NodeUpgradeRequest, refuse, withoutUpgrade } from "./node-upgrade.ts";
import { Replies } from "./replies.ts";
import { asksForWebSocket } from "./upgrade.ts";

/** Milliseconds. A client has this long for its headers, its whole request, its next request, its TLS handshake, its close frame. */
const HEADERS_TIMEOUT = 20_000;
const REQUEST_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 75_000;
const TLS_HANDSHAKE_TIMEOUT = 15_000;
const CLOSE_TIMEOUT = 5_000;
/** Connections the operating system may hold ready before they are accepted: thousands of clients may come back at once. */
const BACKLOG = 4096;
/** `close` waits no longer than this for sockets that do not know yet that they are gone. */
const CLOSE_GRACE = 1_000;

/**
 * Listens on Node: `node:http` and `node:https` for HTTP, `ws` for WebSockets.
 * @throws {ListenError} when the address cannot be bound or the certificate cannot be used
 */
export async function listenOnNode(options: ListenerOptions): Promise<Listener> {
  const listener = new NodeListener(options);
  await listener.bind();
  return listener;
}

interface BoundServer extends Bound {
  readonly server: Server;
  readonly closed: Promise<unknown>;
}

class NodeListener implements Listener, SocketOwner {
  readonly sockets = new Set<NodeSocket>();
  readonly #options: ListenerOptions;
  /** By the largest message they take. */
  readonly #webSockets = new Map<number, InstanceType<typeof WebSocketServer<typeof ServerWebSocket>>>();
  readonly #fetch: (message: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #replies = new Replies<ServerResponse>(
    (response, reply) => this.#reply(response, reply),
    (error) => this.report(error),
  );
  /** Upgrades whose verdict is pending. */
  readonly #undecided = new Set<TcpSocket>();
  #bound: readonly BoundServer[] = [];
  #subprotocol: string | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#fetch = getRequestListener((request, env) => this.#answer(request, env as HttpBindings), { hostname: "localhost" });
  }

  get port(): number {
    return this.#bound[0]!.port;
  }

  get hosts(): readonly string[] {
    return this.#bound.map((bound) => bound.host);
  }

  async bind(): Promise<void> {
    this.#bound = await bindAll(this.#options.host, this.#options.port, (host, port) => this.#bindOne(host, port));
  }

  /** Unlike `http.Server.close` this leaves idle keep-alive connections and the watch over slow requests alone. */
  async stopAccepting(): Promise<void> {
    for (const { server } of this.#bound) NetServer.prototype.close.call(server);
  }

  async close(): Promise<void> {
    const closed = Promise.all(this.#bound.map((bound) => bound.closed));
    for (const { server } of this.#bound) {
      server.close();
      server.closeAllConnections();
    }
    for (const socket of this.sockets) socket.abort();
    for (const tcp of this.#undecided) tcp.destroy();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_GRACE)))]);
    clearTimeout(timer);
  }

  report(error: unknown): void {
    this.#options.handler.onError?.(error);
  }

  async #bindOne(host: string, port: number): Promise<BoundServer> {
    const server = this.#createServer(host, port);
    server.listen({ host, port, backlog: BACKLOG });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    return {
      host: address.address,
      port: address.port,
      server,
      closed: once(server, "close"),
      release: () => server.close(),
    };
  }

  #createServer(host: string, port: number): Server {
    const { tls, maxHeaderBytes } = this.#options;
    const common: ServerOptions<typeof NodeRequest> = {
      IncomingMessage: NodeRequest,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      noDelay: true,
      shouldUpgradeCallback: isWebSocketUpgrade,
    };
    const accept = (message: NodeRequest, response: ServerResponse) => this.#request(message, response);
    let server: Server;
    if (tls === undefined) server = createServer(common, accept);
    else {
      try {
        const { cert, key, requestCertificate = false } = tls;
        const secure = { cert, key, requestCert: requestCertificate, rejectUnauthorized: false };
        server = createSecureServer({ ...common, ...secure, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT }, accept);
      } catch (error) {
        throw toListenError(error, host, port);
      }
    }
    server.on("upgrade", (message: IncomingMessage, tcp: TcpSocket, head: Buffer) => this.#upgrade(server, message, tcp, head));
    return server;
  }

  #request(message: NodeRequest, response: ServerResponse): void {
    try {
      const reply = this.#options.handler.hot?.(message);
      if (reply === undefined) void this.#fetch(message, response);
      else if ("limit" in reply) message.gather(reply, response, this.#replies);
      else this.#replies.add(response, reply);
    } catch (error) {
      this.report(error);
      this.#replies.add(response, { status: 500 });
    }
  }

  async #answer(request: Request, env: HttpBindings): Promise<Response> {
    try {
      const { socket, rawHeaders } = env.incoming;
      return await this.#options.handler.fetch(request, { ...peerOf(socket), rawHeaders });
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

  #upgrade(server: Server, message: IncomingMessage, tcp: TcpSocket, head: Buffer): void {
    if (!isWebSocketUpgrade(message)) {
      // Node before 24.9 does not ask `shouldUpgradeCallback`.
      tcp.unshift(withoutUpgrade(message, head));
      server.emit(this.#options.tls === undefined ? "connection" : "secureConnection", tcp);
      return;
    }
    tcp.on("error", destroy);
    let verdict: UpgradeVerdict | Promise<UpgradeVerdict>;
    try {
      verdict = this.#options.handler.upgrade(new NodeUpgradeRequest(message));
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

  #settle(message: IncomingMessage, tcp: TcpSocket, head: Buffer, verdict: UpgradeVerdict): void {
    if (tcp.destroyed) {
      if ("accept" in verdict) this.#neverOpened(verdict.accept);
      return;
    }
    if ("refuse" in verdict) {
      refuse(tcp, verdict.refuse).catch((error) => {
        this.report(error);
        tcp.destroy();
      });
      return;
    }
    tcp.off("error", destroy);
    this.#subprotocol = verdict.subprotocol;
    const limit = verdict.maxMessageBytes ?? this.#options.maxMessageBytes;
    let isOpen = false;
    // Either calls back before it returns, or has refused a malformed handshake.
    this.#webSocketsUpTo(limit).handleUpgrade(message, tcp, head, (ws) => {
      isOpen = true;
      new NodeSocket(ws, tcp, verdict.accept, this);
    });
    if (!isOpen) this.#neverOpened(verdict.accept);
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

  #neverOpened(handler: SocketHandler): void {
    try {
      handler.closed(1006, "");
    } catch (error) {
      this.report(error);
    }
  }

  #refuseForError(tcp: TcpSocket, error: unknown): void {
    if (tcp.destroyed) return;
    this.report(error);
    void refuse(tcp, new Response(null, { status: 500 }));
  }
}

function isWebSocketUpgrade(message: IncomingMessage): boolean {
  return message.method === "GET" && asksForWebSocket(message.headers.upgrade) && !hasBody(message);
}

function hasBody(message: IncomingMessage): boolean {
  return message.headers["transfer-encoding"] !== undefined || Number(message.headers["content-length"] ?? 0) > 0;
}

function destroy(this: TcpSocket): void {
  this.destroy();
}
