import type { IncomingMessage } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import { BodyTooLargeError, type HotRequest, type Peer } from "./listener.ts";

const EMPTY = new Uint8Array(0);
const MAPPED_IPV4 = "::ffff:";

/** Reads straight from Node's message: no header object, no `Request`. */
export class NodeRequest implements HotRequest {
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  get method(): string {
    return this.#message.method!;
  }

  get target(): string {
    return this.#message.url!;
  }

  header(name: string): string | undefined {
    return findHeader(this.#message.rawHeaders, name);
  }

  body(limit: number): Promise<Uint8Array> {
    const declared = this.header("content-length");
    if (declared === "0") return Promise.resolve(EMPTY);
    if (Number(declared) > limit) return Promise.reject(new BodyTooLargeError(limit));
    return new Promise((resolve, reject) => readBody(this.#message, limit, resolve, reject));
  }
}

/** A body that outgrows the limit is read on and dropped, so that the connection stays usable. */
function readBody(
  message: IncomingMessage,
  limit: number,
  resolve: (body: Uint8Array) => void,
  reject: (error: Error) => void,
): void {
  let first: Buffer | undefined;
  let chunks: Buffer[] | undefined;
  let size = 0;
  message.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) {
      first = undefined;
      chunks = undefined;
      reject(new BodyTooLargeError(limit));
    } else if (first === undefined) first = chunk;
    else if (chunks === undefined) chunks = [first, chunk];
    else chunks.push(chunk);
  });
  message.on("end", () => resolve(chunks === undefined ? (first ?? EMPTY) : Buffer.concat(chunks, size)));
  message.on("error", reject);
}

/** @param name lower-case */
export function findHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i]!;
    if (candidate.length !== name.length || (candidate !== name && candidate.toLowerCase() !== name)) continue;
    const value = rawHeaders[i + 1]!;
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

export function peerOf(socket: TcpSocket | TLSSocket): Peer {
  const address = socket.remoteAddress ?? "";
  return {
    address: address.startsWith(MAPPED_IPV4) ? address.slice(MAPPED_IPV4.length) : address,
    secure: "encrypted" in socket && socket.encrypted,
  };
}
