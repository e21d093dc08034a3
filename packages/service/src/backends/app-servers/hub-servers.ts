import { ServiceMessageType } from "@signalbox/protocol";
import type { ServerConnection } from "./server-connection.ts";

/** Which server a client must or should go to (reference hub-and-service-protocol §4.3, §4.9). */
export interface Stickiness {
  readonly serverId: string;
  readonly isRequired: boolean;
}

/** A server that has been asked for a further connection is not asked again so soon, in milliseconds. */
const growthInterval = 5_000;

/** The app servers of one hub. */
export class HubServers {
  readonly connections = new Set<ServerConnection>();
  /** When each server was last asked to open another connection; see `performance.now`. */
  readonly #askedAt = new Map<string, number>();
  /** Servers that said that they leave. */
  readonly #leaving = new Set<string>();

  /** Whether a new client finds a server. */
  get takesClients(): boolean {
    for (const connection of this.connections) if (connection.takesClients) return true;
    return false;
  }

  /** Whether all servers that take clients let them use stateful reconnect. */
  get allowsStatefulReconnects(): boolean {
    let allows = false;
    for (const connection of this.connections) {
      if (!connection.takesClients) continue;
      if (!connection.allowsStatefulReconnects) return false;
      allows = true;
    }
    return allows;
  }

  /** Ids of the servers, weak connections' ones included, in order. */
  get serverIds(): readonly string[] {
    return [...new Set([...this.connections].map(({ identity }) => identity.serverId))].sort();
  }

  add(connection: ServerConnection): void {
    this.connections.add(connection);
    connection.isLeaving ||= this.#leaving.has(connection.identity.serverId);
  }

  delete(connection: ServerConnection): void {
    this.connections.delete(connection);
    const { serverId } = connection.identity;
    if (this.#of(serverId).next().done === false) return;
    this.#leaving.delete(serverId);
    this.#askedAt.delete(serverId);
  }

  /** The server gets no new clients, on none of its connections. */
  leave(serverId: string): void {
    this.#leaving.add(serverId);
    for (const connection of this.#of(serverId)) connection.isLeaving = true;
  }

  /** An open connection of a server, for a message to the server as a whole. */
  anyOf(serverId: string): ServerConnection | undefined {
    for (const connection of this.#of(serverId)) if (connection.isOpen) return connection;
    return undefined;
  }

  /**
   * The connection for a client: one of the server it sticks to, otherwise the one with the fewest clients.
   * @param except a server that the client must not go to
   * @returns undefined when there is none
   */
  choose(stickiness: Stickiness | undefined, except?: string): ServerConnection | undefined {
    if (stickiness !== undefined) {
      const own = this.#leastLoaded(
        ({ identity }) => identity.serverId === stickiness.serverId && identity.serverId !== except,
      );
      if (own !== undefined || stickiness.isRequired) return own;
    }
    return this.#leastLoaded(({ identity }) => identity.serverId !== except);
  }

  /** Another connection of the same server. */
  beside(connection: ServerConnection): ServerConnection | undefined {
    return this.#leastLoaded((other) => other !== connection && other.identity.serverId === connection.identity.serverId);
  }

  /**
   * Asks a server whose least loaded connection carries many clients to open a further one.
   * @param clients on one connection, from which on it is asked; 0: never
   */
  grow(connection: ServerConnection, clients: number, instanceId: string): void {
    if (clients === 0 || connection.clients.size < clients) return;
    const { serverId } = connection.identity;
    const now = performance.now();
    if (now - (this.#askedAt.get(serverId) ?? Number.NEGATIVE_INFINITY) < growthInterval) return;
    const least = this.#leastLoaded(({ identity }) => identity.serverId === serverId);
    if (least !== undefined && least.clients.size < clients) return;
    this.#askedAt.set(serverId, now);
    connection.send({ type: ServiceMessageType.Ping, values: ["target", instanceId] });
  }

  #leastLoaded(fits: (connection: ServerConnection) => boolean): ServerConnection | undefined {
    let best: ServerConnection | undefined;
    let bestIsCongested = false;
    for (const connection of this.connections) {
      if (!connection.takesClients || !fits(connection)) continue;
      const { isCongested } = connection;
      if (
        best !== undefined &&
        (bestIsCongested === isCongested ? best.clients.size <= connection.clients.size : isCongested)
      ) {
        continue;
      }
      best = connection;
      bestIsCongested = isCongested;
    }
    return best;
  }

  *#of(serverId: string): Generator<ServerConnection, undefined> {
    for (const connection of this.connections) if (connection.identity.serverId === serverId) yield connection;
  }
}
