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
    return { ...cut, protocol: negotiateProtocol(request, this.#formats), version: request.version };
  }
}

/** The error text of the answer (reference hub-and-service-protocol §2.1). */
export function handshakeError(error: unknown): string {
  if (error instanceof MessageTooLargeError) return handshakeCanceled;
  return error instanceof ProtocolError ? error.message : "An unexpected error occurred during connection handshake.";
}
