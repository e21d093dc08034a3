import {
  type ConnectionDataMessage,
  DataMessageType,
  HandshakeReader,
  MessageType,
  type OpenConnectionMessage,
  ProtocolError,
  type RecordReader,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { ClientMessage, OpeningConnection, Payload } from "@signalbox/transport";
import type { HubConnection } from "../../hub/hub-connection.ts";
import { clientData, type ServerConnection } from "./server-connection.ts";

/** Largest answer of an app server to a client's handshake; an error has a sentence or two. */
const maxAnswerBytes = 64 * 1024;

/**
 * A client and the server connection that carries it. Bytes go both ways as they come, cut so that each piece is whole hub messages:
 * other messages may come between two pieces.
 *
 *     client ──record──▶ forward ──ConnectionData──▶ server
 *     client ◀──records── receive ◀──ConnectionData── server      the first record answers the handshake
 */
export class Route {
  readonly connection: OpeningConnection;
  readonly member: HubConnection;
  server: ServerConnection;
  /** The server that had the client before: what it sent meanwhile still arrives. */
  previous: ServerConnection | undefined = undefined;
  isAnswered = false;
  /** On its way to another server. */
  isMoving = false;
  /** Called when the server stops sending for this client, as it was asked to. */
  onPauseAck: (() => void) | undefined = undefined;
  #open: OpenConnectionMessage;
  readonly #request: Uint8Array;
  #answer: HandshakeReader | undefined = undefined;
  /** Has the beginning of a hub message whose end has not come. */
  #part: RecordReader | undefined = undefined;

  /**
   * @param open how the client is announced to a server
   * @param request its handshake record
   */
  constructor(member: HubConnection, open: OpenConnectionMessage, request: Uint8Array, server: ServerConnection) {
    this.member = member;
    this.connection = member.connection as OpeningConnection;
    this.server = server;
    this.#open = open;
    this.#request = request;
  }

  get id(): string {
    return this.member.id;
  }

  get hub(): string {
    return this.member.client.hub;
  }

  /**
   * Gives the client to a server connection, with its handshake.
   * @param headers beside those of the client
   */
  attach(server: ServerConnection, headers: readonly (readonly [name: string, value: string])[] = []): void {
    this.server = server;
    this.#answer = undefined;
    this.#part = undefined;
    server.clients.add(this);
    const open = this.#open;
    const added = headers.map(([name, value]) => [name, [value]] as const);
    server.send(added.length === 0 ? open : { ...open, headers: new Map([...open.headers, ...added]) });
    this.#send(this.#request, DataMessageType.Handshake);
  }

  /** Another connection of the same server carries the client from now on. */
  resumeOn(server: ServerConnection): void {
    this.detach();
    this.server = server;
    server.clients.add(this);
  }

  /** The client has other claims: its server is told, and so are later ones. */
  renewed(): void {
    const { claims } = this.member.client;
    this.#open = { ...this.#open, claims };
    this.server.send({ type: ServiceMessageType.UpdateConnectionClaims, connectionId: this.id, claims });
  }

  /** The server connection carries the client no longer. */
  detach(): void {
    this.server.clients.delete(this);
    this.server.release(this.connection);
  }

  /** What the client sent. */
  forward({ record, type }: ClientMessage): void {
    this.#send(record, dataTypeOf(type));
    if (this.server.isCongested) this.server.holdBack(this.connection);
  }

  /** What a server sent for the client. @returns whether something is on its way. @throws {ProtocolError} for bytes that are no hub messages */
  receive(from: ServerConnection, { payload, extensions }: ConnectionDataMessage): boolean {
    const type = extensions?.dataMessageType;
    if (this.isAnswered) {
      // One that took the client over answers a handshake that was answered before; one that gave it away says farewell.
      if (type === DataMessageType.Handshake || (from !== this.server && type === DataMessageType.Close)) return false;
      return this.#deliver(payload);
    }
    const rest = this.#answerHandshake(payload);
    return rest.length > 0 && this.#deliver(rest);
  }

  #send(payload: Uint8Array, type: number): void {
    this.server.send(clientData(this.id, payload, this.server.isModern ? type : undefined));
  }

  /** @returns what follows the answer */
  #answerHandshake(bytes: Uint8Array): Uint8Array {
    this.#answer ??= new HandshakeReader(maxAnswerBytes);
    const cut = this.#answer.read(bytes);
    if (cut === undefined) return bytes.subarray(0, 0);
    this.#answer = undefined;
    this.isAnswered = true;
    this.connection.answer(cut.record);
    return cut.rest;
  }

  /** Nearly always a piece is whole hub messages, which leave as they came. Pieces of one are kept until its end, and joined once. */
  #deliver(piece: Uint8Array): boolean {
    if (this.#part !== undefined) return this.#deliverRecords(piece, this.#part);
    const { protocol } = this.connection;
    const whole = protocol.wholeLength(piece);
    if (whole === piece.length) return this.#relay(piece);
    const isOnItsWay = whole > 0 && this.#relay(piece.subarray(0, whole));
    return this.#deliverRecords(piece.subarray(whole), protocol.createReader(this.server.maxMessageBytes)) || isOnItsWay;
  }

  #deliverRecords(piece: Uint8Array, reader: RecordReader): boolean {
    let isOnItsWay = false;
    const relay = (record: Uint8Array) => {
      isOnItsWay = this.#relay(record) || isOnItsWay;
    };
    try {
      reader.read(piece).forEach(relay);
    } catch (error) {
      if (error instanceof ProtocolError) error.before.forEach(relay);
      throw error;
    }
    this.#part = reader.pendingBytes > 0 ? reader : undefined;
    return isOnItsWay;
  }

  #relay(records: Uint8Array): boolean {
    return records.length > 0 && this.connection.send(new RelayedRecords(records));
  }
}

/** Bytes that are in the client's own protocol. */
class RelayedRecords implements Payload {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }
}

function dataTypeOf(type: ClientMessage["type"]): number {
  if (type === MessageType.Close) return DataMessageType.Close;
  return type === MessageType.Ping ? DataMessageType.Other : DataMessageType.Invocation;
}

/** The server is told that the client has gone. @param migratedTo the server that has it now */
export function closeMessage(connectionId: string, error: string | undefined, header?: readonly [string, string]) {
  return {
    type: ServiceMessageType.CloseConnection,
    connectionId,
    error: error ?? "",
    headers: new Map(header === undefined ? [] : [[header[0], [header[1]]]]),
  } as const;
}
