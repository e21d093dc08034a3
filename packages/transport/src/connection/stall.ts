/** Watches bytes that wait for a client: how long has it taken none of them? */
export class Stall {
  #since: number;
  #taken: number;

  constructor(now: number, taken: number) {
    this.#since = now;
    this.#taken = taken;
  }

  /**
   * @param taken anything that rises when the client takes something
   * @returns milliseconds since it rose last
   */
  lasts(now: number, taken: number): number {
    if (taken > this.#taken) {
      this.#taken = taken;
      this.#since = now;
    }
    return now - this.#since;
  }
}

/**
 * Bytes by which a client is behind: those before its transport and in it. Who has taken everything so far is not slow, however much
 * comes at once.
 */
export function backlogOf(pending: number, queued: number): number {
  return pending === 0 ? 0 : pending + queued;
}
