import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longestMourning } from "./instance-store.ts";
import type { Store } from "./store.ts";

/**
 * What every store that remembers promises.
 * @param reopen closes the store, if one is given, and opens it again on the same medium
 */
export function instanceStoreSuite(name: string, reopen: (store?: Store) => Store): void {
  describe(`${name} as a store of instances`, () => {
    let store: Store;
    const begin = (id: string, now: number) => {
      store = reopen(store);
      return store.instances.begin(id, now);
    };

    beforeEach(() => {
      store = reopen();
    });
    afterEach(() => store.close());

    it("tells the next instance of one that did not end in order", () => {
      expect(begin("a", 1_000)).toEqual([]);
      expect(begin("b", 2_000)).toEqual(["a"]);
    });

    it("tells of none that did", () => {
      begin("a", 1_000);
      store.instances.end("a");
      expect(begin("b", 2_000)).toEqual([]);
    });

    it("tells of those that died one after the other, until each has been dead for long", () => {
      begin("a", 1_000);
      begin("b", 2_000);
      expect(begin("c", 3_000)).toEqual(["a", "b"]);
      store.instances.end("c");
      expect(begin("d", 2_000 + longestMourning)).toEqual(["a", "b"]);
      expect(begin("e", 2_001 + longestMourning)).toEqual(["b", "d"]);
    });
  });
}
