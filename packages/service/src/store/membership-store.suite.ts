import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longestMembership, type Membership } from "./membership-store.ts";
import type { Store } from "./store.ts";

/**
 * What every store that remembers promises.
 * @param reopen closes the store, if one is given, and opens it again on the same medium
 */
export function membershipStoreSuite(name: string, reopen: (store?: Store) => Store): void {
  describe(`${name} as a membership store`, () => {
    let store: Store;
    const membership: Membership = { hub: "chat", user: "ann", group: "g", joinedAt: 1_000, expiresAt: 5_000 };

    beforeEach(() => {
      store = reopen();
    });
    afterEach(() => store.close());

    it("is empty at first", () => {
      expect([...store.memberships.all()]).toEqual([]);
    });

    it("keeps memberships over a restart", () => {
      const endless = { ...membership, group: "ü 'x' \u0000 \u{1F600}", expiresAt: undefined };
      store.memberships.put(membership);
      store.memberships.put(endless);
      store = reopen(store);
      expect([...store.memberships.all()]).toEqual(expect.arrayContaining([membership, endless]));
    });

    it("replaces a membership that is put again", () => {
      store.memberships.put(membership);
      store.memberships.put({ ...membership, expiresAt: 9_000 });
      expect([...store.memberships.all()]).toEqual([{ ...membership, expiresAt: 9_000 }]);
    });

    it("removes one group of a user, or all of them, and nobody else's", () => {
      const others = [
        { ...membership, user: "bob" },
        { ...membership, hub: "news" },
      ];
      for (const one of [membership, { ...membership, group: "h" }, { ...membership, group: "i" }, ...others])
        store.memberships.put(one);
      store.memberships.remove("chat", "ann", "g");
      expect([...store.memberships.all()]).toHaveLength(4);
      store.memberships.remove("chat", "ann");
      store.memberships.remove("chat", "nobody");
      expect([...store.memberships.all()]).toEqual(expect.arrayContaining(others));
      expect([...store.memberships.all()]).toHaveLength(2);
    });

    it("drops what ended: at its time to live, or a year after joining without one", () => {
      store.memberships.put(membership);
      store.memberships.put({ ...membership, group: "endless", expiresAt: undefined });
      store.memberships.removeExpired(4_999);
      expect([...store.memberships.all()]).toHaveLength(2);
      store.memberships.removeExpired(5_000);
      expect([...store.memberships.all()].map(({ group }) => group)).toEqual(["endless"]);
      store.memberships.removeExpired(1_000 + longestMembership);
      expect([...store.memberships.all()]).toEqual([]);
    });

    it("lists in the order of joining", () => {
      for (const [group, joinedAt] of [
        ["b", 3],
        ["a", 2],
        ["c", 1],
      ] as const)
        store.memberships.put({ ...membership, group, joinedAt });
      expect([...store.memberships.all()].map(({ group }) => group)).toEqual(["c", "a", "b"]);
    });
  });
}
