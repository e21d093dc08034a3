import { DataMessageType, type HubProtocol, MessageType, ServiceMessageType } from "@signalbox/protocol";
import type { AdoptedConnection, CloseReason, Transport } from "@signalbox/transport";
import type { ServiceLink } from "./service-link.ts";

const noHeaders: ReadonlyMap<string, readonly string[]> = new Map();

/** More than this from a client whose calls are not handled ends it. */
const maxWaitingBytes = 4 * 1024 * 1024;

const sentTooFast: CloseReason = {
  name: "sentTooFast",
  error: "The client sends faster than its calls are handled.",
  allowReconnect: true,
  sendsClose: true,
  code: 1000,
  metric: "SentTooFast",
};

/** Who keeps the transports. */
export interface RelayedTransportOwner {
  /** The link of this one is to be waited for. */
  awaitsDrain(transport: RelayedTransport): void;
  ended(transport: RelayedTransport): void;
}

/** The way to a client that the service holds: a part of a server connection (reference hub-and-service-protocol §4.9). */
export class RelayedTransport implements Transport {
  readonly isShared = true;
  readonly name = "WebSockets";
  readonly #connection: AdoptedConnection;
  readonly #owner: RelayedTransportOwner;
  /** Changes when the client moves to another server connection of this server. */
  link: ServiceLink;
  /** The service instance that has the client. */
  readonly instanceId: string | undefined;
  /** Its handshake was answered by the server it comes from. */
  #swallowsHandshake: boolean;
  #shookHands = false;
  /** What is written while the service moves the client. */
  #held: Uint8Array[] | undefined = undefined;
  #ended = false;
  /** Bytes that came since reading should have stopped. */
  #waitingBytes: number | undefined = undefined;

  constructor(
    connection: AdoptedConnection,
    link: ServiceLink,
    where: { readonly instanceId: string | undefined; readonly isMigrated: boolean },
    owner: RelayedTransportOwner,
  ) {
    this.#connection = connection;
    this.link = link;
    this.instanceId = where.instanceId;
    this.#swallowsHandshake = where.isMigrated;
    this.#owner = owner;
    connection.attach(this);
  }

  get id(): string {
    return this.#connection.id;
  }

  get connection(): AdoptedConnection {
    return this.#connection;
  }

  get pendingBytes(): number {
    return this.link.pendingBytes;
  }

  write(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      const isHandshake = !this.#shookHands;
      this.#shookHands = true;
      if (isHandshake && this.#swallowsHandshake) this.#swallowsHandshake = false;
      else if (this.#held === undefined) this.#send(part, isHandshake);
      else this.#held.push(part);
    }
  }

  /** The connection is over on this side, and the service is told. */
  end(_code: number, error = ""): void {
    if (this.#ended) return;
    this.link.send({ type: ServiceMessageType.CloseConnection, connectionId: this.id, error, headers: noHeaders });
    this.left(1000);
  }

  abort(): void {
    this.end(1006);
  }

  awaitDrain(): void {
    this.#owner.awaitsDrain(this);
  }

  /** The service goes on: what comes meanwhile waits in the connection. */
  pause(): void {
    this.#waitingBytes = 0;
  }

  resume(): void {
    this.#waitingBytes = undefined;
  }

  /** Bytes of the client. */
  received(chunk: Uint8Array): void {
    this.#connection.received(this, chunk);
    if (this.#waitingBytes === undefined) return;
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > maxWaitingBytes) this.#connection.close(sentTooFast);
  }

  /** The service is about to move the client. */
  hold(): void {
    this.#held ??= [];
  }

  /** It is there. */
  release(link: ServiceLink): void {
    this.link = link;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.write(held);
  }

  /** The client has gone, or its server connection. @param code as `SocketHandler.closed` */
  left(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.ended(this);
    this.#connection.transportEnded(this, code);
  }

  #send(payload: Uint8Array, isHandshake: boolean): void {
    const dataMessageType = isHandshake ? DataMessageType.Handshake : typeOf(this.#connection.protocol, payload);
    this.link.send({
      type: ServiceMessageType.ConnectionData,
      connectionId: this.id,
      payload,
      extensions: { dataMessageType },
    });
  }
}

/** What the service needs to know for stateful reconnect. */
function typeOf(protocol: HubProtocol, payload: Uint8Array): number {
  const type = protocol.peekType(payload) ?? protocol.decode(payload)?.type ?? MessageType.Ping;
  if (type <= MessageType.CancelInvocation) return DataMessageType.Invocation;
  return type === MessageType.Close ? DataMessageType.Close : DataMessageType.Other;
}
