import type { BodyReader, HotReply } from "./listener.ts";

/**
 * Answers to hot requests, given together when the turn of the event loop ends:
 *
 *     request, body ──▶ settle ──┐
 *     request, body ──▶ settle ──┤  first of the turn: setImmediate ──▶ every answer is given ──▶ then frames leave for the clients
 *     request ────────▶ add ─────┘
 *
 * Each write wakes whoever waits for it. Callers that are woken one by one send their next requests one by one, and each then costs a
 * turn of its own; callers that are answered together are read together. The answers go before the frames (`FlushQueue`), so that the next
 * requests arrive while a broadcast is being written and share the write after it.
 */
export class Replies<To> {
  #waiting: Waiting<To>[] = [];
  #isScheduled = false;
  readonly #give: (to: To, reply: HotReply) => void;
  readonly #onError: (error: unknown) => void;
  readonly #run = (): void => this.#giveAll();

  /**
   * @param give must not throw
   * @param onError receives what a reader throws; the answer is 500 then
   */
  constructor(give: (to: To, reply: HotReply) => void, onError: (error: unknown) => void) {
    this.#give = give;
    this.#onError = onError;
  }

  add(to: To, reply: HotReply): void {
    this.#schedule();
    this.#waiting.push({ to, reply });
  }

  /** @param body undefined when it exceeds the reader's limit */
  settle(to: To, reader: BodyReader, body: Uint8Array | undefined): void {
    // Before the reader is asked: what it sends is scheduled by then, and would go first.
    this.#schedule();
    let reply: HotReply;
    try {
      reply = body === undefined ? reader.tooLarge() : reader.answer(body);
    } catch (error) {
      this.#onError(error);
      reply = { status: 500 };
    }
    this.#waiting.push({ to, reply });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }

  #giveAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isScheduled = false;
    for (const { to, reply } of waiting) this.#give(to, reply);
  }
}

interface Waiting<To> {
  readonly to: To;
  readonly reply: HotReply;
}
