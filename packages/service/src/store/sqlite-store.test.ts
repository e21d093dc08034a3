import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { membershipStoreSuite } from "./membership-store.suite.ts";
import { StoreError } from "./membership-store.ts";
import { SqliteStore } from "./sqlite-store.ts";

const folder = () => mkdtempSync(join(tmpdir(), "signalbox-store-"));
let file = "";

membershipStoreSuite("The SQLite store", (store) => {
  if (store === undefined) file = join(folder(), "made/when/absent/data.db");
  store?.close();
  return new SqliteStore(file);
});

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

  it("refuses a file that another process holds", () => {
    const path = join(folder(), "data.db");
    const first = new SqliteStore(path);
    expect(() => new SqliteStore(path)).toThrow(/cannot be opened: another process holds it/);
    first.close();
  });
});
