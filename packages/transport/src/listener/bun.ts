import http from "node:http";
import { type Bound, bindAll } from "./bind.ts";
import { BunRequest, BunUpgradeRequest, peerOf, toResponse } from "./bun-request.ts";
import { type BunServer, bun } from "./bun-runtime.ts";
import { BunSocket, ClosingSockets, type SocketOwner } from "./bun-socket.ts";
import { ListenError } from "./listen-error.ts";
import type { BodyReader, HotReply, Listener, ListenerOptions, UpgradeVerdict } from "./listener.ts";
import { Replies } from "./replies.ts";
import { asksForWebSocket } from "./upgrade.ts";

/** Seconds without traffic after which an HTTP connection is ended: between requests, while one arrives, and while one waits for its answer. */
const HTTP_IDLE_TIMEOUT = 240;

/**
 * Listens on Bun, by Bun's own HTTP and WebSocket server. Differences that Bun does not let hide: the header limit is one for the whole
 * process (the last listener started sets it), `target` has its dot segments resolved, `stopAccepting` ends idle keep-alive connections.
 * @throws {ListenError} when the address cannot be bound or the certificate cannot be used
 */
export async function listenOnBun(options: ListenerOptions): Promise<Listener> {
  if (options.tls?.requestCertificate) {
    throw new ListenError(
      "ERR_RUNTIME",
      "Bun.serve does not tell which certificate a client shows: run on Node, or behind a proxy that does.",
    );
  }
  const listener = new BunListener(options);
  await listener.bind();
  return listener;
}

interface BoundServer extends Bound {
  readonly server: BunServer<BunSocket>;
}

class BunListener implements Listener, SocketOwner {
  readonly closing = new ClosingSockets();
  readonly #options: ListenerOptions;
  readonly #replies = new Replies<(response: Response) => void>(
    (resolve, reply) => resolve(this.#toResponse(reply)),
    (error) => this.report(error),
  );
  #bound: readonly BoundServer[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#bound[0]!.port;
  }

  get hosts(): readonly string[] {
    return this.#bound.map((bound) => bound.host);
  }

  async bind(): Promise<void> {
    (http as { maxHeaderSize: number }).maxHeaderSize = this.#options.maxHeaderBytes;
    this.#bound = await bindAll(this.#options.host, this.#options.port, async (host, port) => this.#bindOne(host, port));
  }

  async stopAccepting(): Promise<void> {
    // The promise of `stop` waits for the connections; the port is free at once.
    for (const { server } of this.#bound) void server.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#bound.map(({ server }) => server.stop(true)));
  }

  report(error: unknown): void {
    this.#options.handler.onError?.(error);
  }

  #bindOne(host: string, port: number): BoundServer {
    const { tls, maxMessageBytes } = this.#options;
    const server = bun.serve<BunSocket>({
      hostname: host,
      port,
      ...(tls && { tls }),
      development: false,
      // Outside development Bun would share the port with another process that has it already.
      reusePort: false,
      idleTimeout: HTTP_IDLE_TIMEOUT,
      fetch: (request, bunServer) => this.#request(request, bunServer),
      error: (error) => this.#failed(error),
      websocket: {
        maxPayloadLength: maxMessageBytes,
        backpressureLimit: 0,
        idleTimeout: 0,
        sendPings: false,
        perMessageDeflate: false,
        open: (ws) => ws.data.opened(ws),
        message: (ws, message) => ws.data.received(message),
        drain: (ws) => ws.data.drained(),
        ping: (ws) => ws.data.alive(),
        pong: (ws) => ws.data.alive(),
        close: (ws, code, reason) => ws.data.ended(code, reason),
      },
    });
    return { host: server.hostname, port: server.port, server, release: () => void server.stop(true) };
  }

  #request(request: Request, server: BunServer<BunSocket>): Response | undefined | Promise<Response | undefined> {
    const { handler } = this.#options;
    // Only GET can ask for a WebSocket: spares the sends of back ends a look at their headers.
    if (request.method === "GET" && asksForWebSocket(request.headers.get("upgrade"))) return this.#upgrade(request, server);
    try {
      const hot = new BunRequest(request);
      const reply = handler.hot?.(hot);
      if (reply === undefined) return this.#guard(handler.fetch(request, peerOf(request, server, this.#isSecure)), request);
      return "limit" in reply ? this.#gather(hot, reply, request) : this.#toResponse(reply);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #gather(hot: BunRequest, reader: BodyReader, request: Request): Promise<Response> {
    return new Promise((resolve) => {
      hot.body(reader.limit).then(
        (body) => this.#replies.settle(resolve, reader, body),
        (error) => resolve(this.#failed(error, request)),
      );
    });
  }

  #toResponse(reply: HotReply): Response {
    try {
      return toResponse(reply);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #guard(response: Response | Promise<Response>, request: Request): Response | Promise<Response> {
    return response instanceof Promise ? response.catch((error) => this.#failed(error, request)) : response;
  }

  /** A request whose client has gone is nobody's error. */
  #failed(error: unknown, request?: Request): Response {
    if (request?.signal.aborted !== true) this.report(error);
    return new Response(null, { status: 500 });
  }

  #upgrade(request: Request, server: BunServer<BunSocket>): Response | undefined | Promise<Response | undefined> {
    let verdict: UpgradeVerdict | Promise<UpgradeVerdict>;
    try {
      verdict = this.#options.handler.upgrade(new BunUpgradeRequest(request, server, this.#isSecure));
    } catch (error) {
      return this.#failed(error);
    }
    if (!(verdict instanceof Promise)) return this.#settle(request, server, verdict);
    return verdict.then(
      (settled) => this.#settle(request, server, settled),
      (error) => this.#failed(error, request),
    );
  }

  #settle(request: Request, server: BunServer<BunSocket>, verdict: UpgradeVerdict): Response | undefined {
    if ("refuse" in verdict) return verdict.refuse;
    const data = new BunSocket(verdict.accept, this, verdict.maxMessageBytes);
    // Without the header Bun selects the first subprotocol offered; empty, it selects none. SignalR clients offer none.
    const offersNone = request.headers.get("sec-websocket-protocol") === null;
    const options = offersNone ? { data } : { data, headers: { "Sec-WebSocket-Protocol": verdict.subprotocol ?? "" } };
    if (server.upgrade(request, options)) return undefined;
    data.neverOpened();
    return new Response("This is no valid WebSocket handshake.", { status: 400 });
  }

  get #isSecure(): boolean {
    return this.#options.tls !== undefined;
  }
}
