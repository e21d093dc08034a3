import type { DatabaseSync } from "node:sqlite";
import { type InstanceStore, longestMourning } from "./instance-store.ts";
import { guarded } from "./sqlite-guard.ts";

/** Instances in the table `instance`: the one that runs, and those that were found dead. */
export class SqliteInstances implements InstanceStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  begin(id: string, now: number): readonly string[] {
    return guarded("The instance of the service cannot be remembered", () => {
      this.#database.prepare("DELETE FROM instance WHERE foundDeadAt < ?").run(now - longestMourning);
      this.#database.prepare("UPDATE instance SET foundDeadAt = ? WHERE foundDeadAt IS NULL").run(now);
      const dead = this.#database.prepare("SELECT id FROM instance ORDER BY foundDeadAt").all();
      this.#database.prepare("INSERT INTO instance VALUES (?, NULL)").run(id);
      return dead.map((row) => String(row.id));
    });
  }

  end(id: string): void {
    guarded("The end of the service cannot be remembered", () =>
      this.#database.prepare("DELETE FROM instance WHERE id = ?").run(id),
    );
  }
}
