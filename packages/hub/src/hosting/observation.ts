import { type CloseReason, CloseReasons } from "@signalbox/transport";
import type { HubCallerContext } from "../hub/caller-context.ts";
import type { ConnectionStatus, HubObserver } from "../hub/observer.ts";

/** Tells an observer of the connections of a hub. */
export class Observation {
  readonly #observer: HubObserver;
  readonly #onError: (error: unknown) => void;
  /** By `performance.now`. */
  readonly #startedAt = new Map<HubCallerContext, number>();

  constructor(observer: HubObserver, onError: (error: unknown) => void) {
    this.#observer = observer;
    this.#onError = onError;
  }

  started(context: HubCallerContext): void {
    this.#startedAt.set(context, performance.now());
    this.#tell(() => this.#observer.connectionStarted?.(context));
  }

  ended(context: HubCallerContext, reason: CloseReason): void {
    const startedAt = this.#startedAt.get(context);
    if (startedAt === undefined) return;
    this.#startedAt.delete(context);
    const duration = (performance.now() - startedAt) / 1_000;
    this.#tell(() => this.#observer.connectionEnded?.(context, statusOf(reason), duration));
  }

  #tell(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onError(error);
    }
  }
}

function statusOf(reason: CloseReason): ConnectionStatus {
  if (reason === CloseReasons.stopped) return "app_shutdown";
  return reason === CloseReasons.clientTimeout ? "timeout" : "normal_closure";
}
