import { targetOf } from "../http/target.ts";
import type { BunServer } from "./bun-runtime.ts";
import type { HotReply, HotRequest, Peer, UpgradeRequest } from "./listener.ts";
import { parseSubprotocols } from "./upgrade.ts";

export class BunRequest implements HotRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return targetOf(this.#request.url);
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  /**
   * The whole body, or undefined when it exceeds the limit. Rejects when the client leaves before its end.
   * @param limit bytes
   */
  body(limit: number): Promise<Uint8Array | undefined> {
    const declared = this.header("content-length");
    if (declared === undefined) return readStream(this.#request.body, limit);
    return Number(declared) > limit ? Promise.resolve(undefined) : this.#request.bytes();
  }
}

/** Asks Bun for address and subprotocols only when somebody wants to know. */
export class BunUpgradeRequest implements UpgradeRequest {
  readonly target: string;
  readonly #request: Request;
  readonly #server: BunServer<unknown>;
  readonly #isSecure: boolean;

  constructor(request: Request, server: BunServer<unknown>, isSecure: boolean) {
    this.target = targetOf(request.url);
    this.#request = request;
    this.#server = server;
    this.#isSecure = isSecure;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get peer(): Peer {
    return peerOf(this.#request, this.#server, this.#isSecure);
  }

  get certificateThumbprint(): undefined {
    return undefined;
  }

  get subprotocols(): readonly string[] {
    return parseSubprotocols(this.headers.get("sec-websocket-protocol"));
  }
}

export function peerOf(request: Request, server: BunServer<unknown>, secure: boolean): Peer {
  return { address: server.requestIP(request)?.address ?? "", secure };
}

/** A body of unknown length is counted while it arrives, never gathered whole first. */
async function readStream(stream: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (stream !== null) {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > limit) return undefined;
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks, size);
}

/** Answers of nothing but a status, one of each: Bun takes a response without a body again and again, and making one costs 5 % of a send. */
const bare = new Map<number, Response>();

function bareResponse(status: number): Response {
  const known = bare.get(status);
  if (known !== undefined) return known;
  const response = new Response(null, { status });
  bare.set(status, response);
  return response;
}

export function toResponse(reply: HotReply): Response {
  const { status, headers, body } = reply;
  if (headers === undefined && body === undefined) return bareResponse(status);
  return new Response(body ?? null, headers === undefined ? { status } : { status, headers });
}
