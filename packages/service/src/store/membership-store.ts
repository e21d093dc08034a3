/** A user's membership of a group, as kept. Times in milliseconds since 1970. */
export interface Membership {
  readonly hub: string;
  readonly user: string;
  readonly group: string;
  readonly joinedAt: number;
  /** Undefined: no time to live was given; such a membership lasts a year. */
  readonly expiresAt: number | undefined;
}

/** How long a membership without a time to live lasts, milliseconds (reference serverless-upstream §4.6). */
export const longestMembership = 365 * 24 * 3600 * 1000;

/** When a membership ends, milliseconds since 1970. */
export function endOf({ joinedAt, expiresAt }: Membership): number {
  return expiresAt ?? joinedAt + longestMembership;
}

/**
 * Keeps user–group memberships over restarts. The hubs hold the working copy and read `all` once at start; each later call survives
 * the death of the process when it returns (not a power failure within the same second). Calls are synchronous; absent rows are no error.
 * Every implementation passes the suite in `membership-store.suite.ts`.
 * @throws {StoreError} (`store.ts`) from each call, when the medium fails
 */
export interface MembershipStore {
  all(): Iterable<Membership>;
  /** Inserts or replaces. */
  put(membership: Membership): void;
  /** One group of a user, or all of them. */
  remove(hub: string, user: string, group?: string): void;
  /** Drops what ended at or before `now`. */
  removeExpired(now: number): void;
}
