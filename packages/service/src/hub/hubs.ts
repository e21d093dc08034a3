import { MessageType } from "@signalbox/protocol";
import type {
  ClientMessage,
  CloseReason,
  Connection,
  ConnectionHandler,
  OpeningConnection,
  SignalRConnection,
} from "@signalbox/transport";
import type { Backend } from "../backends/backend.ts";
import type { MembershipStore } from "../store/membership-store.ts";
import type { Answer, Command, SendCommand } from "./command.ts";
import { Hub } from "./hub.ts";
import type { Client } from "./hub-connection.ts";
import type { Member } from "./member.ts";

const expirySweepMs = 60_000;

/** Who counts connections. */
export interface ConnectionObserver {
  opened(): void;
  closed(reason: CloseReason): void;
}

/**
 * All hubs of this node, and the place where clients' events meet back ends' commands.
 *
 *   transport ──opened, message, closed──▶ Hubs ──connected, message, disconnected──▶ Backend
 *   doors     ──────────command──────────▶ Hubs ──send, close───────────────────────▶ Connection
 *
 * A hub exists while it has a connection or remembers a user's group; commands on others answer as an empty hub would.
 */
export class Hubs implements ConnectionHandler {
  readonly #hubs = new Map<string, Hub>();
  readonly #store: MembershipStore;
  readonly #backendOf: (client: Client) => Backend;
  readonly #observer: ConnectionObserver | undefined;
  /** Connections that a command closed and whose transport has not ended yet. */
  readonly #closing = new Map<Connection, Member>();
  readonly #sweep: NodeJS.Timeout;

  /**
   * @param backendOf who hears of a client's events; asked when it opens, for all its life
   * @param onError hears of memberships that ran out and could not be dropped from the store; they no longer count all the same
   * @throws {StoreError} when the store cannot be read
   */
  constructor(
    store: MembershipStore,
    backendOf: (client: Client) => Backend,
    observer?: ConnectionObserver,
    onError: (error: unknown) => void = () => {},
  ) {
    this.#store = store;
    this.#backendOf = backendOf;
    this.#observer = observer;
    for (const membership of store.all()) this.#open(membership.hub).userGroups.restore(membership);
    this.#sweep = setInterval(() => {
      // A full disk must not end the process.
      try {
        this.#removeExpired();
      } catch (error) {
        onError(error);
      }
    }, expirySweepMs).unref();
    this.#removeExpired();
  }

  /** Names of the hubs that have a connection or remember a user's group, in no particular order. */
  names(): readonly string[] {
    return [...this.#hubs.keys()];
  }

  all(): Iterable<Hub> {
    return this.#hubs.values();
  }

  /**
   * Carries out a command.
   * @param name lower-case
   * @throws {StoreError} when a membership cannot be kept; nothing has changed then
   */
  async execute<C extends Command>(name: string, command: C): Promise<Answer<C>> {
    const hub = this.#hubs.get(name) ?? (command.do === "join" ? this.#open(name) : this.#make(name));
    const answer = await hub.execute(command);
    if (command.do !== "send") this.#forgetIfEmpty(hub);
    return answer as Answer<C>;
  }

  /** The same for the hottest command of all, without a promise. @param name lower-case */
  send(name: string, command: SendCommand): void {
    this.#hubs.get(name)?.send(command);
  }

  /** How many connections a hub has. @param name lower-case */
  sizeOf(name: string): number {
    return this.#hubs.get(name)?.size ?? 0;
  }

  /** A backend sent something to one of its clients without a command. @param name lower-case */
  countDelivered(name: string): void {
    const hub = this.#hubs.get(name);
    if (hub !== undefined) hub.delivered += 1;
  }

  opening(connection: OpeningConnection, request: Uint8Array): "answer" | "relay" {
    const backend = this.#backendOf(clientOf(connection));
    if (backend.handshake === "service") return "answer";
    backend.opening?.(connection, request);
    return "relay";
  }

  opened(connection: SignalRConnection): void {
    const client = clientOf(connection);
    const member = this.arrive(connection);
    member.backend = this.#backendOf(client);
    member.backend.connected(member);
    client.forgetRequest?.();
  }

  message(connection: SignalRConnection, message: ClientMessage): void {
    const member = this.heard(connection);
    if (member === undefined) return;
    if (message.type === MessageType.Completion && this.#hubs.get(clientOf(connection).hub)!.isAnswer(member, message)) return;
    member.backend?.message(member, message);
  }

  closed(connection: SignalRConnection, reason: CloseReason, error: string | undefined): void {
    const member = this.leave(connection, reason);
    member?.backend?.disconnected(member, error);
  }

  // What clients do, whatever they speak.

  /**
   * Takes a connection into its hub; from here on commands reach it.
   * @param groups that it joins at once
   */
  arrive<C extends Connection>(connection: C, groups?: readonly string[]): Member<C> {
    this.#observer?.opened();
    return this.#open(clientOf(connection).hub).add(connection, groups);
  }

  /** Counts a message of a client. Undefined when a command has closed its connection: it has nothing more to say. */
  heard<C extends Connection>(connection: C): Member<C> | undefined {
    const hub = this.#hubs.get(clientOf(connection).hub);
    // A member found by the id of a connection is its own.
    const member = hub?.find(connection.id) as Member<C> | undefined;
    if (hub !== undefined && member !== undefined) hub.received += 1;
    return member;
  }

  /** Takes a connection out. Undefined when it was never in its hub. */
  leave<C extends Connection>(connection: C, reason: CloseReason): Member<C> | undefined {
    this.#observer?.closed(reason);
    const hub = this.#hubs.get(clientOf(connection).hub);
    const member = (this.#closing.get(connection) ?? hub?.find(connection.id)) as Member<C> | undefined;
    if (member === undefined) return undefined;
    this.#closing.delete(connection);
    hub?.remove(member);
    if (hub !== undefined) this.#forgetIfEmpty(hub);
    return member;
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #open(name: string): Hub {
    const hub = this.#hubs.get(name) ?? this.#make(name);
    this.#hubs.set(name, hub);
    return hub;
  }

  #make(name: string): Hub {
    return new Hub(name, this.#store, (member) => this.#closing.set(member.connection, member));
  }

  #forgetIfEmpty(hub: Hub): void {
    if (hub.isEmpty && this.#hubs.get(hub.name) === hub) this.#hubs.delete(hub.name);
  }

  #removeExpired(): void {
    this.#store.removeExpired(Date.now());
    for (const hub of [...this.#hubs.values()]) {
      hub.userGroups.removeExpired();
      this.#forgetIfEmpty(hub);
    }
  }
}

function clientOf(connection: Connection): Client {
  return connection.context as Client;
}
