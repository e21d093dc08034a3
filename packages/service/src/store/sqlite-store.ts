import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { guarded } from "./sqlite-guard.ts";
import { SqliteInstances } from "./sqlite-instances.ts";
import { SqliteMemberships } from "./sqlite-memberships.ts";
import { SqliteTemplates } from "./sqlite-templates.ts";
import type { Store } from "./store.ts";

/** Raised with each change of the tables; an older file is brought up by the steps in between. */
const schema = [
  `CREATE TABLE membership (
     hub TEXT NOT NULL, user TEXT NOT NULL, "group" TEXT NOT NULL, joinedAt INTEGER NOT NULL, expiresAt INTEGER,
     PRIMARY KEY (hub, user, "group")
   ) WITHOUT ROWID`,
  "CREATE TABLE upstreamTemplates (id INTEGER PRIMARY KEY CHECK (id = 1), templates TEXT NOT NULL, savedAt INTEGER NOT NULL)",
  "CREATE TABLE instance (id TEXT PRIMARY KEY, foundDeadAt INTEGER) WITHOUT ROWID",
];

/** An SQLite file, made with its folder when absent. One process at a time opens it. */
export class SqliteStore implements Store {
  readonly durable = true;
  readonly memberships: SqliteMemberships;
  readonly templates: SqliteTemplates;
  readonly instances: SqliteInstances;
  readonly #database: DatabaseSync;

  /** @throws {StoreError} when the file cannot be opened, is no database or is of a newer version */
  constructor(file: string) {
    this.#database = guarded(`The data file ${file} cannot be opened`, () => open(file));
    this.memberships = new SqliteMemberships(this.#database);
    this.templates = new SqliteTemplates(this.#database);
    this.instances = new SqliteInstances(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  // Upstream URLs may hold keys, so only the owner reads a file made here.
  closeSync(openSync(file, "a", 0o600));
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
