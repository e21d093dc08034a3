import type { ConnectionLimits } from "./connection.ts";

/** When a connection last heard its client, and when it last spoke by itself. Times see `monotonicNow`. */
export class Heartbeat {
  #pingedAt: number;
  /** 0 until the first message: the client timeout is not armed. Set by the sweep, from the flag, to keep the hot path short. */
  #heardAt = 0;
  #heard = false;

  constructor(now: number) {
    this.#pingedAt = now;
  }

  /** A message has come. */
  get hasHeard(): boolean {
    return this.#heard || this.#heardAt !== 0;
  }

  /** A message came. */
  heard(): void {
    this.#heard = true;
  }

  /** A sign of life below the hub protocol, or a reason to begin counting anew; it does not arm the client timeout. */
  alive(): void {
    if (this.#heardAt !== 0) this.#heard = true;
  }

  /** Whether the client has been silent for too long. To be asked once a sweep. */
  isSilent(now: number, { clientTimeout }: ConnectionLimits): boolean {
    if (this.#heard) {
      this.#heard = false;
      this.#heardAt = now;
    }
    return this.#heardAt !== 0 && clientTimeout > 0 && now - this.#heardAt >= clientTimeout;
  }

  /** Whether a ping is due, one each `interval` milliseconds. Other messages do not postpone it (reference hub-and-service-protocol §2.6). */
  isPingDue(now: number, interval: number): boolean {
    if (now - this.#pingedAt < interval) return false;
    this.#pingedAt = now;
    return true;
  }
}
