import type { ClientConnection } from "./client-connection.ts";
import { Posts } from "./posts.ts";
import { leftNormally, type Transport } from "./transport.ts";

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache,no-store",
  pragma: "no-cache",
  "content-encoding": "identity",
};

const opening = Buffer.from(":\r\n");
const field = Buffer.from("data: ");
const eventEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

/**
 * An event stream from us, POSTs from the client (reference hub-and-service-protocol §1.5). Bytes wait here until the runtime asks for
 * them, so that a client that does not read shows in `pendingBytes`.
 */
export class ServerSentEventsTransport implements Transport {
  readonly posts = new Posts();
  readonly #connection: ClientConnection;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined = undefined;
  #queue: Uint8Array[] = [opening];
  #pendingBytes = 0;
  #isAwaited = false;
  #isEnding = false;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  get name(): "ServerSentEvents" {
    return "ServerSentEvents";
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The answer to the client's GET. */
  open(): Response {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isAwaited = true;
          this.#deliver();
        },
        cancel: () => this.#ended(),
      },
      { highWaterMark: 0 },
    );
    this.#connection.attach(this);
    return new Response(body, { headers });
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#controller === undefined) return;
    const event = encodeEvent(parts);
    this.#queue.push(event);
    this.#pendingBytes += event.length;
    this.#deliver();
  }

  end(): void {
    this.#isEnding = true;
    this.#deliver();
  }

  abort(): void {
    try {
      this.#controller?.error(new Error("The event stream was aborted."));
    } catch {
      // It has ended already.
    }
    this.#ended();
  }

  /** Nothing: a paused client's POSTs wait for their answer. */
  pause(): void {}

  resume(): void {}

  #deliver(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if (this.#isAwaited && this.#queue.length > 0) {
      const bytes = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
      this.#isAwaited = false;
      this.#queue = [];
      this.#pendingBytes = 0;
      controller.enqueue(bytes);
      this.#connection.drained();
    }
    if (this.#isEnding && this.#queue.length === 0) {
      controller.close();
      this.#ended();
    }
  }

  #ended(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#queue = [];
    this.#pendingBytes = 0;
    this.#connection.transportEnded(this, leftNormally);
  }
}

/** One event holding the parts one after the other: the client cuts them apart again. A line break inside begins a new `data` line. */
export function encodeEvent(parts: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [field];
  for (const part of parts) {
    let rest = part;
    for (let end = lineBreak(rest); end >= 0; end = lineBreak(rest)) {
      pieces.push(rest.subarray(0, end), lineEnd, field);
      rest = rest.subarray(rest[end] === 0x0d && rest[end + 1] === 0x0a ? end + 2 : end + 1);
    }
    pieces.push(rest);
  }
  pieces.push(eventEnd);
  return Buffer.concat(pieces);
}

function lineBreak(bytes: Uint8Array): number {
  const feed = bytes.indexOf(0x0a);
  const carriage = bytes.indexOf(0x0d);
  return feed < 0 || carriage < 0 ? Math.max(feed, carriage) : Math.min(feed, carriage);
}
