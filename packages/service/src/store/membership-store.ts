/** A user's membership of a group, as kept. Times in milliseconds since 1970. */
export interface Membership {
  readonly hub: string;
  readonly user: string;
  readonly group: string;
  readonly joinedAt: number;
  /** Undefined: no time to live was given; the hub bounds it to a year. */
  readonly expiresAt: number | undefined;
}

/**
 * Keeps user–group memberships over restarts. The hub holds the working copy in memory and reads `all` once at start; each later call
 * is durable when it returns. Calls are synchronous and never fail for absent rows.
 * @throws {StoreError} when the medium fails
 */
export interface MembershipStore {
  all(): Iterable<Membership>;
  /** Inserts or replaces. */
  put(membership: Membership): void;
  /** One group of a user, or all of them. */
  remove(hub: string, user: string, group?: string): void;
  /** Drops what expired at or before `now`. */
  removeExpired(now: number): void;
  close(): void;
}

export class StoreError extends Error {
  override readonly name = "StoreError";
}
