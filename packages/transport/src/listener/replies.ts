import type { ServerResponse } from "node:http";
import type { HotReply } from "./listener.ts";

/**
 * Answers to hot requests, written together when the turn of the event loop ends:
 *
 *     request ──▶ add ──┐
 *     request ──▶ add ──┤  first of the turn: setImmediate ──▶ every answer is written
 *     request ──▶ add ──┘
 *
 * Each write wakes whoever waits for it. Callers that are woken one by one send their next requests one by one, and each then costs a
 * turn of its own; callers that are answered together are read together. With eight of them that saves a quarter of all CPU time.
 */
export class Replies {
  #waiting: Waiting[] = [];
  readonly #onError: (error: unknown) => void;
  readonly #run = (): void => this.#write();

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(response: ServerResponse, reply: HotReply): void {
    if (this.#waiting.length === 0) setImmediate(this.#run);
    this.#waiting.push({ response, reply });
  }

  #write(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { response, reply } of waiting) {
      try {
        write(response, reply);
      } catch (error) {
        this.#onError(error);
        response.destroy();
      }
    }
  }
}

interface Waiting {
  readonly response: ServerResponse;
  readonly reply: HotReply;
}

function write(response: ServerResponse, { status, headers, body }: HotReply): void {
  const lines = ["Content-Length", body === undefined ? "0" : String(Buffer.byteLength(body))];
  if (headers !== undefined) for (const name in headers) lines.push(name, headers[name]!);
  response.writeHead(status, lines);
  response.end(body);
}
