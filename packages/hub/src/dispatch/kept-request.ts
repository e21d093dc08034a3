import type { HeaderReader } from "@signalbox/transport";

/** The request that a client came with. */
export interface ConnectRequest {
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: HeaderReader;
  readonly peer: { readonly address: string };
}

/**
 * It as long as the client is there. Most clients idle and nobody asks, so the headers are one text: one by one they take several times
 * the room.
 */
export class KeptRequest implements HeaderReader {
  readonly target: string;
  readonly address: string;
  readonly #headers: string;

  constructor({ target, headers, peer }: ConnectRequest) {
    this.target = target;
    this.address = peer.address;
    this.#headers = JSON.stringify([...headers.entries()]);
  }

  get(name: string): string | null {
    const values = this.entries().filter(([other]) => other.toLowerCase() === name.toLowerCase());
    return values.length === 0 ? null : values.map(([, value]) => value).join(", ");
  }

  entries(): readonly (readonly [name: string, value: string])[] {
    return JSON.parse(this.#headers);
  }
}
