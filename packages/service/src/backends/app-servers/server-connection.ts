import {
  type ConnectionDataMessage,
  MessageTooLargeError,
  ProtocolError,
  ServerConnectionType,
  type ServiceHandshakeRequest,
  type ServiceMessage,
  ServiceMessageReader,
  ServiceMessageType,
  ServiceMessageWriter,
  serviceProtocolVersion,
} from "@signalbox/protocol";
import type { Connection, Flushable, FlushQueue, Socket, SocketHandler } from "@signalbox/transport";
import type { Route } from "./route.ts";

/** All times in milliseconds, sizes in bytes. Read anew at each use. */
export interface ServerLimits {
  /** Silence of a server that ends its connection. */
  readonly timeout: number;
  /** The greatest service message. */
  readonly maxMessageBytes: number;
  /** Bytes waiting for a server beyond which its clients are not read. */
  readonly maxPendingBytes: number;
  /** App servers write to their log which messages pass. */
  readonly messageTracing: boolean;
}

/** What a server connection needs of those around it. */
export interface ServerConnectionHost {
  readonly flushQueue: FlushQueue;
  limits(): ServerLimits;
  /** The handshake is through. */
  opened(connection: ServerConnection): void;
  /** In the order received; not the handshake. */
  message(connection: ServerConnection, message: ServiceMessage): void;
  /** Once. Nothing can be sent any more. @param why a sentence */
  ended(connection: ServerConnection, why: string): void;
  onError(error: unknown): void;
}

/** Who connects, as the door found out. */
export interface ServerIdentity {
  /** Lower-case. */
  readonly hub: string;
  /** One a server process. */
  readonly serverId: string;
  readonly userAgent: string;
}

const Phase = { Shaking: 0, Open: 1, Ended: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** The service says something at least every 5 s (reference hub-and-service-protocol §4.6); with a sweep a second, this is in time. */
const pingInterval = 3_900;
const handshakeTimeout = 15_000;
/** As many times `maxPendingBytes` waiting for a server end its connection. */
const hopeless = 16;
const keepAlive: ServiceMessage = { type: ServiceMessageType.Ping, values: [] };

/**
 * One WebSocket of an app server (reference hub-and-service-protocol §4.2, §4.5). What is sent to it in one turn of the event loop leaves
 * as one write; clients that send faster than it reads are paused.
 *
 *               HandshakeRequest                  socket ended, malformed bytes, silence
 *     Shaking ───────────────────▶ Open ────────────────────────────────────────────────▶ Ended
 *        └── refused: HandshakeResponse with an error, or too slow ────────────────────────▲
 */
export class ServerConnection implements SocketHandler, Flushable {
  /** The service's name for it. */
  readonly id: string;
  readonly identity: ServerIdentity;
  /** The clients it carries. */
  readonly clients = new Set<Route>();
  /** The server is going: it gets no new clients. */
  isLeaving = false;
  /** Its clients are being moved. */
  isDeparting = false;
  /** When it last sent anything; see `performance.now`. */
  heardAt = performance.now();
  /** When it last sent something of a client's. */
  dataAt = 0;

  readonly #host: ServerConnectionHost;
  readonly #reader: ServiceMessageReader;
  readonly #writer = new ServiceMessageWriter();
  readonly #echoes = new Map<string, () => void>();
  #phase: Phase = Phase.Shaking;
  #socket: Socket | undefined;
  #handshake: ServiceHandshakeRequest | undefined;
  #flushRequested = false;
  #pingedAt = 0;
  #isTracing = false;
  #paused: Set<Connection> | undefined;

  constructor(id: string, identity: ServerIdentity, host: ServerConnectionHost) {
    this.id = id;
    this.identity = identity;
    this.#host = host;
    this.#reader = new ServiceMessageReader(host.limits().maxMessageBytes);
  }

  get isOpen(): boolean {
    return this.#phase === Phase.Open;
  }

  /** Its handshake went through. */
  get wasOpen(): boolean {
    return this.#handshake !== undefined;
  }

  get connectionType(): number {
    return this.#handshake?.connectionType ?? ServerConnectionType.Default;
  }

  /** May be given clients. */
  get takesClients(): boolean {
    return this.isOpen && !this.isLeaving && this.connectionType !== ServerConnectionType.Weak;
  }

  /** See `MigrationLevel`. */
  get migrationLevel(): number {
    return this.#handshake?.migrationLevel ?? 0;
  }

  /** A server of today knows flow control, and what a payload holds; older ones misread messages that tell. */
  get isModern(): boolean {
    return this.#handshake?.allowStatefulReconnects !== undefined;
  }

  get allowsStatefulReconnects(): boolean {
    return this.#handshake?.allowStatefulReconnects === true;
  }

  /** The greatest message of the server, of those for its clients too. */
  get maxMessageBytes(): number {
    return this.#host.limits().maxMessageBytes;
  }

  /** More waits for the server than it should. */
  get isCongested(): boolean {
    return this.#writer.length + (this.#socket?.pendingBytes ?? 0) > this.#host.limits().maxPendingBytes;
  }

  /** Leaves with everything else of this turn. Nothing after the end. */
  send(message: ServiceMessage): void {
    if (this.#phase === Phase.Ended) return;
    this.#writer.add(message);
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#host.flushQueue.request(this);
  }

  /** The client is not read until the server has taken what waits for it. */
  holdBack(connection: Connection): void {
    this.#paused ??= new Set();
    if (this.#paused.has(connection)) return;
    this.#paused.add(connection);
    connection.pause();
  }

  /** The client left, or went to another server. */
  release(connection: Connection): void {
    if (this.#paused?.delete(connection)) connection.resume();
  }

  /** Resolves when the server has read everything that was sent before, at the latest after some time. */
  async caughtUp(timeout: number): Promise<void> {
    const id = crypto.randomUUID();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#echoes.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
      this.send({ type: ServiceMessageType.Ping, values: ["echo", id] });
    });
    this.#echoes.delete(id);
  }

  echoed(id: string): void {
    this.#echoes.get(id)?.();
  }

  /** Says why, and ends the connection in good order. */
  fail(why: string, code = 1011): void {
    if (this.#phase === Phase.Ended) return;
    this.send(
      this.#phase === Phase.Open
        ? { type: ServiceMessageType.ServiceError, error: why }
        : { type: ServiceMessageType.HandshakeResponse, error: why },
    );
    this.flush();
    this.#socket?.close(code);
    this.#end(why);
  }

  /** Once a second. @param now see `performance.now` */
  sweep(now: number): void {
    const { timeout, messageTracing } = this.#host.limits();
    const silence = now - this.heardAt;
    if (this.#phase === Phase.Shaking && silence >= handshakeTimeout) this.fail("The handshake request did not come in time.");
    if (this.#phase !== Phase.Open) return;
    if (silence >= timeout) {
      this.fail(`The server has been silent for ${Math.round(silence / 1000)} s.`);
      // It may be stopped for good: a close handshake would wait for its answer.
      this.#socket?.abort();
    } else if (now - this.#pingedAt >= pingInterval) {
      this.#pingedAt = now;
      this.send(keepAlive);
    }
    if (this.#isTracing !== messageTracing) {
      this.#isTracing = messageTracing;
      this.send({ type: ServiceMessageType.Ping, values: ["d-m", messageTracing ? "1" : "0"] });
    }
  }

  flush(): void {
    this.#flushRequested = false;
    if (this.#writer.length > 0) this.#socket?.send([this.#writer.take()], false);
    this.#giveUpIfItNeverReads();
    if (this.#paused !== undefined && this.#socket?.pendingBytes === 0) this.#resumeClients();
  }

  open(socket: Socket): void {
    this.#socket = socket;
  }

  message(data: Uint8Array): void {
    if (this.#phase === Phase.Ended) return;
    this.heardAt = performance.now();
    try {
      this.#reader.read(data, this.#take);
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#host.onError(error);
      const tooLarge = error instanceof MessageTooLargeError;
      this.fail(error instanceof ProtocolError ? error.message : "The message could not be handled.", tooLarge ? 1009 : 1002);
    }
  }

  drained(): void {
    this.#resumeClients();
  }

  alive(): void {
    this.heardAt = performance.now();
  }

  closed(code: number, reason: string): void {
    this.#end(
      code === 1000 || code === 1001
        ? "The server closed the connection."
        : `The socket ended with code ${code}. ${reason}`.trim(),
    );
  }

  readonly #take = (message: ServiceMessage): void => {
    if (this.#phase === Phase.Open) this.#host.message(this, message);
    else if (this.#phase === Phase.Shaking) this.#shake(message);
  };

  #shake(message: ServiceMessage): void {
    if (message.type !== ServiceMessageType.HandshakeRequest) {
      this.fail(`Expected a handshake request, found a message of type ${message.type}.`, 1002);
    } else if (message.version !== serviceProtocolVersion) {
      this.fail(`The service protocol version ${message.version} is not supported, only ${serviceProtocolVersion} is.`, 1000);
    } else {
      this.#handshake = message;
      this.#phase = Phase.Open;
      this.send({ type: ServiceMessageType.HandshakeResponse, error: "", connectionId: this.id });
      this.#host.opened(this);
    }
  }

  /** Its clients have long been held back: what still grows are answers to what it asks itself. */
  #giveUpIfItNeverReads(): void {
    if ((this.#socket?.pendingBytes ?? 0) <= hopeless * this.#host.limits().maxPendingBytes) return;
    this.#socket?.abort();
    this.#end("The server does not read what it is sent.");
  }

  #resumeClients(): void {
    const paused = this.#paused;
    this.#paused = undefined;
    if (paused !== undefined) for (const connection of paused) connection.resume();
  }

  #end(why: string): void {
    if (this.#phase === Phase.Ended) return;
    this.#phase = Phase.Ended;
    for (const resolve of this.#echoes.values()) resolve();
    this.#resumeClients();
    this.#host.ended(this, why);
  }
}

/** The bytes of a client, on their way to its server. */
export function clientData(
  connectionId: string,
  payload: Uint8Array,
  dataMessageType: number | undefined,
): ConnectionDataMessage {
  return { type: ServiceMessageType.ConnectionData, connectionId, payload, extensions: dataExtensions[dataMessageType ?? -1] };
}

const dataExtensions: readonly ConnectionDataMessage["extensions"][] = [0, 1, 2, 3, 4].map((dataMessageType) => ({
  dataMessageType,
}));
