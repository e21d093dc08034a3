import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { Server as NetServer, type Socket as TcpSocket } from "node:net";
import { type Bound, bindAll } from "./bind.ts";
import { toListenError } from "./listen-error.ts";
import type { Listener, ListenerOptions } from "./listener.ts";
import { isWebSocketUpgrade, NodeDoor } from "./node-door.ts";
import { NodeRequest } from "./node-request.ts";
import { withoutUpgrade } from "./node-upgrade.ts";

/** Milliseconds. A client has this long for its headers, its whole request, its next request, its TLS handshake. */
const HEADERS_TIMEOUT = 20_000;
const REQUEST_TIMEOUT = 60_000;
const KEEP_ALIVE_TIMEOUT = 75_000;
const TLS_HANDSHAKE_TIMEOUT = 15_000;
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

class NodeListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #door: NodeDoor;
  #bound: readonly BoundServer[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#door = new NodeDoor(options);
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
    this.#door.abort();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_GRACE)))]);
    clearTimeout(timer);
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
    const accept = (message: NodeRequest, response: ServerResponse) => this.#door.hotRequest(message, response);
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

  #upgrade(server: Server, message: IncomingMessage, tcp: TcpSocket, head: Buffer): void {
    if (!isWebSocketUpgrade(message)) {
      // Node before 24.9 does not ask `shouldUpgradeCallback`.
      tcp.unshift(withoutUpgrade(message, head));
      server.emit(this.#options.tls === undefined ? "connection" : "secureConnection", tcp);
      return;
    }
    this.#door.upgrade(message, tcp, head);
  }
}
