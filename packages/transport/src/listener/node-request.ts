import { IncomingMessage, type ServerResponse } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { BodyReader, HotRequest, Peer } from "./listener.ts";
import type { Replies } from "./replies.ts";

const EMPTY = new Uint8Array(0);
const MAPPED_IPV4 = "::ffff:";

/**
 * Node's message, which also gathers its body for a {@link BodyReader}: the parser hands each piece to `push`, so the body is complete
 * in the turn of the headers, without the events and ticks of a stream. Unless asked to, it is the stream it always was.
 */
export class NodeRequest extends IncomingMessage implements HotRequest {
  declare method: string;
  declare url: string;
  #gathering: Gathering | undefined = undefined;

  get target(): string {
    return this.url;
  }

  header(name: string): string | undefined {
    return findHeader(this.rawHeaders, name);
  }

  /** Takes the body away from the stream and settles the answer once it is there, or too large. */
  gather(reader: BodyReader, response: ServerResponse, replies: Replies<ServerResponse>): void {
    if (Number(this.header("content-length")) > reader.limit) {
      replies.settle(response, reader, undefined);
      return;
    }
    this.#gathering = new Gathering(reader, response, replies);
    // Says that somebody reads: otherwise Node starts to drop the body once the answer is out.
    super._read(0);
  }

  override push(piece: unknown, encoding?: BufferEncoding): boolean {
    if (this.#gathering === undefined) return super.push(piece, encoding);
    if (piece === null) this.#gathering.end();
    else this.#gathering.add(piece as Buffer);
    return true;
  }
}

/** A body on its way in. One that outgrows the limit is read on and dropped, so that the connection stays usable. */
class Gathering {
  readonly #reader: BodyReader;
  readonly #response: ServerResponse;
  /** Undefined once the answer is settled. */
  #replies: Replies<ServerResponse> | undefined;
  #first: Buffer | undefined = undefined;
  #pieces: Buffer[] | undefined = undefined;
  #size = 0;

  constructor(reader: BodyReader, response: ServerResponse, replies: Replies<ServerResponse>) {
    this.#reader = reader;
    this.#response = response;
    this.#replies = replies;
  }

  add(piece: Buffer): void {
    if (this.#replies === undefined) return;
    this.#size += piece.length;
    if (this.#size > this.#reader.limit) this.#done(undefined);
    else if (this.#first === undefined) this.#first = piece;
    else if (this.#pieces === undefined) this.#pieces = [this.#first, piece];
    else this.#pieces.push(piece);
  }

  end(): void {
    this.#done(this.#pieces === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#pieces, this.#size));
  }

  #done(body: Uint8Array | undefined): void {
    const replies = this.#replies;
    this.#replies = undefined;
    this.#first = undefined;
    this.#pieces = undefined;
    replies?.settle(this.#response, this.#reader, body);
  }
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
