/**
 * Frames that connections want to write are collected here and leave together when the turn of the event loop ends. Several frames
 * for one connection become one write, whoever sent them.
 *
 *     send ─▶ connection.#outbox ──┐
 *     send ─▶ connection.#outbox ──┤  first of the turn: request(connection)
 *                                  ▼
 *                     FlushQueue  [c1, c2, …]  ──setImmediate──▶  c1.flush(), c2.flush(), …
 *                                                                  └▶ one transport.write each
 *
 * One queue serves all connections of an endpoint: one immediate a turn, no closure, no timer a connection.
 */
export interface Flushable {
  flush(): void;
}

export class FlushQueue {
  #requested: Flushable[] = [];
  #spare: Flushable[] = [];
  #scheduled = false;
  readonly #onError: (error: unknown) => void;
  readonly #run = (): void => this.#flush();

  /** @param onError receives what a flush throws; the others are flushed all the same */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** To be called once a connection until its `flush` has run. */
  request(connection: Flushable): void {
    this.#requested.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #flush(): void {
    // What a flush requests (a handler sends in `closed`) waits for the next turn, so one turn cannot go on forever.
    const batch = this.#requested;
    this.#requested = this.#spare;
    this.#spare = batch;
    this.#scheduled = false;
    for (const connection of batch) {
      try {
        connection.flush();
      } catch (error) {
        this.#onError(error);
      }
    }
    batch.length = 0;
  }
}
