/** For how long an instance that died is remembered after it was found dead, in milliseconds: nobody waits longer for one of its clients. */
export const longestMourning = 600_000;

/**
 * Remembers which instance of the service runs on this medium. One that dies without a word leaves app servers behind that hold its clients
 * for connected; the next one can tell them. Calls are synchronous; what they did survives the death of the process when they return.
 * Every implementation that remembers passes the suite in `instance-store.suite.ts`.
 * @throws {StoreError} (`store.ts`) from each call, when the medium fails
 */
export interface InstanceStore {
  /**
   * An instance begins, and is the only one from here on.
   * @param now milliseconds since 1970
   * @returns ids of earlier ones that did not end in order, and were found dead now or at most `longestMourning` ago
   */
  begin(id: string, now: number): readonly string[];
  /** It ends in order. */
  end(id: string): void;
}
