import { MigrationLevel } from "@signalbox/protocol";
import { CloseReasons } from "@signalbox/transport";
import type { Client, HubConnection } from "../../hub/hub-connection.ts";
import { moveElsewhere } from "./departure.ts";
import type { HubServers, Stickiness } from "./hub-servers.ts";
import type { Route } from "./route.ts";
import type { ServerConnection } from "./server-connection.ts";

export interface RoutesParts {
  servers(hub: string): HubServers | undefined;
  /** The client is on no server any more: it left, or is about to. */
  onForgotten(route: Route): void;
  onMigrated(): void;
}

/** Which server connection carries which client. */
export class Routes {
  readonly #parts: RoutesParts;
  readonly #byClient = new Map<string, Route>();

  constructor(parts: RoutesParts) {
    this.#parts = parts;
  }

  /** @param hub the client must be one of this hub */
  find(connectionId: string, hub: string): Route | undefined {
    const route = this.#byClient.get(connectionId);
    return route?.hub === hub ? route : undefined;
  }

  of({ id }: HubConnection): Route | undefined {
    return this.#byClient.get(id);
  }

  /** The server connection for a new client. */
  choose(client: Client): ServerConnection | undefined {
    return this.#parts.servers(client.hub)?.choose(stickinessOf(client));
  }

  /** Another server for a client that loses its own. */
  elsewhere(route: Route): ServerConnection | undefined {
    return this.#parts.servers(route.hub)?.choose(stickinessOf(route.member.client), route.server.identity.serverId);
  }

  add(route: Route): void {
    this.#byClient.set(route.id, route);
  }

  /** The client has left, or is told to. */
  forget(route: Route): void {
    this.#byClient.delete(route.id);
    route.detach();
    this.#parts.onForgotten(route);
  }

  /**
   * The server connection is lost, and with it what was on its way. A client whose handshake it had not answered does not notice: another
   * server answers. Others may move when the server agreed to that; all else end, and may reconnect.
   */
  abandon(server: ServerConnection): void {
    for (const route of [...server.clients]) {
      if (!route.isAnswered) this.#startAnew(route);
      else if (server.migrationLevel === MigrationLevel.Any && this.#moves(route)) this.#parts.onMigrated();
      else this.#end(route);
    }
  }

  #startAnew(route: Route): void {
    const server = this.#parts.servers(route.hub)?.choose(stickinessOf(route.member.client));
    if (server === undefined) {
      this.#end(route);
      return;
    }
    route.detach();
    route.attach(server);
  }

  #moves(route: Route): boolean {
    const server = this.elsewhere(route);
    if (server === undefined) return false;
    moveElsewhere(route, server);
    return true;
  }

  #end(route: Route): void {
    this.forget(route);
    route.connection.close(CloseReasons.serverLost);
  }
}

/** `asrs.s.sn` and `asrs.s.ssticky`: who negotiated, and whether the client should, or must, go there. */
function stickinessOf({ claims }: Client): Stickiness | undefined {
  let serverId: string | undefined;
  let mode: string | undefined;
  for (const { type, value } of claims) {
    if (type === "asrs.s.sn") serverId = value;
    else if (type === "asrs.s.ssticky") mode = value.toLowerCase();
  }
  if (serverId === undefined || (mode !== "preferred" && mode !== "required")) return undefined;
  return { serverId, isRequired: mode === "required" };
}
