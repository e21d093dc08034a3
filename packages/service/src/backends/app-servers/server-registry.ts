import { ServerConnectionType, type ServiceMessage, ServiceMessageType } from "@signalbox/protocol";
import { FlushQueue, type SocketHandler } from "@signalbox/transport";
import type { Logger } from "pino";
import { HubServers } from "./hub-servers.ts";
import { ServerConnection, type ServerConnectionHost, type ServerIdentity, type ServerLimits } from "./server-connection.ts";

/** What server connections cause. */
export interface ServerEvents {
  message(server: ServerConnection, message: ServiceMessage): void;
  /** It has left its hub's servers. */
  ended(server: ServerConnection): void;
}

export interface ServerRegistryParts {
  readonly limits: () => ServerLimits;
  /** Instances of the service that died; servers drop what they still hold of them. */
  readonly deadInstances: readonly string[];
  readonly events: ServerEvents;
  readonly log: Logger;
}

/** Milliseconds between two looks at all server connections. */
const sweepInterval = 1_000;

/** Every server connection of this node, by hub. */
export class ServerRegistry implements ServerConnectionHost {
  readonly flushQueue: FlushQueue;
  readonly #parts: ServerRegistryParts;
  readonly #hubs = new Map<string, HubServers>();
  /** Those in their handshake, too. */
  readonly #connections = new Set<ServerConnection>();
  readonly #sweep: NodeJS.Timeout;

  constructor(parts: ServerRegistryParts) {
    this.#parts = parts;
    this.flushQueue = new FlushQueue((error) => this.onError(error));
    this.#sweep = setInterval(() => {
      const now = performance.now();
      for (const connection of this.#connections) connection.sweep(now);
    }, sweepInterval).unref();
  }

  /** A server that the door let in; its handshake is still to come. */
  accept(identity: ServerIdentity): SocketHandler {
    const connection = new ServerConnection(crypto.randomUUID(), identity, this);
    this.#connections.add(connection);
    return connection;
  }

  /** @param hub lower-case */
  of(hub: string): HubServers | undefined {
    return this.#hubs.get(hub);
  }

  hubs(): Iterable<readonly [hub: string, servers: HubServers]> {
    return this.#hubs.entries();
  }

  all(): Iterable<ServerConnection> {
    return this.#connections;
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  limits(): ServerLimits {
    return this.#parts.limits();
  }

  opened(server: ServerConnection): void {
    const { hub, serverId, userAgent } = server.identity;
    let servers = this.#hubs.get(hub);
    if (servers === undefined) {
      servers = new HubServers();
      this.#hubs.set(hub, servers);
    }
    servers.add(server);
    // Those that are given no clients have none to drop.
    if (server.connectionType !== ServerConnectionType.Weak) {
      for (const id of this.#parts.deadInstances) server.send({ type: ServiceMessageType.Ping, values: ["offline", id] });
    }
    this.#parts.log.info({ hub, serverId, userAgent, serverConnectionId: server.id }, "An app server connected");
  }

  message(server: ServerConnection, message: ServiceMessage): void {
    this.#parts.events.message(server, message);
  }

  ended(server: ServerConnection, why: string): void {
    this.#connections.delete(server);
    const { hub, serverId } = server.identity;
    const servers = this.#hubs.get(hub);
    servers?.delete(server);
    if (servers?.connections.size === 0) this.#hubs.delete(hub);
    if (server.wasOpen) {
      this.#parts.log.info(
        { hub, serverId, serverConnectionId: server.id, clients: server.clients.size },
        `An app server left: ${why}`,
      );
      this.#parts.events.ended(server);
    } else {
      this.#parts.log.warn({ hub, serverId }, `An app server was turned away: ${why}`);
    }
  }

  onError(error: unknown): void {
    this.#parts.log.error({ err: error }, "A message of an app server failed unexpectedly.");
  }
}
