import type { HostConfig } from "../config/host-json.ts";

/**
 * Lets only so many requests run at once and so many be under way at all (reference functions-host §3.1).
 *
 *   enter ──▶ running (≤ maxConcurrentRequests) ──▶ leave
 *     │            ▲
 *     ├──▶ waiting ┘   running + waiting ≤ maxOutstandingRequests
 *     └──▶ refused
 */
export class Throttle {
  readonly #limits: Pick<HostConfig["http"], "maxConcurrentRequests" | "maxOutstandingRequests">;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: Pick<HostConfig["http"], "maxConcurrentRequests" | "maxOutstandingRequests">) {
    this.#limits = limits;
  }

  /** @returns undefined when there are too many already */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { maxConcurrentRequests: concurrent, maxOutstandingRequests: outstanding } = this.#limits;
    if (outstanding >= 0 && this.#running + this.#waiting.length >= outstanding) return undefined;
    if (concurrent >= 0 && this.#running >= concurrent) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // Whoever waits takes over the place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
