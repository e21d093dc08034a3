import { endOf, type Membership, type MembershipStore } from "../store/membership-store.ts";

/** Reference serverless-upstream §4.6: of the groups joined without a time to live only the latest 100 of a user are kept. */
const latestWithoutTtl = 100;

/**
 * Users' memberships of the groups of one hub: they follow the user to later connections until they expire or are taken back. The
 * working copy is here; every change is written through to the store before it shows.
 */
export class UserGroups {
  readonly #hub: string;
  readonly #store: MembershipStore;
  /** Both directions of the same relation. The inner maps keep the order of joining, the latest last. */
  readonly #byUser = new Map<string, Map<string, Membership>>();
  readonly #byGroup = new Map<string, Set<string>>();

  constructor(hub: string, store: MembershipStore) {
    this.#hub = hub;
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#byUser.size === 0;
  }

  /** Takes over what the store kept from before. */
  restore(membership: Membership): void {
    if (this.#isLive(membership)) this.#insert(membership);
  }

  /** @param ttl seconds; undefined: a year at most, and only the latest 100 of these */
  join(user: string, group: string, ttl: number | undefined): void {
    const joinedAt = Date.now();
    const expiresAt = ttl === undefined ? undefined : joinedAt + ttl * 1000;
    const membership = { hub: this.#hub, user, group, joinedAt, expiresAt };
    this.#store.put(membership);
    this.#insert(membership);
    if (ttl === undefined) this.#dropOldest(user);
  }

  leave(user: string, group: string): void {
    if (!this.#byUser.get(user)?.has(group)) return;
    this.#store.remove(this.#hub, user, group);
    this.#delete(user, group);
  }

  leaveAll(user: string): void {
    const groups = this.#byUser.get(user);
    if (groups === undefined) return;
    this.#store.remove(this.#hub, user);
    for (const group of [...groups.keys()]) this.#delete(user, group);
  }

  has(user: string, group: string): boolean {
    const membership = this.#byUser.get(user)?.get(group);
    return membership !== undefined && this.#isLive(membership);
  }

  *usersOf(group: string): Iterable<string> {
    for (const user of this.#byGroup.get(group) ?? []) if (this.has(user, group)) yield user;
  }

  *groupsOf(user: string): Iterable<string> {
    for (const group of this.#byUser.get(user)?.keys() ?? []) if (this.has(user, group)) yield group;
  }

  groups(): Iterable<string> {
    return this.#byGroup.keys();
  }

  /** Frees what ran out; correctness does not depend on it. */
  removeExpired(): void {
    for (const [user, groups] of this.#byUser)
      for (const membership of groups.values()) if (!this.#isLive(membership)) this.#delete(user, membership.group);
  }

  #isLive(membership: Membership): boolean {
    return Date.now() < endOf(membership);
  }

  #insert(membership: Membership): void {
    const { user, group } = membership;
    const groups = this.#byUser.get(user) ?? new Map<string, Membership>();
    this.#byUser.set(user, groups);
    groups.delete(group);
    groups.set(group, membership);
    const users = this.#byGroup.get(group) ?? new Set();
    this.#byGroup.set(group, users.add(user));
  }

  #delete(user: string, group: string): void {
    const groups = this.#byUser.get(user);
    groups?.delete(group);
    if (groups?.size === 0) this.#byUser.delete(user);
    const users = this.#byGroup.get(group);
    users?.delete(user);
    if (users?.size === 0) this.#byGroup.delete(group);
  }

  #dropOldest(user: string): void {
    const unlimited = [...(this.#byUser.get(user)?.values() ?? [])].filter((membership) => membership.expiresAt === undefined);
    for (const { group } of unlimited.slice(0, Math.max(0, unlimited.length - latestWithoutTtl))) this.leave(user, group);
  }
}
