import { randomUUID } from "node:crypto";
import {
  type ConnectionString,
  type ServerConnectionType,
  type ServiceHandshakeRequest,
  type ServiceMessage,
  ServiceMessageReader,
  ServiceMessageType,
  ServiceMessageWriter,
  serverUrl,
  serviceProtocolVersion,
} from "@signalbox/protocol";
import { WebSocket } from "ws";
import type { EndpointIdentity } from "./endpoint-identity.ts";

/** Milliseconds. */
const handshakeTimeout = 15_000;
const silenceTimeout = 30_000;
const pingInterval = 5_000;
const closeTimeout = 5_000;
/** The service's messages hold what clients sent, several together; nothing of this size is in order. */
const maxMessageBytes = 64 * 1024 * 1024;

export interface LinkOptions {
  readonly connection: ConnectionString;
  readonly identity: EndpointIdentity;
  /** With its application, as the service knows it. */
  readonly hub: string;
  readonly serverId: string;
  readonly type: (typeof ServerConnectionType)[keyof typeof ServerConnectionType];
  /** The service instance asked for; on-demand connections alone. */
  readonly target?: string;
  readonly migrationLevel: number;
  readonly allowStatefulReconnects: boolean;
}

export interface LinkOwner {
  message(link: ServiceLink, message: ServiceMessage): void;
  /** Everything written has been taken by the system. */
  drained(link: ServiceLink): void;
  /** What a keep-alive ping says of this server. */
  keepAlive(link: ServiceLink): readonly string[];
  /** Once, after `open` resolved. @param error undefined when this side closed it */
  closed(link: ServiceLink, error: Error | undefined): void;
}

/**
 * One server connection to the service (reference hub-and-service-protocol §4.2, §4.5): handshake, keep-alive, a byte stream of messages.
 * What is written in one turn of the event loop leaves as one WebSocket message.
 *
 *     connecting ── HandshakeResponse ──▶ open ── ServiceError ──▶ silent (reads only) ──▶ closed
 */
export class ServiceLink {
  /** The service's name for it. */
  id = "";
  readonly #owner: LinkOwner;
  readonly #options: LinkOptions;
  readonly #reader = new ServiceMessageReader(maxMessageBytes);
  readonly #writer = new ServiceMessageWriter();
  #socket: WebSocket | undefined = undefined;
  #isOpen = false;
  #isScheduled = false;
  #heardAt = 0;
  #pingedAt = 0;
  #watch: NodeJS.Timeout | undefined = undefined;
  #closing = false;
  readonly #flush = (): void => this.#writeOut();
  readonly #written = (): void => {
    if (this.#socket?.bufferedAmount === 0) this.#owner.drained(this);
  };

  constructor(options: LinkOptions, owner: LinkOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Messages can be written. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get type(): number {
    return this.#options.type;
  }

  /** Bytes that the system has not taken yet. */
  get pendingBytes(): number {
    return this.#writer.length + (this.#socket?.bufferedAmount ?? 0);
  }

  /**
   * Connects and shakes hands.
   * @throws {Error} that names the endpoint and what was wrong
   */
  async open(): Promise<void> {
    const { connection, identity, hub, serverId } = this.#options;
    let token: string;
    try {
      token = await identity.serverToken(hub, serverId);
    } catch (error) {
      throw notConnected(connection, error as Error);
    }
    if (this.#closing) throw notConnected(connection, new Error("The server has closed."));
    await this.#shake(token);
  }

  #shake(token: string): Promise<void> {
    const { connection } = this.#options;
    return new Promise((resolve, reject) => {
      let settled = false;
      const fail = (error: Error) => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        reject(notConnected(connection, error));
        this.#socket?.terminate();
      };
      const timer = setTimeout(() => fail(new Error("It did not answer in time.")), handshakeTimeout);
      const socket = this.#connect(token);
      this.#socket = socket;
      socket.on("open", () => {
        socket.send(encode(this.#handshake()));
      });
      socket.on("message", (data: Buffer) => {
        try {
          this.#read(data, () => {
            settled = true;
            clearTimeout(timer);
            this.#opened();
            resolve();
          });
        } catch (error) {
          fail(error as Error);
          this.#end(error as Error);
        }
      });
      socket.on("error", (error) => {
        fail(error);
        this.#end(error);
      });
      socket.on("close", (code) => {
        fail(new Error(`It closed the connection (${code}).`));
        this.#end(this.#closing ? undefined : new Error(`The service closed the server connection (${code}).`));
      });
    });
  }

  /** Does nothing once the link is not open any more. */
  send(message: ServiceMessage): void {
    if (!this.#isOpen) return;
    this.#writer.add(message);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  ping(values: readonly string[]): void {
    this.send({ type: ServiceMessageType.Ping, values });
  }

  /** Stops writing; what the service still says is read. */
  mute(): void {
    this.#writeOut();
    this.#isOpen = false;
  }

  /** Ends the link after what was written. */
  close(): void {
    this.#closing = true;
    this.#writeOut();
    this.#isOpen = false;
    const socket = this.#socket;
    if (socket === undefined || socket.readyState >= WebSocket.CLOSING) return;
    socket.close(1000);
    const timer = setTimeout(() => socket.terminate(), closeTimeout);
    socket.once("close", () => clearTimeout(timer));
  }

  #connect(token: string): WebSocket {
    const { connection, hub, serverId, target } = this.#options;
    const wanted = target === undefined ? "" : `&target=${encodeURIComponent(target)}`;
    return new WebSocket(`${serverUrl(connection, hub)}&cid=${randomUUID()}${wanted}`, {
      headers: {
        Authorization: `Bearer ${token}`,
        "Asrs-User-Agent": "signalbox-hub",
        "X-ASRS-Server-Id": serverId,
        "X-Requested-With": "XMLHttpRequest",
      },
      perMessageDeflate: false,
      handshakeTimeout,
    });
  }

  #handshake(): ServiceHandshakeRequest {
    const { type, migrationLevel, allowStatefulReconnects } = this.#options;
    return {
      type: ServiceMessageType.HandshakeRequest,
      version: serviceProtocolVersion,
      connectionType: type,
      target: "",
      migrationLevel,
      allowStatefulReconnects,
    };
  }

  #read(data: Uint8Array, opened: () => void): void {
    this.#heardAt = performance.now();
    this.#reader.read(data, (message) => {
      if (message.type === ServiceMessageType.HandshakeResponse && this.id === "" && !this.#isOpen) {
        if (message.error) throw new Error(message.error);
        this.id = message.connectionId ?? "";
        opened();
      } else this.#owner.message(this, message);
    });
    if (this.#isOpen && this.#heardAt - this.#pingedAt >= pingInterval) {
      this.#pingedAt = this.#heardAt;
      this.ping(this.#owner.keepAlive(this));
    }
  }

  #opened(): void {
    this.#isOpen = true;
    this.#pingedAt = performance.now();
    this.#watch = setInterval(() => {
      if (performance.now() - this.#heardAt >= silenceTimeout) this.#socket?.terminate();
    }, pingInterval);
    this.#watch.unref();
  }

  #end(error: Error | undefined): void {
    this.#isOpen = false;
    if (this.#watch === undefined) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#socket?.terminate();
    this.#owner.closed(this, error);
  }

  #writeOut(): void {
    this.#isScheduled = false;
    if (this.#writer.length === 0 || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(this.#writer.take(), this.#written);
  }
}

function notConnected({ endpoint }: ConnectionString, cause: Error): Error {
  return new Error(`The service at ${endpoint} could not be connected to: ${cause.message}`, { cause });
}

function encode(message: ServiceMessage): Uint8Array {
  const writer = new ServiceMessageWriter();
  writer.add(message);
  return writer.take();
}
