import type { HealthOptions } from "../options.ts";
import type { ServiceEndpoint } from "./service-endpoint.ts";

/** Milliseconds. */
const defaults = { intervalMs: 120_000, recoveryIntervalMs: 10_000, retryIntervalMs: 3_000, timeoutMs: 2_000 };

/** Failures in a row after which an online endpoint is offline. */
const maxFailures = 3;

/** Asks an endpoint for its health; rejects only when `signal` aborts. */
export type HealthQuestion = (endpoint: ServiceEndpoint, timeoutMs: number, signal?: AbortSignal) => Promise<boolean>;

interface Watch {
  failures: number;
  /** It is asked as soon as possible already. */
  isSuspected: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Watches several endpoints by asking each for its health:
 *
 *                   third failure in a row
 *                  (the first, at the start)
 *   online ─────────────────────────────────▶ offline
 *     │  ▲                                     │  │
 *     │  └────────── an answer ────────────────┘  │
 *   asked every intervalMs,                     asked every recoveryIntervalMs
 *   after a failure every retryIntervalMs
 */
export class HealthMonitor {
  readonly #watches: ReadonlyMap<ServiceEndpoint, Watch>;
  readonly #ask: HealthQuestion;
  readonly #options: Required<HealthOptions>;
  #first: Promise<unknown> | undefined;
  #stopped = false;

  constructor(endpoints: readonly ServiceEndpoint[], ask: HealthQuestion, options: HealthOptions = {}) {
    this.#watches = new Map(endpoints.map((endpoint) => [endpoint, { failures: 0, isSuspected: false, timer: undefined }]));
    this.#ask = ask;
    this.#options = { ...defaults, ...options };
  }

  /** Starts watching when first called; resolves when every endpoint has been asked once. */
  async ready(): Promise<void> {
    this.#first ??= this.#askAll();
    await this.#first;
  }

  /** Asks all of them now, once; one that fails is offline. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.#askAll(signal);
  }

  /** A call to the endpoint failed: it is asked soon. */
  suspect(endpoint: ServiceEndpoint): void {
    const watch = this.#watches.get(endpoint)!;
    if (this.#first === undefined || watch.isSuspected || !endpoint.online) return;
    watch.isSuspected = true;
    this.#schedule(endpoint, 0);
  }

  stop(): void {
    this.#stopped = true;
    for (const watch of this.#watches.values()) clearTimeout(watch.timer);
  }

  async #askAll(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#watches.keys()].map((endpoint) => this.#askOne(endpoint, maxFailures, signal)));
  }

  /** @param weight how many failures a failure counts for */
  async #askOne(endpoint: ServiceEndpoint, weight: number, signal?: AbortSignal): Promise<void> {
    const watch = this.#watches.get(endpoint)!;
    const isHealthy = await this.#ask(endpoint, this.#options.timeoutMs, signal);
    watch.isSuspected = false;
    watch.failures = isHealthy ? 0 : watch.failures + weight;
    if (isHealthy) endpoint.online = true;
    else if (watch.failures >= maxFailures) endpoint.online = false;
    const { intervalMs, retryIntervalMs, recoveryIntervalMs } = this.#options;
    this.#schedule(endpoint, isHealthy ? intervalMs : endpoint.online ? retryIntervalMs : recoveryIntervalMs);
  }

  #schedule(endpoint: ServiceEndpoint, delay: number): void {
    if (this.#stopped || this.#watches.size === 1) return;
    const watch = this.#watches.get(endpoint)!;
    clearTimeout(watch.timer);
    watch.timer = setTimeout(() => void this.#askOne(endpoint, 1), delay);
    watch.timer.unref();
  }
}
