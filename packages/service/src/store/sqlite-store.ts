import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { longestMembership, type Membership, type MembershipStore, StoreError } from "./membership-store.ts";

/** Raised with each change of the tables; an older file is brought up by the steps in between. */
const schema = [
  `CREATE TABLE membership (
     hub TEXT NOT NULL, user TEXT NOT NULL, "group" TEXT NOT NULL, joinedAt INTEGER NOT NULL, expiresAt INTEGER,
     PRIMARY KEY (hub, user, "group")
   ) WITHOUT ROWID`,
];

/** Memberships in an SQLite file, made with its folder when absent. One process at a time opens it. */
export class SqliteStore implements MembershipStore {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #removeOne: StatementSync;
  readonly #removeAll: StatementSync;
  readonly #removeExpired: StatementSync;

  /** @throws {StoreError} when the file cannot be opened, is no database or is of a newer version */
  constructor(file: string) {
    this.#database = guarded(`The data file ${file} cannot be opened`, () => open(file));
    this.#put = this.#database.prepare("INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?, ?)");
    this.#removeOne = this.#database.prepare('DELETE FROM membership WHERE hub = ? AND user = ? AND "group" = ?');
    this.#removeAll = this.#database.prepare("DELETE FROM membership WHERE hub = ? AND user = ?");
    this.#removeExpired = this.#database.prepare(
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

  close(): void {
    this.#database.close();
  }
}

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  try {
    // A second process would overwrite what the first holds in memory, so the lock is kept from the first write on.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (version > schema.length)
      throw new Error(`it was written by a newer Signalbox (format ${version}, this one knows ${schema.length})`);
    for (const step of schema.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schema.length}`);
    return database;
  } catch (error) {
    database.close();
    if (/database is locked/.test((error as Error).message))
      throw new Error("another process holds it; stop that one, or give this one a file of its own with --data", {
        cause: error,
      });
    throw error;
  }
}

function guarded<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new StoreError(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
