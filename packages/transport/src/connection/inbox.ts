import type { CloseReason } from "./close-reason.ts";

/** How a connection's input ended: after the last item handed over, the handler hears this. */
export interface Ending {
  readonly reason: CloseReason;
  readonly error: string | undefined;
}

/** What an inbox needs of its connection. */
export interface InboxOwner<T> {
  /** False: what the client sent is for nobody any more. */
  readonly isOpen: boolean;
  /** One item, in order. May pause the inbox. */
  accept(item: T): void;
  /** The input is over and everything before has been handed over. */
  inputEnded(ending: Ending): void;
  pauseTransport(): void;
  resumeTransport(): void;
}

/** So many items that were handed over are kept before their places are given back: giving each back at once would move all others. */
const slack = 256;

/** What came while the connection was paused. Exists only then. */
class Backlog<T> {
  /** Pauses not yet undone. */
  pauses = 0;
  /** The transport was told to stop reading. */
  holdsTransport = false;
  ending: Ending | undefined = undefined;
  readonly waiting: (() => void)[] = [];
  #items: T[] = [];
  /** Of the next item. */
  #place = 0;

  get size(): number {
    return this.#items.length - this.#place;
  }

  add(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
  }

  /** They came before those that wait. */
  putBack(items: readonly T[]): void {
    this.#items = items.concat(this.#items.slice(this.#place));
    this.#place = 0;
  }

  /** One must wait. */
  next(): T {
    const item = this.#items[this.#place++]!;
    if (this.#place >= slack && this.#place * 2 >= this.#items.length) {
      this.#items.splice(0, this.#place);
      this.#place = 0;
    }
    return item;
  }
}

/**
 * What a client sent, handed over one after the other, never two at once.
 *
 *     take ─▶ items ──────────────────────▶ accept
 *               │ paused                      ▲
 *               └─▶ Backlog ─────resume───────┘   the end of the input waits here as well
 */
export class Inbox<T> {
  #backlog: Backlog<T> | undefined = undefined;
  #isHandingOver = false;

  get isPaused(): boolean {
    return this.#backlog !== undefined && this.#backlog.pauses > 0;
  }

  get holdsTransport(): boolean {
    return this.#backlog?.holdsTransport === true;
  }

  pause(): void {
    this.#backlog ??= new Backlog();
    this.#backlog.pauses++;
  }

  resume(owner: InboxOwner<T>): void {
    const backlog = this.#backlog;
    if (backlog === undefined || backlog.pauses === 0 || --backlog.pauses > 0 || this.#isHandingOver) return;
    this.#settle(backlog, owner);
  }

  /** Resolves when everything received has been handed over, or the connection ends; undefined when that is now. */
  caughtUp(): Promise<void> | undefined {
    const backlog = this.#backlog;
    return backlog === undefined ? undefined : new Promise((resolve) => backlog.waiting.push(resolve));
  }

  /** Nothing more comes from the client; what waits is handed over first. The first ending counts. */
  end(ending: Ending, owner: InboxOwner<T>): void {
    if (this.#isHandingOver) this.#backlog ??= new Backlog();
    if (this.#backlog === undefined) owner.inputEnded(ending);
    else this.#backlog.ending ??= ending;
  }

  /** Drops everything: the connection has ended. */
  clear(): void {
    const backlog = this.#backlog;
    this.#backlog = undefined;
    if (backlog !== undefined) release(backlog);
  }

  take(items: readonly T[], owner: InboxOwner<T>): void {
    if (items.length === 0 || this.#backlog?.ending !== undefined) return;
    if (this.#isHandingOver || this.isPaused) {
      this.#backlog ??= new Backlog();
      this.#backlog.add(items);
      holdTransport(this.#backlog, owner);
      return;
    }
    let next = 0;
    this.#isHandingOver = true;
    try {
      while (next < items.length && owner.isOpen && !this.isPaused) owner.accept(items[next++]!);
    } finally {
      this.#isHandingOver = false;
    }
    if (this.#backlog === undefined) return;
    if (next < items.length) this.#backlog.putBack(items.slice(next));
    this.#settle(this.#backlog, owner);
  }

  /** Hands over what waits, until the next pause; without one, the backlog is done with. */
  #settle(backlog: Backlog<T>, owner: InboxOwner<T>): void {
    this.#isHandingOver = true;
    try {
      while (backlog.size > 0 && owner.isOpen && this.#backlog === backlog && backlog.pauses === 0)
        owner.accept(backlog.next());
    } finally {
      this.#isHandingOver = false;
    }
    if (this.#backlog !== backlog) return;
    if (backlog.pauses > 0) {
      holdTransport(backlog, owner);
      return;
    }
    this.#backlog = undefined;
    if (backlog.holdsTransport) owner.resumeTransport();
    if (backlog.ending !== undefined) owner.inputEnded(backlog.ending);
    release(backlog);
  }
}

/** Reading stops only when a paused client goes on sending: most do not, and pausing a socket is not free. */
function holdTransport<T>(backlog: Backlog<T>, owner: InboxOwner<T>): void {
  if (backlog.holdsTransport || backlog.size === 0) return;
  backlog.holdsTransport = true;
  owner.pauseTransport();
}

function release<T>(backlog: Backlog<T>): void {
  for (const resolve of backlog.waiting.splice(0)) resolve();
}
