import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { instanceStoreSuite } from "./instance-store.suite.ts";
import { membershipStoreSuite } from "./membership-store.suite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { type Store, StoreError } from "./store.ts";
import { templateStoreSuite } from "./template-store.suite.ts";

const folder = () => mkdtempSync(join(tmpdir(), "signalbox-store-"));
let file = "";

/** Without a store a new file, otherwise its file again. */
const reopen = (store?: Store) => {
  if (store === undefined) file = join(folder(), "made/when/absent/data.db");
  store?.close();
  return new SqliteStore(file);
};

membershipStoreSuite("The SQLite store", reopen);
templateStoreSuite("The SQLite store", reopen);
instanceStoreSuite("The SQLite store", reopen);

describe("The SQLite store", () => {
  it("refuses a file that is no database, and says which", () => {
    const path = join(folder(), "data.db");
    writeFileSync(path, "this is no database, however long it may be".repeat(100));
    expect(() => new SqliteStore(path)).toThrow(StoreError);
    expect(() => new SqliteStore(path)).toThrow(path);
  });

  it("refuses a file of a newer version instead of harming it", () => {
    const path = join(folder(), "data.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(() => new SqliteStore(path)).toThrow(/newer Signalbox/);
  });

  it("takes over a file from before templates could be saved", () => {
    const path = join(folder(), "data.db");
    const database = new DatabaseSync(path);
    database.exec(`CREATE TABLE membership (
      hub TEXT NOT NULL, user TEXT NOT NULL, "group" TEXT NOT NULL, joinedAt INTEGER NOT NULL, expiresAt INTEGER,
      PRIMARY KEY (hub, user, "group")) WITHOUT ROWID; INSERT INTO membership VALUES ('chat', 'ann', 'g', 1, NULL); PRAGMA user_version = 1`);
    database.close();
    const store = new SqliteStore(path);
    expect([...store.memberships.all()]).toHaveLength(1);
    expect(store.templates.load()).toBeUndefined();
    store.close();
  });

  it("refuses saved templates that do not keep the rules, whoever wrote them", () => {
    const path = join(folder(), "data.db");
    new SqliteStore(path).close();
    for (const text of ['[{"urlTemplate":"nowhere"}]', "no JSON", "{}"]) {
      const database = new DatabaseSync(path);
      database.prepare("INSERT OR REPLACE INTO upstreamTemplates VALUES (1, ?, 0)").run(text);
      database.close();
      const store = new SqliteStore(path);
      expect(() => store.templates.load()).toThrow(/^The saved upstream templates cannot be read: /);
      store.close();
    }
  });

  it("makes a file that only its owner reads, since upstream URLs may hold keys", () => {
    const path = join(folder(), "data.db");
    new SqliteStore(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("refuses a file that another process holds", () => {
    const path = join(folder(), "data.db");
    const first = new SqliteStore(path);
    expect(() => new SqliteStore(path)).toThrow(/cannot be opened: another process holds it/);
    first.close();
  });
});
