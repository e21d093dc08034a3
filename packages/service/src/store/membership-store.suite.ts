import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longestMembership, type Membership, type MembershipStore } from "./membership-store.ts";

/**
 * What every store that remembers promises.
 * @param reopen closes the store, if one is given, and opens it again on the same medium
 */
export function membershipStoreSuite(name: string, reopen: (store?: MembershipStore) => MembershipStore): void {
  describe(`${name} as a membership store`, () => {
    let store: MembershipStore;
    const membership: Membership = { hub: "chat", user: "ann", group: "g", joinedAt: 1_000, expiresAt: 5_000 };

    beforeEach(() => {
      store = reopen();
    });
    afterEach(() => store.close());

    it("is empty at first", () => {
      expect([...store.all()]).toEqual([]);
    });

    it("keeps memberships over a restart", () => {
      const endless = { ...membership, group: "ü 'x' \u0000 \u{1F600}", expiresAt: undefined };
      store.put(membership);
      store.put(endless);
      store = reopen(store);
      expect([...store.all()]).toEqual(expect.arrayContaining([membership, endless]));
    });

    it("replaces a membership that is put again", () => {
      store.put(membership);
      store.put({ ...membership, expiresAt: 9_000 });
      expect([...store.all()]).toEqual([{ ...membership, expiresAt: 9_000 }]);
    });

    it("removes one group of a user, or all of them, and nobody else's", () => {
      const others = [
        { ...membership, user: "bob" },
        { ...membership, hub: "news" },
      ];
      for (const one of [membership, { ...membership, group: "h" }, { ...membership, group: "i" }, ...others]) store.put(one);
      store.remove("chat", "ann", "g");
      expect([...store.all()]).toHaveLength(4);
      store.remove("chat", "ann");
      store.remove("chat", "nobody");
      expect([...store.all()]).toEqual(expect.arrayContaining(others));
      expect([...store.all()]).toHaveLength(2);
    });

    it("drops what ended: at its time to live, or a year after joining without one", () => {
      store.put(membership);
      store.put({ ...membership, group: "endless", expiresAt: undefined });
      store.removeExpired(4_999);
      expect([...store.all()]).toHaveLength(2);
      store.removeExpired(5_000);
      expect([...store.all()].map(({ group }) => group)).toEqual(["endless"]);
      store.removeExpired(1_000 + longestMembership);
      expect([...store.all()]).toEqual([]);
    });

    it("lists in the order of joining", () => {
      for (const [group, joinedAt] of [
        ["b", 3],
        ["a", 2],
        ["c", 1],
      ] as const)
        store.put({ ...membership, group, joinedAt });
      expect([...store.all()].map(({ group }) => group)).toEqual(["c", "a", "b"]);
    });
  });
}
