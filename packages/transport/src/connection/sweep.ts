import { monotonicNow } from "./clock.ts";
import type { ConnectionLimits } from "./connection.ts";
import type { Negotiation } from "./negotiate.ts";

/** Something that depends on time. */
interface Sweepable {
  sweep(now: number, date: number, limits: ConnectionLimits): void;
}

/** What the sweep looks after. */
export interface Swept {
  readonly connections: ReadonlySet<Sweepable>;
  /** By token, oldest first. */
  readonly negotiations: Map<string, Negotiation>;
  limits(): ConnectionLimits;
  onError(error: unknown): void;
  /** After each sweep. */
  swept?(): void;
}

/**
 * The one timer of an endpoint: keep-alive, time-outs, lifetimes, expiry, stalls, windows of all connections. A connection costs a few
 * comparisons each time, so time limits have the grain of the interval (one second, as the cloud's and ASP.NET Core's have).
 */
export class Sweep {
  readonly #timer: NodeJS.Timeout;

  /** @param interval milliseconds */
  constructor(interval: number, swept: Swept) {
    this.#timer = setInterval(() => sweep(swept), interval);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function sweep(swept: Swept): void {
  const now = monotonicNow();
  const date = Date.now();
  const limits = swept.limits();
  for (const [token, negotiation] of swept.negotiations) {
    if (now - negotiation.at < limits.negotiateTimeout) break;
    swept.negotiations.delete(token);
  }
  for (const connection of swept.connections) {
    try {
      connection.sweep(now, date, limits);
    } catch (error) {
      swept.onError(error);
    }
  }
  swept.swept?.();
}
