import {
  type CloseConnectionMessage,
  type ConnectionDataMessage,
  type ConnectionFlowControlMessage,
  FlowControlOperation,
  FlowControlSubject,
  ProtocolError,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import { CloseReasons } from "@signalbox/transport";
import type { ClientInvocations } from "./client-invocations.ts";
import { depart } from "./departure.ts";
import type { HubServers } from "./hub-servers.ts";
import { answerPing, Farewell, type HubStatus } from "./pings.ts";
import { closeMessage } from "./route.ts";
import type { Routes } from "./routes.ts";
import type { ServerCommands } from "./server-commands.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerEvents } from "./server-registry.ts";

export interface ServerMessagesParts {
  readonly routes: Routes;
  readonly commands: ServerCommands;
  readonly invocations: ClientInvocations;
  servers(hub: string): HubServers | undefined;
  status(hub: string): HubStatus;
  onMigrated(): void;
  /** Hub messages on their way to clients of a hub. */
  onDelivered(hub: string): void;
  onError(error: unknown): void;
}

/** What each message of an app server means. Types that servers do not send are ignored, as the SDK ignores those it does not know. */
export class ServerMessages implements ServerEvents {
  readonly #parts: ServerMessagesParts;

  constructor(parts: ServerMessagesParts) {
    this.#parts = parts;
  }

  ended(server: ServerConnection): void {
    this.#parts.routes.abandon(server);
    this.#parts.invocations.forgetCallers();
  }

  message(server: ServerConnection, message: ServiceMessage): void {
    switch (message.type) {
      case ServiceMessageType.ConnectionData:
        this.#data(server, message);
        break;
      case ServiceMessageType.Ping:
        answerPing(server, message, {
          status: (hub) => this.#parts.status(hub),
          leaving: (leaving, how) => this.#leave(leaving, how === Farewell.Migrate),
        });
        break;
      case ServiceMessageType.CloseConnection:
        this.#close(server, message);
        break;
      case ServiceMessageType.ClientInvocation:
        this.#parts.invocations.invoke(server, message);
        break;
      case ServiceMessageType.ClientCompletion:
        this.#parts.invocations.complete(server, message);
        break;
      case ServiceMessageType.ConnectionFlowControl:
        this.#flowControl(server, message);
        break;
      case ServiceMessageType.AccessKeyRequest:
        this.#refuseAccessKey(server, message.kid);
        break;
      default:
        this.#parts.commands.execute(server, message);
    }
  }

  #data(server: ServerConnection, message: ConnectionDataMessage): void {
    const { hub } = server.identity;
    const route = this.#parts.routes.find(message.connectionId, hub);
    // A client that has gone may still be spoken to; one of another server may not.
    if (route === undefined || (route.server !== server && route.previous !== server)) return;
    server.dataAt = server.heardAt;
    try {
      if (route.receive(server, message)) this.#parts.onDelivered(hub);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // No hub messages: what follows could not be told apart either. The server's other clients are not concerned.
      this.#parts.routes.forget(route);
      route.server.send(closeMessage(route.id, error.message));
      route.connection.close(CloseReasons.serverLost, error.message);
    }
  }

  /** The server has done with its client; or anyone, a Management SDK most likely, closes a client. */
  #close(server: ServerConnection, { connectionId, error }: CloseConnectionMessage): void {
    const { routes, commands } = this.#parts;
    const route = routes.find(connectionId, server.identity.hub);
    if (route?.server === server) {
      routes.forget(route);
      route.connection.close(CloseReasons.closedByServer, error || undefined);
    } else if (route === undefined || route.previous !== server) {
      commands.closeConnection(server.identity.hub, connectionId, error || undefined);
    }
  }

  #leave(server: ServerConnection, migrates: boolean): void {
    const { hub, serverId } = server.identity;
    this.#parts.servers(hub)?.leave(serverId);
    if (migrates) this.#depart(server);
  }

  #flowControl(server: ServerConnection, { connectionId, connectionType, operation }: ConnectionFlowControlMessage): void {
    if (connectionType === FlowControlSubject.Server) {
      if (operation !== FlowControlOperation.Offline) return;
      server.isLeaving = true;
      this.#depart(server);
    } else if (operation === FlowControlOperation.PauseAck) {
      this.#parts.routes.find(connectionId, server.identity.hub)?.onPauseAck?.();
    }
  }

  #depart(server: ServerConnection): void {
    if (server.isDeparting) return;
    server.isDeparting = true;
    const { routes, onMigrated } = this.#parts;
    depart(server, {
      elsewhere: (route) => routes.elsewhere(route),
      beside: (connection) => this.#parts.servers(connection.identity.hub)?.beside(connection),
      moved: onMigrated,
    }).catch(this.#parts.onError);
  }

  /** Servers that sign in without the access key cannot be given one: there is no directory that vouches for them. */
  #refuseAccessKey(server: ServerConnection, kid: string | undefined): void {
    server.send({
      type: ServiceMessageType.AccessKeyResponse,
      kid: kid ?? "",
      accessKey: "",
      errorType: "NotSupported",
      errorMessage: "Connect with an access key: this service has no Microsoft Entra ID.",
    });
  }
}
