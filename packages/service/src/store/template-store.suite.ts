import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "./store.ts";
import type { SavedTemplates } from "./template-store.ts";

/**
 * What every store promises about saved templates.
 * @param reopen closes the store, if one is given, and opens it again on the same medium; one that is not durable stays as it is
 */
export function templateStoreSuite(name: string, reopen: (store?: Store) => Store): void {
  describe(`${name} as a template store`, () => {
    let store: Store;
    const template = {
      hubPattern: "chat",
      categoryPattern: "*",
      eventPattern: "a, b",
      urlTemplate: "http://host/{event}?code=k",
    };
    const saved: SavedTemplates = {
      templates: [template, { ...template, hubPattern: "", eventPattern: "ü 'x' \u0000 \u{1F600}" }],
      savedAt: 1_800_000_000_123,
    };

    beforeEach(() => {
      store = reopen();
    });
    afterEach(() => store.close());

    it("has none at first", () => {
      expect(store.templates.load()).toBeUndefined();
    });

    it("keeps them in their order, as long as it lasts", () => {
      store.templates.save(saved);
      store = reopen(store);
      expect(store.templates.load()).toEqual(saved);
    });

    it("keeps an empty list as a list", () => {
      store.templates.save({ templates: [], savedAt: 1 });
      store = reopen(store);
      expect(store.templates.load()).toEqual({ templates: [], savedAt: 1 });
    });

    it("replaces the list that was saved before", () => {
      store.templates.save(saved);
      store.templates.save({ templates: [template], savedAt: 2 });
      store = reopen(store);
      expect(store.templates.load()).toEqual({ templates: [template], savedAt: 2 });
    });

    it("has none after they were cleared, also when there were none", () => {
      store.templates.save(saved);
      store.templates.clear();
      store.templates.clear();
      store = reopen(store);
      expect(store.templates.load()).toBeUndefined();
    });
  });
}
