import type { Connection } from "@signalbox/transport";
import type { Backend } from "../backends/backend.ts";
import type { Subscriber } from "./command.ts";
import type { Client, HubConnection } from "./hub-connection.ts";
import type { UserGroups } from "./user-groups.ts";

/** A connection as its hub keeps it. Lean: the set of groups exists only once it is in one. */
export class Member implements HubConnection, Subscriber {
  readonly connection: Connection;
  readonly #userGroups: UserGroups;
  /** Groups this connection joined itself; those of its user are kept with the user. */
  groups: Set<string> | undefined;
  /** Who hears of its events, for its whole life. */
  backend: Backend | undefined = undefined;

  constructor(connection: Connection, userGroups: UserGroups) {
    this.connection = connection;
    this.#userGroups = userGroups;
    this.groups = undefined;
  }

  get id(): string {
    return this.connection.id;
  }

  get connectionId(): string {
    return this.connection.id;
  }

  get client(): Client {
    return this.connection.context as Client;
  }

  get userId(): string | undefined {
    return this.client.userId;
  }

  isInGroup(group: string): boolean {
    return this.groups?.has(group) || (this.userId !== undefined && this.#userGroups.has(this.userId, group));
  }
}
