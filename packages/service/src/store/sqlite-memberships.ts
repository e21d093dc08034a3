import type { DatabaseSync, StatementSync } from "node:sqlite";
import { longestMembership, type Membership, type MembershipStore } from "./membership-store.ts";
import { guarded } from "./sqlite-guard.ts";

/** Memberships in the table `membership` of the data file. */
export class SqliteMemberships implements MembershipStore {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #removeOne: StatementSync;
  readonly #removeAll: StatementSync;
  readonly #removeExpired: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare("INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?, ?)");
    this.#removeOne = database.prepare('DELETE FROM membership WHERE hub = ? AND user = ? AND "group" = ?');
    this.#removeAll = database.prepare("DELETE FROM membership WHERE hub = ? AND user = ?");
    this.#removeExpired = database.prepare(
      `DELETE FROM membership WHERE coalesce(expiresAt, joinedAt + ${longestMembership}) <= ?`,
    );
  }

  all(): Iterable<Membership> {
    // The order of joining decides which memberships without a time to live are the latest of their user.
    const rows = guarded("The memberships cannot be read", () =>
      this.#database.prepare("SELECT * FROM membership ORDER BY joinedAt").all(),
    );
    return rows.map(({ expiresAt, ...row }) => ({ ...row, expiresAt: expiresAt ?? undefined }) as Membership);
  }

  put({ hub, user, group, joinedAt, expiresAt }: Membership): void {
    guarded("A membership cannot be kept", () => this.#put.run(hub, user, group, joinedAt, expiresAt ?? null));
  }

  remove(hub: string, user: string, group?: string): void {
    guarded("A membership cannot be removed", () =>
      group === undefined ? this.#removeAll.run(hub, user) : this.#removeOne.run(hub, user, group),
    );
  }

  removeExpired(now: number): void {
    guarded("Expired memberships cannot be removed", () => this.#removeExpired.run(now));
  }
}
