import type { HotReply } from "./listener.ts";

/**
 * Answers to hot requests, given together when the turn of the event loop ends:
 *
 *     request ──▶ add ──┐
 *     request ──▶ add ──┤  first of the turn: setImmediate ──▶ every answer is given
 *     request ──▶ add ──┘
 *
 * Each write wakes whoever waits for it. Callers that are woken one by one send their next requests one by one, and each then costs a
 * turn of its own; callers that are answered together are read together. With eight of them that saves a quarter of the CPU time on
 * Node, a seventh on Bun.
 */
export class Replies<To> {
  #waiting: Waiting<To>[] = [];
  readonly #give: (to: To, reply: HotReply) => void;
  readonly #run = (): void => this.#giveAll();

  /** @param give must not throw */
  constructor(give: (to: To, reply: HotReply) => void) {
    this.#give = give;
  }

  add(to: To, reply: HotReply): void {
    if (this.#waiting.length === 0) setImmediate(this.#run);
    this.#waiting.push({ to, reply });
  }

  #giveAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { to, reply } of waiting) this.#give(to, reply);
  }
}

interface Waiting<To> {
  readonly to: To;
  readonly reply: HotReply;
}
