import {
  HandshakeReader,
  type HubProtocol,
  MessageTooLargeError,
  negotiateProtocol,
  ProtocolError,
  parseHandshakeRequest,
  type TransferFormat,
} from "@signalbox/protocol";

/** Largest handshake request. Real ones have 40 bytes. */
const handshakeBytes = 4096;

export const handshakeCanceled = "Handshake was canceled.";

export interface CompletedHandshake {
  /** The request with its separator. */
  readonly record: Uint8Array;
  readonly protocol: HubProtocol;
  readonly version: number;
  /** What came behind it. */
  readonly rest: Uint8Array;
}

interface SeenRequest {
  readonly record: Uint8Array;
  readonly protocol: HubProtocol;
  readonly version: number;
}

/** The latest different requests that came whole, each at most so many bytes: a client library sends the same bytes every time. */
const seen: SeenRequest[] = [];
const maxSeen = 4;
const maxSeenBytes = 64;
const nothing = new Uint8Array(0);

/** A request whose bytes were understood before, so that it needs no reader and no parser; undefined for every other one. */
export function seenHandshake(chunk: Uint8Array, formats: readonly TransferFormat[]): CompletedHandshake | undefined {
  for (const { record, protocol, version } of seen) {
    if (record.length !== chunk.length || Buffer.compare(record, chunk) !== 0) continue;
    return formats.includes(protocol.transferFormat) ? { record: chunk, protocol, version, rest: nothing } : undefined;
  }
  return undefined;
}

function remember({ record, protocol, version }: CompletedHandshake): void {
  if (record.length > maxSeenBytes || seen.some((other) => Buffer.compare(other.record, record) === 0)) return;
  if (seen.length === maxSeen) seen.shift();
  seen.push({ record: Uint8Array.from(record), protocol, version });
}

/** A handshake request that is under way. */
export class Handshake {
  readonly #reader: HandshakeReader;
  readonly #formats: readonly TransferFormat[];

  /**
   * @param limit greatest size of a message, bytes
   * @param formats what the transport can carry
   */
  constructor(limit: number, formats: readonly TransferFormat[]) {
    this.#reader = new HandshakeReader(Math.min(handshakeBytes, limit));
    this.#formats = formats;
  }

  /** @returns undefined while incomplete; whatever is thrown, `handshakeError` tells its answer */
  read(chunk: Uint8Array): CompletedHandshake | undefined {
    const cut = this.#reader.read(chunk);
    if (cut === undefined) return undefined;
    const request = parseHandshakeRequest(cut.record);
    const completed = { ...cut, protocol: negotiateProtocol(request, this.#formats), version: request.version };
    remember(completed);
    return completed;
  }
}

/** The error text of the answer (reference hub-and-service-protocol §2.1). */
export function handshakeError(error: unknown): string {
  if (error instanceof MessageTooLargeError) return handshakeCanceled;
  return error instanceof ProtocolError ? error.message : "An unexpected error occurred during connection handshake.";
}
