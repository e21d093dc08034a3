import type { CloseReason } from "./close-reason.ts";

/** How a connection's input ended: after the last record handed over, the handler hears this. */
export interface Ending {
  readonly reason: CloseReason;
  readonly error: string | undefined;
}

/** What came from a client while its connection was paused. Exists only then. */
export class Inbox {
  /** Pauses not yet undone. */
  pauses = 0;
  /** The transport was told to stop reading. */
  transportPaused = false;
  readonly records: Uint8Array[] = [];
  /** The input ended; the handler hears of it when the records are through. */
  ending: Ending | undefined = undefined;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when everything has been handed over or the connection ended. */
  emptied(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
