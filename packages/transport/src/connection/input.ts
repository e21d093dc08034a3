import { type HubProtocol, MessageTooLargeError, ProtocolError, type RecordReader } from "@signalbox/protocol";
import { type CloseReason, CloseReasons } from "./close-reason.ts";

/** How a connection's input ended: after the last record handed over, the handler hears this. */
export interface Ending {
  readonly reason: CloseReason;
  readonly error: string | undefined;
}

/** What an input needs of its connection. */
export interface InputOwner {
  /** False: what the client sent is for nobody any more. */
  readonly isOpen: boolean;
  /** One record, in order. May pause the input. */
  accept(record: Uint8Array): void;
  /** The input is over and everything before has been handed over. */
  inputEnded(ending: Ending): void;
  pauseTransport(): void;
  resumeTransport(): void;
  onError(error: unknown): void;
}

/** What came while the connection was paused. Exists only then. */
class Backlog {
  /** Pauses not yet undone. */
  pauses = 0;
  /** The transport was told to stop reading. */
  holdsTransport = false;
  ending: Ending | undefined = undefined;
  readonly records: Uint8Array[] = [];
  readonly waiting: (() => void)[] = [];
}

/**
 * The way in of one connection: bytes become records, and records are handed over one after the other, never two at once.
 *
 *     bytes ─▶ RecordReader ─▶ records ──────────────▶ accept
 *                                 │ paused              ▲
 *                                 └─▶ Backlog ──resume──┘   the end of the input waits here as well
 */
export class Input {
  /** Only while a record is incomplete. */
  #reader: RecordReader | undefined = undefined;
  #backlog: Backlog | undefined = undefined;
  #isHandingOver = false;

  /** The client has sent a part of a record. */
  get isCut(): boolean {
    return this.#reader !== undefined;
  }

  get isPaused(): boolean {
    return this.#backlog !== undefined && this.#backlog.pauses > 0;
  }

  get holdsTransport(): boolean {
    return this.#backlog?.holdsTransport === true;
  }

  /**
   * @param limit greatest size of a record, bytes
   * @returns whether a whole record came
   */
  read(bytes: Uint8Array, protocol: HubProtocol, limit: number, owner: InputOwner): boolean {
    const reader = this.#reader ?? protocol.createReader(limit);
    let records: readonly Uint8Array[];
    try {
      records = reader.read(bytes);
    } catch (error) {
      const reason = error instanceof MessageTooLargeError ? CloseReasons.messageTooLarge : CloseReasons.malformedMessage;
      this.end({ reason, error: describe(error, owner) }, owner);
      return false;
    }
    this.#reader = reader.pendingBytes > 0 ? reader : undefined;
    if (records.length > 0) this.#handOver(records, owner);
    return records.length > 0;
  }

  pause(): void {
    this.#backlog ??= new Backlog();
    this.#backlog.pauses++;
  }

  resume(owner: InputOwner): void {
    const backlog = this.#backlog;
    if (backlog === undefined || backlog.pauses === 0 || --backlog.pauses > 0 || this.#isHandingOver) return;
    this.#handOver([], owner);
  }

  /** Resolves when everything received has been handed over, or the connection ends; undefined when that is now. */
  caughtUp(): Promise<void> | undefined {
    const backlog = this.#backlog;
    return backlog === undefined ? undefined : new Promise((resolve) => backlog.waiting.push(resolve));
  }

  /** Nothing more comes from the client; what waits is handed over first. The first ending counts. */
  end(ending: Ending, owner: InputOwner): void {
    if (this.#isHandingOver) this.#backlog ??= new Backlog();
    if (this.#backlog === undefined) owner.inputEnded(ending);
    else this.#backlog.ending ??= ending;
  }

  /** A new socket begins with a new record. */
  forgetPart(): void {
    this.#reader = undefined;
  }

  /** Drops everything: the connection has ended. */
  clear(): void {
    const backlog = this.#backlog;
    this.#reader = undefined;
    this.#backlog = undefined;
    if (backlog !== undefined) release(backlog);
  }

  #handOver(records: readonly Uint8Array[], owner: InputOwner): void {
    if (this.#isHandingOver || this.isPaused) {
      this.#backlog ??= new Backlog();
      for (const record of records) this.#backlog.records.push(record);
      holdTransport(this.#backlog, owner);
      return;
    }
    const queue = this.#backlog === undefined ? records : [...this.#backlog.records.splice(0), ...records];
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
  #settle(backlog: Backlog, rest: readonly Uint8Array[], owner: InputOwner): void {
    backlog.records.unshift(...rest);
    if (backlog.pauses > 0) {
      holdTransport(backlog, owner);
    } else if (backlog.records.length > 0) {
      this.#handOver([], owner);
    } else {
      this.#backlog = undefined;
      if (backlog.holdsTransport) owner.resumeTransport();
      if (backlog.ending !== undefined) owner.inputEnded(backlog.ending);
      release(backlog);
    }
  }
}

/** The sentence for whoever stands behind the connection. */
export function describe(error: unknown, owner: Pick<InputOwner, "onError">): string {
  if (error instanceof ProtocolError) return error.message;
  owner.onError(error);
  return "The message could not be read.";
}

/** Reading stops only when a paused client goes on sending: most do not, and pausing a socket is not free. */
function holdTransport(backlog: Backlog, owner: InputOwner): void {
  if (backlog.holdsTransport || backlog.records.length === 0) return;
  backlog.holdsTransport = true;
  owner.pauseTransport();
}

function release(backlog: Backlog): void {
  for (const resolve of backlog.waiting.splice(0)) resolve();
}
