import { canceled, HubException } from "../hub/errors.ts";

/** What an upload needs of its connection. */
export interface UploadOwner {
  pause(): void;
  resume(): void;
}

/**
 * A stream that a client uploads beside the arguments of a call, read once by `for await`. At most `capacity` items wait; then the client
 * is not listened to until the method has taken one (reference hub-and-service-protocol §3.1).
 */
export class Upload implements AsyncIterableIterator<unknown, undefined, undefined> {
  readonly #owner: UploadOwner;
  readonly #capacity: number;
  readonly #items: unknown[] = [];
  #waiting: { resolve: (result: IteratorResult<unknown, undefined>) => void; reject: (error: unknown) => void }[] = [];
  #ended = false;
  #error: unknown;
  #pauses = false;

  constructor(owner: UploadOwner, capacity: number) {
    this.#owner = owner;
    this.#capacity = capacity;
  }

  /** An item came. */
  push(item: unknown): void {
    if (this.#ended) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader.resolve({ value: item, done: false });
      return;
    }
    this.#items.push(item);
    if (this.#items.length > this.#capacity && !this.#pauses) {
      this.#pauses = true;
      this.#owner.pause();
    }
  }

  /** The client has sent everything. @param error what went wrong on its side */
  complete(error?: string): void {
    this.#end(error === undefined ? undefined : new HubException(error));
  }

  /** The connection has ended. */
  cancel(): void {
    this.#end(canceled());
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      this.#relieve();
      return Promise.resolve({ value, done: false });
    }
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(error);
  }

  /** The method wants no more; what still comes is dropped. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#items.length = 0;
    this.#end(undefined);
    this.#relieve();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    if (first === undefined) this.#error = error;
    else if (error === undefined) first.resolve({ value: undefined, done: true });
    else first.reject(error);
    for (const reader of others) reader.resolve({ value: undefined, done: true });
  }

  #relieve(): void {
    if (!this.#pauses || this.#items.length > this.#capacity) return;
    this.#pauses = false;
    this.#owner.resume();
  }
}
