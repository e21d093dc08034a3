import { ProtocolError } from "./hub-protocol.ts";

const encoder = new TextEncoder();
// A byte order mark is no JSON; it must reach the parser, not vanish.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Buffer.from takes small texts from a pool: on Node three to five times as fast as TextEncoder. On Bun, whose Buffer has no such pool,
 * it is the other way round.
 */
export const encodeUtf8: (text: string) => Uint8Array =
  "Bun" in globalThis ? (text) => encoder.encode(text) : (text) => Buffer.from(text, "utf8");

/** @throws {ProtocolError} when the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("The text is not valid UTF-8.", { cause });
  }
}
