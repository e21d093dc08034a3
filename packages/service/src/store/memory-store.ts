import type { MembershipStore } from "./membership-store.ts";

/** Remembers nothing: the hubs' working copy is all there is. For `--in-memory`. */
export const memoryStore: MembershipStore = {
  all: () => [],
  put() {},
  remove() {},
  removeExpired() {},
  close() {},
};
