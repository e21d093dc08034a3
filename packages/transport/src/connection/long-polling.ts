import type { ClientConnection } from "./client-connection.ts";
import { monotonicNow } from "./clock.ts";
import { plainText } from "./http-answer.ts";
import { Posts } from "./posts.ts";
import { leftNormally, type Transport } from "./transport.ts";

/** On every answer to a GET (reference hub-and-service-protocol §1.6). */
export const pollHeaders = {
  "cache-control": "no-cache, no-store",
  pragma: "no-cache",
  expires: "Thu, 01 Jan 1970 00:00:00 GMT",
};

interface Poll {
  readonly answer: (response: Response) => void;
  /** See `monotonicNow`. */
  readonly since: number;
}

/**
 * Polls that wait until there is something for them, POSTs from the client (reference hub-and-service-protocol §1.6).
 *
 *     write ─▶ [ queue ] ─▶ waiting poll: 200 with all of it      newer poll: the older gets 204
 *                           pollTimeout: 200, empty               end, queue empty: 204, then the id is unknown
 */
export class LongPollingTransport implements Transport {
  readonly posts = new Posts();
  readonly #connection: ClientConnection;
  #queue: Uint8Array[] = [];
  #pendingBytes = 0;
  #poll: Poll | undefined = undefined;
  #lastSeen = monotonicNow();
  #isEnding = false;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  get name(): "LongPolling" {
    return "LongPolling";
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The first GET is answered at once: it tells the client that the connection is there. */
  open(): Response {
    this.#connection.attach(this);
    return withBytes([]);
  }

  /** A later GET. */
  poll(request: Request): Promise<Response> {
    this.#answer(ended);
    const answer = new Promise<Response>((resolve) => {
      this.#poll = { answer: resolve, since: monotonicNow() };
    });
    const poll = this.#poll;
    request.signal.addEventListener("abort", () => this.#abandon(poll), { once: true });
    this.#deliver();
    return answer;
  }

  /** DELETE: the client leaves. Its waiting poll learns so. */
  delete(): Response {
    const farewell = this.#connection.farewell();
    if (farewell !== undefined) this.#queue.push(farewell);
    if (this.#queue.length > 0) this.#answer(() => withBytes(this.#queue));
    this.#ended();
    return plainText(202);
  }

  write(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#queue.push(part);
      this.#pendingBytes += part.length;
    }
    this.#deliver();
  }

  end(): void {
    this.#isEnding = true;
    this.#deliver();
  }

  abort(): void {
    this.#ended();
  }

  /** Nothing: a paused client's POSTs wait for their answer. */
  pause(): void {}

  resume(): void {}

  sweep(now: number): void {
    if (this.#poll !== undefined) {
      if (now - this.#poll.since >= this.#connection.limit("pollTimeout")) this.#answer(() => plainText(200, "", pollHeaders));
    } else if (now - this.#lastSeen >= this.#connection.limit("pollInterval")) {
      this.#ended(1006);
    }
  }

  #deliver(): void {
    if (this.#poll === undefined) return;
    if (this.#queue.length > 0) {
      const bytes = this.#queue;
      this.#queue = [];
      this.#pendingBytes = 0;
      this.#answer(() => withBytes(bytes));
      this.#connection.drained();
    } else if (this.#isEnding) {
      this.#ended();
    }
  }

  #answer(response: () => Response): void {
    const poll = this.#poll;
    this.#poll = undefined;
    this.#lastSeen = monotonicNow();
    poll?.answer(response());
  }

  /** The client gave the request up: what comes now waits for its next one. */
  #abandon(poll: Poll | undefined): void {
    if (this.#poll === poll) this.#answer(ended);
  }

  #ended(code = leftNormally): void {
    this.#answer(ended);
    this.#connection.transportEnded(this, code);
  }
}

function ended(): Response {
  return plainText(204, "", pollHeaders);
}

function withBytes(parts: readonly Uint8Array[]): Response {
  const body = Buffer.concat(parts);
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", "content-length": String(body.length), ...pollHeaders },
  });
}
