import type { UpstreamTemplate } from "../config/upstream-template.ts";

/** Upstream templates that somebody saved, in place of those of the settings. */
export interface SavedTemplates {
  /** In order; none is a choice too: nobody hears of events. */
  readonly templates: readonly UpstreamTemplate[];
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/**
 * Keeps one saved list of upstream templates over restarts. What `save` and `clear` did survives the death of the process when they
 * return (not a power failure within the same second); they change the list as a whole or not at all. Calls are synchronous.
 * Every implementation passes the suite in `template-store.suite.ts`.
 * @throws {StoreError} (`store.ts`) from each call, when the medium fails
 */
export interface TemplateStore {
  /** Undefined: none were saved, or they were cleared. */
  load(): SavedTemplates | undefined;
  /** Replaces what was saved before. */
  save(saved: SavedTemplates): void;
  clear(): void;
}
