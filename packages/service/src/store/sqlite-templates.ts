import type { DatabaseSync } from "node:sqlite";
import { checkTemplates } from "../config/template-check.ts";
import { guarded } from "./sqlite-guard.ts";
import type { SavedTemplates, TemplateStore } from "./template-store.ts";

/** Saved templates in the one row of the table `upstreamTemplates`: a list is read and replaced as a whole. */
export class SqliteTemplates implements TemplateStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  load(): SavedTemplates | undefined {
    return guarded("The saved upstream templates cannot be read", () => {
      const row = this.#database.prepare("SELECT templates, savedAt FROM upstreamTemplates").get();
      if (row === undefined) return undefined;
      // The rules may have changed since they were saved, and others may have written to the file.
      const checked = checkTemplates(JSON.parse(String(row.templates)));
      if ("problems" in checked) throw new Error(`they are not valid (${checked.problems[0]?.message})`);
      return { templates: checked.templates, savedAt: Number(row.savedAt) };
    });
  }

  save({ templates, savedAt }: SavedTemplates): void {
    guarded("The upstream templates cannot be saved", () =>
      this.#database
        .prepare("INSERT OR REPLACE INTO upstreamTemplates VALUES (1, ?, ?)")
        .run(JSON.stringify(templates), savedAt),
    );
  }

  clear(): void {
    guarded("The saved upstream templates cannot be removed", () =>
      this.#database.prepare("DELETE FROM upstreamTemplates").run(),
    );
  }
}
