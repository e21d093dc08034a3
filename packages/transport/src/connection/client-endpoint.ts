import { setTimeout as delay } from "node:timers/promises";
import type { UpgradeRequest, UpgradeVerdict } from "../listener/listener.ts";
import type { Admission } from "./admission.ts";
import { ClientConnection, type ConnectionHost } from "./client-connection.ts";
import { monotonicNow } from "./clock.ts";
import { type CloseReason, CloseReasons } from "./close-reason.ts";
import type { ConnectionLimits, OpeningConnection, SignalRConnection, TransportName } from "./connection.ts";
import { Answers, plainText } from "./http-answer.ts";
import { randomId } from "./ids.ts";
import { LongPollingTransport, pollHeaders } from "./long-polling.ts";
import { asksForStatefulReconnect, type Negotiation, negotiateAnswer, negotiateError, negotiateVersion } from "./negotiate.ts";
import { FlushQueue } from "./outbox.ts";
import { connectionIdOf, queryOf } from "./query.ts";
import { RawConnection, type RawHost } from "./raw-connection.ts";
import type { RawAdmission, RawVerdict } from "./raw-handler.ts";
import { ServerSentEventsTransport } from "./server-sent-events.ts";
import { Sweep } from "./sweep.ts";
import { WebSocketTransport } from "./websocket.ts";

export interface ClientEndpointOptions {
  /** Asked at each use, so it should be cheap: the limits may change while running. */
  readonly limits: () => ConnectionLimits;
  /** What handlers threw, and defects of our own. The connections go on. */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds between two looks at all connections: the grain of every time limit. Default 1,000. */
  readonly sweepInterval?: number;
}

/** How long what a client sends is still taken, and dropped, after its event stream was ended, in milliseconds. */
const departure = 5_000;

/** What `stop` leaves clients to end in good order, in milliseconds. */
const stopGrace = 1_000;

/** What the owner of a connection's transport tells it: `attach` first, `transportEnded` last. */
export type AdoptedConnection = Pick<ClientConnection, "attach" | "drained" | "received" | "restarted" | "transportEnded"> &
  SignalRConnection;

/** The HTTP transports by connection; a WebSocket's connection has no entry. */
type HttpTransport = ServerSentEventsTransport | LongPollingTransport;

/**
 * Where clients negotiate, connect, send and leave (reference hub-and-service-protocol §1; raw WebSockets serverless-upstream §5).
 * Checks no token: a door does that and hands in what it decided, once a request.
 *
 *     door ── negotiate ──▶ negotiations ──┐ token
 *          ── upgrade ───────────────────▶ ├──▶ ClientConnection ◀─▶ Transport
 *          ── handle (GET POST DELETE) ──▶ ┘         │
 *          ── upgradeRaw ────────────────▶ RawConnection
 *                                                    └──▶ admission.handler
 */
export class ClientEndpoint {
  readonly #limits: () => ConnectionLimits;
  readonly #onError: (error: unknown) => void;
  readonly #host: ConnectionHost & RawHost;
  readonly #negotiations = new Map<string, Negotiation>();
  readonly #connections = new Set<ClientConnection | RawConnection>();
  readonly #byToken = new Map<string, ClientConnection>();
  /** Tokens of event streams that we ended, with when (`monotonicNow`). */
  readonly #departed = new Map<string, number>();
  readonly #http = new WeakMap<ClientConnection, HttpTransport>();
  readonly #sweep: Sweep;
  readonly #emptied: (() => void)[] = [];

  constructor(options: ClientEndpointOptions) {
    this.#limits = options.limits;
    this.#onError = options.onError ?? (() => {});
    this.#host = {
      flushQueue: new FlushQueue(this.#onError),
      limits: this.#limits,
      onError: this.#onError,
      unlist: (connection: ClientConnection) => this.#unlist(connection),
      forget: (connection: ClientConnection | RawConnection) => this.#forget(connection),
    };
    this.#sweep = new Sweep(options.sweepInterval ?? 1_000, {
      connections: this.#connections,
      negotiations: this.#negotiations,
      limits: this.#limits,
      onError: this.#onError,
      swept: () => this.#forgetDeparted(),
    });
  }

  /** Connections whose transport has not ended, those still shaking hands or waiting to be let in included. */
  get size(): number {
    return this.#connections.size;
  }

  /** Clients that negotiated and may still connect. */
  get negotiating(): number {
    return this.#negotiations.size;
  }

  /** The open connection of a token; undefined as well when it is of another scope. */
  find(scope: string, token: string): OpeningConnection | undefined {
    const connection = this.#byToken.get(token);
    return connection?.scope === scope && connection.isOpen ? connection : undefined;
  }

  /**
   * `POST …/negotiate` (§1.1).
   * @param more members of the answer
   */
  negotiate(admission: Admission, request: Request, more?: { readonly tokenLifetimeSeconds?: number }): Response {
    if (request.method !== "POST") return plainText(405);
    const query = queryOf(request.url);
    const negotiated = negotiateVersion(query);
    if ("error" in negotiated) return negotiateError(negotiated.error);
    const { version } = negotiated;
    const id = randomId();
    const token = version === 0 ? id : randomId();
    const stateful =
      asksForStatefulReconnect(query) && this.#limit(admission, "reconnectWindow") > 0 && isAllowed(admission, "WebSockets");
    this.#negotiations.set(token, { id, scope: admission.scope, stateful, at: monotonicNow() });
    return negotiateAnswer({ version, id, token, stateful, transports: admission.transports, more });
  }

  /** GET (event stream or poll), POST and DELETE on the connect URL (§1.2, §1.4–1.6). */
  handle(admission: Admission, request: Request): Response | Promise<Response> {
    const id = connectionIdOf(request.url);
    switch (request.method) {
      case "GET":
        if (request.headers.get("accept")?.includes("text/event-stream")) return this.#openEventStream(admission, id);
        return this.#poll(admission, id, request);
      case "POST":
        return this.#receivePost(admission, id, request);
      case "DELETE":
        return this.#delete(admission, id);
      default:
        return plainText(405);
    }
  }

  /** A WebSocket (§1.3). Without `id` the client skipped negotiation. */
  upgrade(admission: Admission, request: UpgradeRequest): UpgradeVerdict {
    const id = connectionIdOf(request.target);
    if (id === undefined) {
      if (!isAllowed(admission, "WebSockets")) return { refuse: unsupported("WebSockets") };
      return this.#accept(this.#add(admission, "WebSockets", { id: randomId() }));
    }
    const found = this.#find(admission, id, "WebSockets");
    if (found instanceof Response) return { refuse: found };
    if (!(found instanceof ClientConnection)) return this.#accept(this.#connect(admission, "WebSockets", id, found));
    if (!found.resumable) return { refuse: plainText(409) };
    found.renew(admission);
    return this.#accept(found);
  }

  #accept(connection: ClientConnection): UpgradeVerdict {
    return { accept: new WebSocketTransport(connection), maxMessageBytes: socketLimit(connection.limit("maxMessageBytes")) };
  }

  /**
   * A WebSocket that speaks no hub protocol. Its handler is asked first, so the verdict may take time.
   * @param subprotocols offered by the client
   */
  async upgradeRaw(admission: RawAdmission, subprotocols: readonly string[]): Promise<UpgradeVerdict> {
    const connection = new RawConnection(this.#host, admission);
    this.#connections.add(connection);
    let verdict: RawVerdict;
    try {
      verdict = await admission.handler.connecting(connection, subprotocols);
    } catch (error) {
      connection.refused();
      throw error;
    }
    if ("refuse" in verdict) {
      connection.refused();
      return verdict;
    }
    if (!connection.admitted()) return { refuse: plainText(503, Answers.closing) };
    return { accept: connection, maxMessageBytes: socketLimit(this.#limits().maxMessageBytes), ...verdict };
  }

  /**
   * A client whose transport somebody else has (an app server's clients are connected to the service).
   * @param id public id; nobody can ask for the connection by it
   */
  adopt(admission: Admission, id: string): AdoptedConnection {
    return this.#add(admission, "WebSockets", { id });
  }

  /**
   * Closes every connection, `slice` at a time with `pauseMs` milliseconds between, so that their clients do not all come back at once.
   * Resolves when all transports have ended; what does not end by itself is aborted after some seconds.
   */
  async closeAll(reason: CloseReason, { slice, pauseMs }: { readonly slice: number; readonly pauseMs: number }): Promise<void> {
    this.#negotiations.clear();
    let closed = 0;
    for (const connection of [...this.#connections]) {
      if (!this.#connections.has(connection)) continue;
      connection.close(reason);
      if (++closed % slice === 0) await delay(pauseMs);
    }
    await this.#untilEmpty();
  }

  /** Ends what is left, within about a second, and stops the timer. Nothing may be asked of the endpoint afterwards. */
  async stop(): Promise<void> {
    const ended = this.closeAll(CloseReasons.stopped, { slice: Number.POSITIVE_INFINITY, pauseMs: 0 });
    const grace = new AbortController();
    await Promise.race([ended, delay(stopGrace, undefined, { signal: grace.signal }).catch(() => {})]);
    grace.abort();
    for (const connection of [...this.#connections]) connection.abort();
    this.#sweep.stop();
  }

  #untilEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  #openEventStream(admission: Admission, id: string | undefined): Response {
    const found = this.#find(admission, id, "ServerSentEvents");
    if (found instanceof Response) return found;
    if (found instanceof ClientConnection) return plainText(409);
    const connection = this.#connect(admission, "ServerSentEvents", id!, found);
    const transport = new ServerSentEventsTransport(connection);
    this.#http.set(connection, transport);
    return transport.open();
  }

  #poll(admission: Admission, id: string | undefined, request: Request): Response | Promise<Response> {
    const found = this.#find(admission, id, "LongPolling");
    if (found instanceof Response) return withHeaders(found, pollHeaders);
    if (found instanceof ClientConnection) {
      found.renew(admission);
      return (this.#http.get(found) as LongPollingTransport).poll(request);
    }
    const connection = this.#connect(admission, "LongPolling", id!, found);
    const transport = new LongPollingTransport(connection);
    this.#http.set(connection, transport);
    return transport.open();
  }

  #receivePost(admission: Admission, id: string | undefined, request: Request): Response | Promise<Response> {
    // A ping that crosses the close message must not become the error the client ends with.
    if (id !== undefined && this.#departed.has(id)) return plainText(200);
    const found = this.#find(admission, id);
    if (found instanceof Response) return found;
    if (!(found instanceof ClientConnection)) return plainText(404, Answers.unknownId);
    const transport = this.#http.get(found);
    if (transport === undefined) return plainText(405, Answers.noPosts);
    return transport.posts.receive(found, transport, request);
  }

  #delete(admission: Admission, id: string | undefined): Response {
    const found = this.#find(admission, id);
    if (found instanceof Response) return found;
    const transport = found instanceof ClientConnection ? this.#http.get(found) : undefined;
    return transport instanceof LongPollingTransport ? transport.delete() : plainText(400, Answers.noDelete);
  }

  /**
   * Who has this id.
   * @param transport what the request wants to use it with: it must be allowed, and for a connection the one it already has
   */
  #find(admission: Admission, id: string | undefined, transport?: TransportName): ClientConnection | Negotiation | Response {
    if (id === undefined) return plainText(400, Answers.idRequired);
    const found = this.#byToken.get(id) ?? this.#negotiations.get(id);
    if (found === undefined || found.scope !== admission.scope) return plainText(404, Answers.unknownId);
    if (!(found instanceof ClientConnection) && monotonicNow() - found.at >= this.#limit(admission, "negotiateTimeout")) {
      return plainText(404, Answers.unknownId);
    }
    if (transport === undefined) return found;
    if (!isAllowed(admission, transport)) return unsupported(transport);
    if (found instanceof ClientConnection && found.transport !== transport) return plainText(400, Answers.otherTransport);
    return found;
  }

  /** A negotiated client arrives. */
  #connect(admission: Admission, transport: TransportName, token: string, negotiation: Negotiation): ClientConnection {
    this.#negotiations.delete(token);
    const stateful = negotiation.stateful && transport === "WebSockets";
    const connection = this.#add(admission, transport, { id: negotiation.id, token, stateful });
    this.#byToken.set(token, connection);
    return connection;
  }

  #add(
    admission: Admission,
    transport: TransportName,
    ids: ConstructorParameters<typeof ClientConnection>[3],
  ): ClientConnection {
    const connection = new ClientConnection(this.#host, admission, transport, ids);
    this.#connections.add(connection);
    return connection;
  }

  #unlist(connection: ClientConnection): void {
    if (connection.token === undefined) return;
    if (!this.#byToken.delete(connection.token)) return;
    // A young client that has said nothing may still be starting: `@microsoft/signalr` would take the answer to its first ping for success,
    // and never learn of the end.
    const mayBeStarting = !connection.hasSpoken && Date.now() - connection.connectedAt < departure;
    if (connection.isEnding && connection.transport === "ServerSentEvents" && !mayBeStarting)
      this.#departed.set(connection.token, monotonicNow());
  }

  #forgetDeparted(): void {
    const now = monotonicNow();
    for (const [token, at] of this.#departed) {
      if (now - at < departure) break;
      this.#departed.delete(token);
    }
  }

  #forget(connection: ClientConnection | RawConnection): void {
    if (connection instanceof ClientConnection) this.#unlist(connection);
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #limit(admission: Admission, name: "negotiateTimeout" | "reconnectWindow"): number {
    return admission.limits?.[name] ?? this.#limits()[name];
  }
}

function isAllowed(admission: Admission, transport: TransportName): boolean {
  return admission.transports === undefined || admission.transports.includes(transport);
}

function unsupported(transport: TransportName): Response {
  return plainText(404, `${transport} transport not supported by this end point type`);
}

/** What the socket itself takes: a WebSocket message may hold several records, and what is over the limit is told so, not just cut off. */
function socketLimit(maxMessageBytes: number): number {
  return 2 * maxMessageBytes;
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
