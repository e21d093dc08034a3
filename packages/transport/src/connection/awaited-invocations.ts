/** An invocation that nobody has answered for this long is overdue, in milliseconds. */
const maxAge = 600_000;

/**
 * Invocations of client methods that wait for a completion: by id, and by the connection that was asked. Whatever leaves, what it
 * left unanswered is found without looking at what others wait for. `at` is when one began (`performance.now`); without it one is never overdue.
 */
export class AwaitedInvocations<Asked, Waiting extends { readonly asked: Asked; readonly at?: number }> {
  readonly #byId = new Map<string, Waiting>();
  readonly #byAsked = new Map<Asked, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  /** @returns what waited under this id before and does no longer */
  add(id: string, waiting: Waiting): Waiting | undefined {
    const former = this.delete(id);
    this.#byId.set(id, waiting);
    const ids = this.#byAsked.get(waiting.asked);
    if (ids === undefined) this.#byAsked.set(waiting.asked, new Set([id]));
    else ids.add(id);
    return former;
  }

  /** Ids are guessable: a completion counts only from the connection that was asked. */
  find(id: string, asked: Asked): Waiting | undefined {
    const waiting = this.#byId.get(id);
    return waiting?.asked === asked ? waiting : undefined;
  }

  get(id: string): Waiting | undefined {
    return this.#byId.get(id);
  }

  delete(id: string): Waiting | undefined {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return undefined;
    this.#byId.delete(id);
    const ids = this.#byAsked.get(waiting.asked);
    ids?.delete(id);
    if (ids?.size === 0) this.#byAsked.delete(waiting.asked);
    return waiting;
  }

  /** The connection has gone. @returns what it was asked, oldest first; none of it is awaited any more */
  deleteOf(asked: Asked): readonly (readonly [id: string, waiting: Waiting])[] {
    const ids = this.#byAsked.get(asked);
    if (ids === undefined) return [];
    return [...ids].map((id) => [id, this.delete(id)!] as const);
  }

  /** @returns what is overdue; none of it is awaited any more */
  deleteOverdue(): readonly Waiting[] {
    const oldest = performance.now() - maxAge;
    const overdue: Waiting[] = [];
    for (const [id, waiting] of this.#byId) {
      if (waiting.at === undefined || waiting.at > oldest) break;
      this.delete(id);
      overdue.push(waiting);
    }
    return overdue;
  }

  /** Oldest first; entries may be deleted meanwhile. */
  [Symbol.iterator](): IterableIterator<[id: string, waiting: Waiting]> {
    return this.#byId.entries();
  }
}
