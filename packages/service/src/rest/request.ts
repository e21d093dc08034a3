import { type HotRequest, targetOf } from "@signalbox/transport";

export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** A request as routes see it: a `Request` of the runtime, wrapped. */
export class RestRequest implements HotRequest {
  readonly target: string;
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    this.target = targetOf(request.url);
  }

  get method(): string {
    return this.#request.method;
  }

  /**
   * Scheme and host under which the caller reached the service, for absolute links. Behind a proxy that ends TLS the forwarded names
   * count: they show in no answer but the caller's own.
   */
  get origin(): string {
    const url = new URL(this.#request.url);
    const scheme = firstOf(this.header("x-forwarded-proto")) ?? url.protocol.slice(0, -1);
    return `${scheme === "https" ? "https" : "http"}://${firstOf(this.header("x-forwarded-host")) ?? url.host}`;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  /**
   * The whole body.
   * @param limit bytes
   * @throws {BodyTooLargeError} when it is larger, declared or while reading
   */
  async body(limit: number): Promise<Uint8Array> {
    if (Number(this.header("content-length") ?? 0) > limit) throw new BodyTooLargeError();
    const stream = this.#request.body;
    if (stream === null) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) throw new BodyTooLargeError();
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
  }
}

function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(",", 1)[0]?.trim();
  return first !== undefined && /^[\w.:[\]-]+$/.test(first) ? first : undefined;
}
