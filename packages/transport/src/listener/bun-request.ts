import { BodyTooLargeError, type HotReply, type HotRequest } from "./listener.ts";

/** Length of the shortest start of a URL that holds no path: `http://`. */
const AFTER_SCHEME = "http://".length;

export class BunRequest implements HotRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    const { url } = this.#request;
    return url.slice(url.indexOf("/", AFTER_SCHEME + 1));
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  body(limit: number): Promise<Uint8Array> {
    const declared = this.header("content-length");
    if (declared === undefined) return readStream(this.#request.body, limit);
    if (Number(declared) > limit) return Promise.reject(new BodyTooLargeError(limit));
    return this.#request.bytes();
  }
}

/** A body of unknown length is counted while it arrives, never gathered whole first. */
async function readStream(stream: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (stream !== null) {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > limit) throw new BodyTooLargeError(limit);
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks, size);
}

export function toResponse(reply: HotReply): Response {
  const { status, headers, body } = reply;
  return new Response(body ?? null, headers === undefined ? { status } : { status, headers });
}
