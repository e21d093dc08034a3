import type { AnyClient, ClientConnection, Clients, HubContext } from "@signalbox/management";

/** Whom a message can go to; the names are those of SignalR hubs (reference functions-host §4.4). Ids and names are compared to the letter. */
export interface ServerlessClients<TClient extends object = AnyClient> {
  readonly all: Clients<TClient>;
  allExcept(connectionIds: readonly string[]): Clients<TClient>;
  /** One connection, which can also be asked for an answer. */
  client(connectionId: string): ClientConnection<TClient>;
  clients(connectionIds: readonly string[]): Clients<TClient>;
  group(name: string): Clients<TClient>;
  groups(names: readonly string[]): Clients<TClient>;
  groupExcept(name: string, connectionIds: readonly string[]): Clients<TClient>;
  /** All connections of the user. */
  user(userId: string): Clients<TClient>;
  users(userIds: readonly string[]): Clients<TClient>;
}

/** Memberships of connections, which end with the connection. */
export interface GroupManager {
  /** @returns false when there is no such connection */
  addToGroup(connectionId: string, group: string): Promise<boolean>;
  /** Also when the connection is not in the group, or does not exist. */
  removeFromGroup(connectionId: string, group: string): Promise<void>;
  removeFromAllGroups(connectionId: string): Promise<void>;
}

/** Memberships of users: for their connections of now and later. */
export interface UserGroupManager {
  /** @param options.ttl whole seconds; 0: only connections of this moment join; absent: as long as the service keeps it (a year) */
  addToGroup(userId: string, group: string, options?: { readonly ttl?: number }): Promise<void>;
  removeFromGroup(userId: string, group: string): Promise<void>;
  removeFromAllGroups(userId: string): Promise<void>;
  isUserInGroup(userId: string, group: string): Promise<boolean>;
}

export interface ClientManager {
  /** @param reason shown to clients that negotiated with `detailedErrors` */
  closeConnection(connectionId: string, reason?: string): Promise<void>;
  connectionExists(connectionId: string): Promise<boolean>;
  userExists(userId: string): Promise<boolean>;
  groupExists(group: string): Promise<boolean>;
}

export function clientsOf<TClient extends object>(hub: HubContext<TClient>): ServerlessClients<TClient> {
  return {
    all: hub.all,
    allExcept: (ids) => hub.allExcept(ids),
    client: (id) => hub.connection(id),
    clients: (ids) => hub.connections(ids),
    group: (name) => hub.group(name),
    groups: (names) => hub.groups(names),
    groupExcept: (name, ids) => hub.groupExcept(name, ids),
    user: (id) => hub.user(id),
    users: (ids) => hub.users(ids),
  };
}

export function groupManagerOf<TClient extends object>({ groups }: HubContext<TClient>): GroupManager {
  return {
    addToGroup: (connectionId, group) => groups.add(connectionId, group),
    removeFromGroup: (connectionId, group) => groups.remove(connectionId, group),
    removeFromAllGroups: (connectionId) => groups.removeFromAll(connectionId),
  };
}

export function userGroupManagerOf<TClient extends object>({ userGroups }: HubContext<TClient>): UserGroupManager {
  return {
    addToGroup: (userId, group, options) => userGroups.add(userId, group, options),
    removeFromGroup: (userId, group) => userGroups.remove(userId, group),
    removeFromAllGroups: (userId) => userGroups.removeFromAll(userId),
    isUserInGroup: (userId, group) => userGroups.has(userId, group),
  };
}

export function clientManagerOf<TClient extends object>(hub: HubContext<TClient>): ClientManager {
  return {
    closeConnection: (id, reason) => hub.close.connection(id, reason === undefined ? {} : { reason }),
    connectionExists: (id) => hub.connectionExists(id),
    userExists: (id) => hub.userExists(id),
    groupExists: (group) => hub.groupExists(group),
  };
}
