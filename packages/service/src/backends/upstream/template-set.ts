import type { UpstreamTemplate } from "../../config/upstream-template.ts";
import type { SavedTemplates, TemplateStore } from "../../store/template-store.ts";

/** Templates that settings gave, and the name of the source that won: `upstream.templates in /etc/signalbox/settings.json`. */
export interface GivenTemplates {
  readonly templates: readonly UpstreamTemplate[];
  /** Undefined: no source names any. */
  readonly origin: string | undefined;
}

/** A template that the program around the service added, for example `signalbox dev`. Nobody can edit it. */
export interface AppendedTemplate {
  readonly template: UpstreamTemplate;
  /** Who added it, for people. */
  readonly origin: string;
}

/**
 * The upstream templates in force: those saved on the dashboard when there are any saved, otherwise those of the settings; behind them
 * the appended ones, which catch what the others leave. Every change is in the store before it is in force.
 */
export class TemplateSet {
  readonly #store: TemplateStore;
  readonly #listeners = new Set<() => void>();
  #given: GivenTemplates;
  #saved: SavedTemplates | undefined;
  #appended: readonly AppendedTemplate[] = [];
  #inForce: readonly UpstreamTemplate[] = [];

  /** @throws {StoreError} when what was saved cannot be read */
  constructor(store: TemplateStore, given: GivenTemplates) {
    this.#store = store;
    this.#given = given;
    this.#saved = store.load();
    this.#changed();
  }

  /** In the order in which they are tried. The same array until something changes. */
  get inForce(): readonly UpstreamTemplate[] {
    return this.#inForce;
  }

  /** Undefined: those of the settings are in force. */
  get saved(): SavedTemplates | undefined {
    return this.#saved;
  }

  get given(): GivenTemplates {
    return this.#given;
  }

  get appended(): readonly AppendedTemplate[] {
    return this.#appended;
  }

  /** Those that can be edited: all in force but the appended ones. */
  get editable(): readonly UpstreamTemplate[] {
    return (this.#saved ?? this.#given).templates;
  }

  /** The settings changed. Without effect on what is in force while saved templates take their place. */
  give(given: GivenTemplates): void {
    this.#given = given;
    this.#changed();
  }

  append(appended: AppendedTemplate): void {
    this.#appended = [...this.#appended, appended];
    this.#changed();
  }

  /** @throws {StoreError} when they cannot be saved; nothing has changed then */
  save(templates: readonly UpstreamTemplate[]): void {
    const saved = { templates, savedAt: Date.now() };
    this.#store.save(saved);
    this.#saved = saved;
    this.#changed();
  }

  /** Back to those of the settings. @throws {StoreError} when the saved ones cannot be removed; nothing has changed then */
  clear(): void {
    this.#store.clear();
    this.#saved = undefined;
    this.#changed();
  }

  /** Calls after each change. @returns ends the calls */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#inForce = [...this.editable, ...this.#appended.map(({ template }) => template)];
    for (const listener of this.#listeners) listener();
  }
}
