import { MessageType, ServiceEventKind, ServiceEventObject, ServiceMessageType } from "@signalbox/protocol";
import {
  type ClientMessage,
  CloseReasons,
  type OpeningConnection,
  type SocketHandler,
  type TrustedProxies,
} from "@signalbox/transport";
import type { Logger } from "pino";
import type { HubConnection } from "../../hub/hub-connection.ts";
import type { Hubs } from "../../hub/hubs.ts";
import type { Backend } from "../backend.ts";
import { ClientInvocations } from "./client-invocations.ts";
import type { HubServers } from "./hub-servers.ts";
import { openConnectionMessage } from "./open-connection.ts";
import { closeMessage, Route } from "./route.ts";
import { Routes } from "./routes.ts";
import { ServerCommands } from "./server-commands.ts";
import type { ServerIdentity, ServerLimits } from "./server-connection.ts";
import { ServerMessages } from "./server-messages.ts";
import { ServerRegistry } from "./server-registry.ts";

/** Read anew at each use. */
interface AppServersOptions {
  readonly limits: ServerLimits;
  /** Whose word about the address of a client counts. */
  readonly trustedProxies: TrustedProxies;
  /** Clients on one server connection from which on its server is asked for a further one; 0: never. */
  readonly clientsPerConnection: number;
  /** Clients the service takes; 0: unlimited. */
  readonly maxClients: number;
}

export interface AppServersParts {
  /** This node of the service, to app servers. */
  readonly instanceId: string;
  /** Earlier ones, which died with clients that app servers may still hold for connected. */
  readonly deadInstances: readonly string[];
  readonly options: () => AppServersOptions;
  /** Where commands go. Asked when the first one comes: hubs need their backends first. */
  readonly hubs: () => Pick<Hubs, "execute" | "send" | "sizeOf" | "countDelivered">;
  /** The id of the connection that a client knows by this token. @param hub lower-case */
  readonly connectionOf: (hub: string, token: string) => string | undefined;
  readonly log: Logger;
  readonly onMigrated: () => void;
}

/**
 * App servers: ASP.NET Core with the Azure SignalR SDK, and whoever else speaks the service protocol (reference hub-and-service-protocol
 * §4). A client stays with one server connection for its life, unless its server gives it away.
 *
 *     client ◀──▶ Hubs ──connected, message, disconnected──▶ Route ──▶ ServerConnection ◀──▶ app server
 *                  ▲ ▲─────────────commands───────────── ServerCommands ◀──┐      │
 *                  └─────── records of one client ────────── Route ◀── ServerMessages
 */
export class AppServersBackend implements Backend {
  readonly handshake = "backend";
  readonly #parts: AppServersParts;
  readonly #registry: ServerRegistry;
  readonly #routes: Routes;
  readonly #invocations: ClientInvocations;
  /** The handshake request of the client that is just opening. */
  #request: Uint8Array = new Uint8Array();

  constructor(parts: AppServersParts) {
    this.#parts = parts;
    const servers = (hub: string) => this.#registry.of(hub);
    const onError = (error: unknown) => this.#registry.onError(error);
    const invocations = new ClientInvocations({
      instanceId: parts.instanceId,
      route: (id, hub) => this.#routes.find(id, hub),
      standIn: ({ identity }) => servers(identity.hub)?.anyOf(identity.serverId),
    });
    this.#invocations = invocations;
    this.#routes = new Routes({
      servers,
      onMigrated: parts.onMigrated,
      onForgotten: (route) => invocations.disconnected(route),
    });
    const events = new ServerMessages({
      routes: this.#routes,
      commands: new ServerCommands({ hubs: parts.hubs, connectionOf: parts.connectionOf, onError }),
      invocations,
      servers,
      status: (hub) => ({
        clients: parts.hubs().sizeOf(hub),
        serverIds: servers(hub)?.serverIds ?? [],
        capacity: parts.options().maxClients,
      }),
      onMigrated: parts.onMigrated,
      onDelivered: (hub) => parts.hubs().countDelivered(hub),
      onError,
    });
    this.#registry = new ServerRegistry({
      limits: () => parts.options().limits,
      deadInstances: parts.deadInstances,
      events,
      log: parts.log,
    });
  }

  /** A server that may speak; its handshake is still to come. */
  accept(identity: ServerIdentity): SocketHandler {
    return this.#registry.accept(identity);
  }

  /** Whether a new client of the hub finds a server. @param hub lower-case */
  takesClients(hub: string): boolean {
    return this.#registry.of(hub)?.takesClients === true;
  }

  /** Whether the servers of the hub let clients use stateful reconnect. @param hub lower-case */
  allowsStatefulReconnects(hub: string): boolean {
    return this.#registry.of(hub)?.allowsStatefulReconnects === true;
  }

  /** Hubs that have servers now. */
  hubs(): Iterable<readonly [hub: string, servers: HubServers]> {
    return this.#registry.hubs();
  }

  opening(_connection: OpeningConnection, request: Uint8Array): void {
    this.#request = request;
  }

  connected(member: HubConnection): void {
    const server = this.#routes.choose(member.client);
    if (server === undefined) {
      member.connection.close(CloseReasons.noServer);
      return;
    }
    const { instanceId } = this.#parts;
    const { clientsPerConnection, trustedProxies } = this.#parts.options();
    const route = new Route(member, openConnectionMessage(member, instanceId, trustedProxies), this.#request, server);
    this.#routes.add(route);
    route.attach(server);
    this.#registry.of(route.hub)?.grow(server, clientsPerConnection, instanceId);
  }

  message(connection: HubConnection, message: ClientMessage): void {
    const route = this.#routes.of(connection);
    if (route === undefined) return;
    route.forward(message);
    if (message.type === MessageType.Completion) this.#invocations.answered(route, message);
  }

  renewed(connection: HubConnection): void {
    this.#routes.of(connection)?.renewed();
  }

  disconnected(connection: HubConnection, error: string | undefined): void {
    const route = this.#routes.of(connection);
    if (route === undefined) return;
    this.#routes.forget(route);
    route.server.send(closeMessage(route.id, error));
  }

  /** The service is about to stop: app servers hear of it before their clients leave. */
  announceDrain(): void {
    for (const server of this.#registry.all()) {
      if (!server.isOpen) continue;
      server.send({
        type: ServiceMessageType.ServiceEvent,
        objectType: ServiceEventObject.ServiceInstance,
        id: this.#parts.instanceId,
        kind: ServiceEventKind.Reloading,
        message: "The service is shutting down.",
      });
    }
  }

  /** All clients have gone: ends the server connections, behind everything sent before. */
  async drained(): Promise<void> {
    for (const server of [...this.#registry.all()]) server.fail("The service is shutting down.", 1001);
  }

  stop(): void {
    this.#registry.stop();
  }
}
