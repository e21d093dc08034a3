import type { Connection } from "@signalbox/transport";
import type { Audience, CountAnswer, Exceptions, ListAnswer, ListItem, Listing, Subject, Subscriber } from "./command.ts";
import { Member } from "./member.ts";
import { pageOf } from "./page.ts";
import type { UserGroups } from "./user-groups.ts";

const none: ReadonlySet<Member> = new Set();

/** Who is connected to a hub, as which user, in which groups: the indexes behind every command. */
export class Roster {
  readonly #userGroups: UserGroups;
  readonly #connections = new Map<string, Member>();
  /** A user mostly has one connection, which then needs no set around it. */
  readonly #users = new Map<string, Member | Set<Member>>();
  /** Connections that joined themselves; those of member users come on top. */
  readonly #groups = new Map<string, Set<Member>>();

  constructor(userGroups: UserGroups) {
    this.#userGroups = userGroups;
  }

  get size(): number {
    return this.#connections.size;
  }

  add<C extends Connection>(connection: C): Member<C> {
    const member = new Member(connection, this.#userGroups);
    this.#connections.set(member.id, member);
    if (member.userId !== undefined) this.#addToUser(member.userId, member);
    return member;
  }

  /** Takes a connection out, of all its groups too. False when it was out already. */
  remove(member: Member): boolean {
    if (!this.#connections.delete(member.id)) return false;
    if (member.userId !== undefined) this.#removeFromUser(member.userId, member);
    this.leaveAll(member);
    return true;
  }

  find(connection: string): Member | undefined {
    return this.#connections.get(connection);
  }

  ofUser(user: string): Iterable<Member> {
    const found = this.#users.get(user) ?? none;
    return found instanceof Member ? [found] : found;
  }

  join(member: Member, group: string): void {
    member.groups ??= new Set();
    member.groups.add(group);
    addTo(this.#groups, group, member);
  }

  leave(member: Member, group: string): void {
    if (member.groups?.delete(group)) removeFrom(this.#groups, group, member);
    if (member.groups?.size === 0) member.groups = undefined;
  }

  leaveAll(member: Member): void {
    for (const group of [...(member.groups ?? [])]) this.leave(member, group);
  }

  receivers(audience: Audience, except?: Exceptions, filter?: (subscriber: Subscriber) => boolean): Iterable<Member> {
    const members = this.#receivers(audience);
    return except === undefined && filter === undefined ? members : narrowed(members, except, filter);
  }

  exists(subject: Subject): boolean {
    if ("connection" in subject) return this.#connections.has(subject.connection);
    if (!("user" in subject)) return !isDone(this.#inGroup(subject.group));
    return "group" in subject ? this.#userGroups.has(subject.user, subject.group) : this.#users.has(subject.user);
  }

  list(of: Listing, after: string | undefined, limit: number): ListAnswer {
    const page = pageOf(this.#ids(of), after, limit);
    return { items: page.ids.map((id) => this.#item(of, id)), more: page.more };
  }

  count(): CountAnswer {
    return { connections: this.#connections.size, users: this.#users.size, groups: count(this.#ids({ kind: "groups" })) };
  }

  #addToUser(user: string, member: Member): void {
    const others = this.#users.get(user);
    if (others === undefined) this.#users.set(user, member);
    else if (others instanceof Member) this.#users.set(user, new Set([others, member]));
    else others.add(member);
  }

  #removeFromUser(user: string, member: Member): void {
    const members = this.#users.get(user);
    if (members instanceof Set) members.delete(member);
    if (members === member || (members instanceof Set && members.size === 0)) this.#users.delete(user);
  }

  #receivers(audience: Audience): Iterable<Member> {
    if (audience.to === "all") return this.#connections.values();
    // The hottest command of all, a send to one user, gets by without a generator.
    if (audience.to === "users" && audience.ids.length === 1) return this.ofUser(audience.ids[0]!);
    return this.#receiversOf(audience);
  }

  *#receiversOf({ to, ids }: Exclude<Audience, { to: "all" }>): Iterable<Member> {
    for (const id of ids) {
      if (to === "groups") yield* this.#inGroup(id);
      else if (to === "users") yield* this.ofUser(id);
      else yield* this.#one(id);
    }
  }

  #one(connection: string): readonly Member[] {
    const member = this.#connections.get(connection);
    return member === undefined ? [] : [member];
  }

  /** Each connection once, whether it is there itself or through its user. */
  *#inGroup(group: string): Iterable<Member> {
    const own = this.#groups.get(group) ?? none;
    yield* own;
    for (const user of this.#userGroups.usersOf(group))
      for (const member of this.ofUser(user)) if (!own.has(member)) yield member;
  }

  #ids(of: Listing): Iterable<string> {
    if (of.kind === "connections") return this.#connectionIds(of.user, of.group);
    return of.kind === "users" ? this.#users.keys() : this.#groupNames(of.connection, of.user);
  }

  *#connectionIds(user: string | undefined, group: string | undefined): Iterable<string> {
    if (group === undefined && user === undefined) yield* this.#connections.keys();
    else
      for (const member of group === undefined ? this.ofUser(user!) : this.#inGroup(group))
        if (user === undefined || member.userId === user) yield member.id;
  }

  /** Of a connection or a user: its groups; otherwise every group that exists. */
  #groupNames(connection: string | undefined, user: string | undefined): Iterable<string> {
    if (user !== undefined) return this.#userGroups.groupsOf(user);
    if (connection === undefined)
      return [...new Set([...this.#groups.keys(), ...this.#userGroups.groups()])].filter((group) => this.exists({ group }));
    const member = this.#connections.get(connection);
    const ofUser = member?.userId === undefined ? [] : this.#userGroups.groupsOf(member.userId);
    return new Set([...(member?.groups ?? []), ...ofUser]);
  }

  #item(of: Listing, id: string): ListItem {
    if (of.kind === "users") return { id, connections: count(this.ofUser(id)) };
    if (of.kind === "groups") return { id, connections: count(this.#inGroup(id)) };
    const userId = this.#connections.get(id)?.userId;
    return userId === undefined ? { id } : { id, userId };
  }
}

function* narrowed(
  members: Iterable<Member>,
  except: Exceptions | undefined,
  filter: ((subscriber: Subscriber) => boolean) | undefined,
): Iterable<Member> {
  const connections = new Set(except?.connections);
  const users = new Set(except?.users);
  for (const member of members) {
    if (connections.has(member.id)) continue;
    if (member.userId !== undefined && users.has(member.userId)) continue;
    if (filter === undefined || filter(member)) yield member;
  }
}

function addTo(index: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = index.get(key);
  if (members === undefined) index.set(key, new Set([member]));
  else members.add(member);
}

function removeFrom(index: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = index.get(key);
  members?.delete(member);
  if (members?.size === 0) index.delete(key);
}

function isDone(iterable: Iterable<unknown>): boolean {
  return iterable[Symbol.iterator]().next().done === true;
}

function count(iterable: Iterable<unknown>): number {
  let n = 0;
  for (const _ of iterable) n += 1;
  return n;
}
