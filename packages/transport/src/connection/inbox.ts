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

/** What came while the connection was paused. Exists only then. */
class Backlog<T> {
  /** Pauses not yet undone. */
  pauses = 0;
  /** The transport was told to stop reading. */
  holdsTransport = false;
  ending: Ending | undefined = undefined;
  readonly items: T[] = [];
  readonly waiting: (() => void)[] = [];
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
    this.take([], owner);
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
    if (items.length > 0 && this.#backlog?.ending !== undefined) return;
    if (this.#isHandingOver || this.isPaused) {
      this.#backlog ??= new Backlog();
      for (const item of items) this.#backlog.items.push(item);
      holdTransport(this.#backlog, owner);
      return;
    }
    const queue = this.#backlog === undefined ? items : [...this.#backlog.items.splice(0), ...items];
    this.#isHandingOver = true;
    let next = 0;
    try {
      while (next < queue.length && owner.isOpen && !this.isPaused) owner.accept(queue[next++]!);
    } finally {
      this.#isHandingOver = false;
    }
    if (this.#backlog !== undefined) this.#settle(this.#backlog, queue.slice(next), owner);
  }

  /** After handing over: keeps the rest for later, or is done with the backlog. */
  #settle(backlog: Backlog<T>, rest: readonly T[], owner: InboxOwner<T>): void {
    backlog.items.unshift(...rest);
    if (backlog.pauses > 0) {
      holdTransport(backlog, owner);
    } else if (backlog.items.length > 0) {
      this.take([], owner);
    } else {
      this.#backlog = undefined;
      if (backlog.holdsTransport) owner.resumeTransport();
      if (backlog.ending !== undefined) owner.inputEnded(backlog.ending);
      release(backlog);
    }
  }
}

/** Reading stops only when a paused client goes on sending: most do not, and pausing a socket is not free. */
function holdTransport<T>(backlog: Backlog<T>, owner: InboxOwner<T>): void {
  if (backlog.holdsTransport || backlog.items.length === 0) return;
  backlog.holdsTransport = true;
  owner.pauseTransport();
}

function release<T>(backlog: Backlog<T>): void {
  for (const resolve of backlog.waiting.splice(0)) resolve();
}
