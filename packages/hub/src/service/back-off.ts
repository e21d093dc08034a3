/** Seconds before each attempt, the first one at once (reference hub-and-service-protocol §4.8). */
const delays = [0, 1, 2, 4, 8, 16, 32, 60];

/** A connection that lasted less than this, in milliseconds, does not count as a success. */
const steady = 5_000;

/** How long to wait before a lost connection is tried again. */
export class BackOff {
  #failures = 0;
  #connectedAt: number | undefined = undefined;

  connected(): void {
    this.#connectedAt = performance.now();
  }

  /** @returns milliseconds; up to a second of it by chance, so that many servers do not come back together */
  next(): number {
    if (this.#connectedAt !== undefined && performance.now() - this.#connectedAt >= steady) this.#failures = 0;
    this.#connectedAt = undefined;
    const seconds = delays[Math.min(this.#failures++, delays.length - 1)]!;
    return (seconds + Math.random()) * 1_000;
  }
}
