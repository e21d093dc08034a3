export interface RestartPolicy {
  /** Pause before the second restart in a row, milliseconds. The first comes at once. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After so long without a crash the count begins anew. */
  readonly calmMs: number;
}

export const defaultRestartPolicy: RestartPolicy = { firstPauseMs: 1000, longestPauseMs: 30_000, calmMs: 60_000 };

/** Pauses between crashes and restarts: 0, then doubling. */
export class RestartPauses {
  readonly #policy: RestartPolicy;
  #crashes = 0;
  #lastCrash = Number.NEGATIVE_INFINITY;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /**
   * @param now milliseconds of a clock that never goes back
   * @returns milliseconds to wait after the crash that happened now
   */
  next(now: number): number {
    if (now - this.#lastCrash > this.#policy.calmMs) this.#crashes = 0;
    this.#lastCrash = now;
    this.#crashes += 1;
    if (this.#crashes === 1) return 0;
    return Math.min(this.#policy.firstPauseMs * 2 ** (this.#crashes - 2), this.#policy.longestPauseMs);
  }
}
