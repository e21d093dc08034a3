import type { Connection } from "@signalbox/transport";

/** More waiting events or bytes than this, and the client is not read any further. */
const maxEvents = 100;
const maxBytes = 1024 * 1024;

/**
 * The events of one connection on their way to the upstream, one at a time. Exists only while there are any.
 *
 *   connected ──▶ message ──▶ message ──▶ … ──▶ disconnected
 *   push ▲                                ▲ next: when the call before has ended, its retries included
 *        └─ above the bound: connection.pause(); at half of it again: resume()
 */
export class Lane<E> {
  readonly #connection: Connection;
  readonly #sizeOf: (event: E) => number;
  readonly #waiting: E[] = [];
  #bytes = 0;
  #paused = false;

  /** @param sizeOf bytes an event holds */
  constructor(connection: Connection, sizeOf: (event: E) => number) {
    this.#connection = connection;
    this.#sizeOf = sizeOf;
  }

  push(event: E): void {
    this.#waiting.push(event);
    this.#bytes += this.#sizeOf(event);
    if (this.#paused || (this.#waiting.length < maxEvents && this.#bytes < maxBytes)) return;
    this.#paused = true;
    this.#connection.pause();
  }

  next(): E | undefined {
    const event = this.#waiting.shift();
    if (event === undefined) return undefined;
    this.#bytes -= this.#sizeOf(event);
    this.#resumeIfDrained();
    return event;
  }

  /** Forgets the waiting events that `drops` names. */
  discard(drops: (event: E) => boolean): void {
    const kept = this.#waiting.filter((event) => !drops(event));
    this.#waiting.length = 0;
    this.#waiting.push(...kept);
    this.#bytes = kept.reduce((sum, event) => sum + this.#sizeOf(event), 0);
    this.#resumeIfDrained();
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#waiting.length > maxEvents / 2 || this.#bytes > maxBytes / 2) return;
    this.#paused = false;
    this.#connection.resume();
  }
}
