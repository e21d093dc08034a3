import { createHash, randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A transaction that somebody just proved to know the id of. */
export interface Admission {
  /** Names the transaction and gives no access: the digest of its id. */
  readonly key: string;
  /** Grows with every admission of the transaction, whichever instance gave it. */
  readonly number: number;
  readonly expiresAt: Date;
}

/** A connection that is now the one of its transaction. */
export interface Seat {
  /** Names this taking of the place, for `disconnected`. */
  readonly lease: number;
  /** The connection that had the place until now. */
  readonly replaced: string | undefined;
}

const schema = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS transactions (
    key TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    admissions INTEGER NOT NULL DEFAULT 0,
    connection_id TEXT,
    admission INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID`;

/**
 * The transactions and which connection each of them has, in a file that all instances of the app share.
 *
 * Instances hear of connections at their own pace, so two things are not what they seem: a connection that is reported later may be the
 * older one (its admission has a smaller number), and the end of a connection may be reported when its place has long been
 * another's (its lease is not the last one).
 */
export class Transactions implements Disposable {
  readonly #lifetime: number;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #deleteExpired: StatementSync;
  readonly #admit: StatementSync;
  readonly #find: StatementSync;
  readonly #take: StatementSync;
  readonly #leave: StatementSync;

  /** @param path of the database file, or `:memory:` @param lifetime of a transaction, in milliseconds */
  constructor(path: string, lifetime: number) {
    this.#lifetime = lifetime;
    this.#database = new DatabaseSync(path);
    // Another instance may be writing: wait for it, up to 5 s. First of all, because the change to WAL writes too.
    this.#database.exec("PRAGMA busy_timeout = 5000");
    this.#database.exec(schema);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#insert = prepare("INSERT INTO transactions (key, expires_at) VALUES (?, ?)");
    this.#deleteExpired = prepare("DELETE FROM transactions WHERE expires_at <= ?");
    this.#admit = prepare(
      "UPDATE transactions SET admissions = admissions + 1 WHERE key = ? AND expires_at > ? RETURNING admissions, expires_at",
    );
    this.#find = prepare("SELECT connection_id FROM transactions WHERE key = ? AND expires_at > ?");
    this.#take = prepare(
      `UPDATE transactions SET connection_id = ?, admission = ?, lease = lease + 1
       WHERE key = ? AND expires_at > ? AND admission <= ? RETURNING lease`,
    );
    this.#leave = prepare("UPDATE transactions SET connection_id = NULL WHERE key = ? AND lease = ?");
  }

  /** Makes a transaction. @returns its id, which is told to nobody else and not kept here */
  begin(): { readonly id: string; readonly expiresAt: Date } {
    const now = Date.now();
    const id = randomBytes(32).toString("base64url");
    this.#deleteExpired.run(now);
    this.#insert.run(keyOf(id), now + this.#lifetime);
    return { id, expiresAt: new Date(now + this.#lifetime) };
  }

  /** @returns undefined for an id that is malformed, unknown or expired */
  admit(id: string): Admission | undefined {
    if (!isId(id)) return undefined;
    const key = keyOf(id);
    const row = this.#admit.get(key, Date.now());
    return row && { key, number: Number(row.admissions), expiresAt: new Date(Number(row.expires_at)) };
  }

  /** An admitted connection is there. @returns undefined when a newer one is there already, or the transaction has expired */
  connected(key: string, admission: number, connectionId: string): Seat | undefined {
    const now = Date.now();
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const before = this.#find.get(key, now)?.connection_id;
      const taken = this.#take.get(connectionId, admission, key, now, admission);
      return taken && { lease: Number(taken.lease), replaced: typeof before === "string" ? before : undefined };
    } finally {
      this.#database.exec("COMMIT");
    }
  }

  /** A connection has ended; if its place is another's by now, nothing changes. */
  disconnected(key: string, lease: number): void {
    this.#leave.run(key, lease);
  }

  /** @returns undefined for an id that is malformed, unknown or expired; `connectionId` is undefined while no browser is there */
  find(id: string): { readonly connectionId: string | undefined } | undefined {
    const row = isId(id) ? this.#find.get(keyOf(id), Date.now()) : undefined;
    return row && { connectionId: typeof row.connection_id === "string" ? row.connection_id : undefined };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function isId(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** Who reads the database cannot use what is in it: 256 random bits cannot be found from their digest. */
function keyOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
