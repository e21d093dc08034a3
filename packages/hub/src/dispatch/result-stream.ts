import { MessageType } from "@signalbox/protocol";
import { errorText, HubException } from "../hub/errors.ts";
import type { Call } from "./call.ts";

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** What counts as a stream: async iterables, ReadableStreams among them, and generators. Arrays, maps, strings and the like are values. */
export function isStream(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.asyncIterator in value || (Symbol.iterator in value && "next" in value && typeof value.next === "function");
}

/** A stream that nobody reads. */
export function discard(stream: AsyncIterable<unknown> | Iterable<unknown>): void {
  stop(iteratorOf(stream));
}

/**
 * Sends what a method streams, item by item, no faster than the client reads. Resolves at the end, with whatever error; when the client
 * cancels, at once, although the method may still be at work on an item.
 * @param onError hears of what the stream threw, unless it was meant for the client
 */
export function sendStream(
  call: Call,
  stream: AsyncIterable<unknown> | Iterable<unknown>,
  isDetailed: boolean,
  onError: (error: unknown) => void,
): Promise<void> {
  return new Promise((resolve) => new ResultStream(call, iteratorOf(stream), isDetailed, onError, resolve).start());
}

class ResultStream {
  readonly #call: Call;
  readonly #iterator: AnyIterator;
  readonly #isDetailed: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #done: () => void;
  #ended = false;
  readonly #pull = (): void => void this.#next();
  readonly #fail = (error: unknown): void => this.#end(error);

  constructor(call: Call, iterator: AnyIterator, isDetailed: boolean, onError: (error: unknown) => void, done: () => void) {
    this.#call = call;
    this.#iterator = iterator;
    this.#isDetailed = isDetailed;
    this.#onError = onError;
    this.#done = done;
  }

  start(): void {
    this.#call.onCancel = () => {
      stop(this.#iterator);
      this.#end();
    };
    if (this.#call.isCanceled) this.#call.onCancel();
    else this.#next();
  }

  async #next(): Promise<void> {
    try {
      while (!this.#ended) {
        const { value, done } = await this.#iterator.next();
        if (this.#ended) return;
        if (done) return this.#end();
        this.#call.send({ type: MessageType.StreamItem, invocationId: this.#call.message.invocationId!, item: value });
        const room = this.#call.context.connection.writable();
        if (room !== undefined) {
          room.then(this.#pull, this.#fail);
          return;
        }
      }
    } catch (error) {
      stop(this.#iterator);
      this.#end(error);
    }
  }

  #end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.onCancel = undefined;
    if (error === undefined) this.#call.complete({});
    else {
      if (!(error instanceof HubException)) this.#onError(error);
      const text = "An error occurred on the server while streaming results.";
      this.#call.complete({ error: errorText(text, error, this.#isDetailed) });
    }
    this.#done();
  }
}

/** A stream that cannot be read, such as a locked one, fails like one whose first item does. */
function iteratorOf(stream: AsyncIterable<unknown> | Iterable<unknown>): AnyIterator {
  try {
    return openIterator(stream);
  } catch (error) {
    return { next: () => Promise.reject(error) };
  }
}

function openIterator(stream: AsyncIterable<unknown> | Iterable<unknown>): AnyIterator {
  return Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
}

/** Lets the producer clean up; whether it succeeds is nobody's concern any more. */
function stop(iterator: AnyIterator): void {
  (async () => iterator.return?.())().catch(() => {});
}
