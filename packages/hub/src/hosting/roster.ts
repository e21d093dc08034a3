import type { HubClient } from "../dispatch/hub-client.ts";
import type { Audience } from "./lifetime.ts";

/** Who is connected to a hub of this process, as which user, in which groups. */
export class Roster {
  readonly #connections = new Map<string, HubClient>();
  readonly #users = new Index();
  readonly #groups = new Index();

  find(connectionId: string): HubClient | undefined {
    return this.#connections.get(connectionId);
  }

  add(client: HubClient): void {
    this.#connections.set(client.connectionId, client);
    if (client.userIdentifier !== undefined) this.#users.add(client.userIdentifier, client);
  }

  remove(client: HubClient): void {
    if (!this.#connections.delete(client.connectionId)) return;
    if (client.userIdentifier !== undefined) this.#users.remove(client.userIdentifier, client);
    for (const group of client.groups ?? []) this.#groups.remove(group, client);
    client.groups = undefined;
  }

  join(connectionId: string, group: string): void {
    const client = this.#connections.get(connectionId);
    if (client === undefined) return;
    client.groups ??= new Set();
    client.groups.add(group);
    this.#groups.add(group, client);
  }

  leave(connectionId: string, group: string): void {
    const client = this.#connections.get(connectionId);
    if (client?.groups?.delete(group)) this.#groups.remove(group, client);
    if (client?.groups?.size === 0) client.groups = undefined;
  }

  /** Calls for each receiver, twice for one in two of the groups, as ASP.NET Core does. */
  forEach(audience: Audience, send: (client: HubClient) => void): void {
    switch (audience.to) {
      case "all":
        each(this.#connections.values(), audience.except, send);
        break;
      case "connection":
        this.#one(audience.id, send);
        break;
      case "connections":
        for (const id of audience.ids) this.#one(id, send);
        break;
      case "group":
        each(this.#groups.of(audience.name), audience.except, send);
        break;
      case "groups":
        for (const name of audience.names) each(this.#groups.of(name), undefined, send);
        break;
      case "user":
        each(this.#users.of(audience.id), undefined, send);
        break;
      case "users":
        for (const id of audience.ids) each(this.#users.of(id), undefined, send);
        break;
    }
  }

  #one(id: string, send: (client: HubClient) => void): void {
    const client = this.#connections.get(id);
    if (client !== undefined) send(client);
  }
}

function each(clients: Iterable<HubClient>, except: readonly string[] | undefined, send: (client: HubClient) => void): void {
  if (except === undefined || except.length === 0) {
    for (const client of clients) send(client);
    return;
  }
  const excluded = new Set(except);
  for (const client of clients) if (!excluded.has(client.connectionId)) send(client);
}

const nobody: readonly HubClient[] = [];

/** Clients by a name. Mostly there is one of each, which then needs no set around it. */
class Index {
  readonly #clients = new Map<string, HubClient | Set<HubClient>>();

  of(name: string): Iterable<HubClient> {
    const found = this.#clients.get(name);
    if (found === undefined) return nobody;
    return found instanceof Set ? found : [found];
  }

  add(name: string, client: HubClient): void {
    const found = this.#clients.get(name);
    if (found === undefined) this.#clients.set(name, client);
    else if (found instanceof Set) found.add(client);
    else if (found !== client) this.#clients.set(name, new Set([found, client]));
  }

  remove(name: string, client: HubClient): void {
    const found = this.#clients.get(name);
    if (found instanceof Set) {
      found.delete(client);
      if (found.size === 0) this.#clients.delete(name);
    } else if (found === client) this.#clients.delete(name);
  }
}
