import type { MembershipStore } from "./membership-store.ts";
import type { Store } from "./store.ts";
import type { SavedTemplates } from "./template-store.ts";

/** Remembers nothing: the hubs' working copy is all there is. */
export const memoryStore: MembershipStore = {
  all: () => [],
  put() {},
  remove() {},
  removeExpired() {},
};

/** Forgets everything with the process. For `--in-memory`. */
export function inMemoryStore(): Store {
  let saved: SavedTemplates | undefined;
  return {
    durable: false,
    memberships: memoryStore,
    templates: {
      load: () => saved,
      save: (templates) => {
        saved = templates;
      },
      clear: () => {
        saved = undefined;
      },
    },
    instances: { begin: () => [], end() {} },
    close() {},
  };
}
