import { ProtocolError } from "./hub-protocol.ts";

const encoder = new TextEncoder();
// A byte order mark is no JSON; it must reach the parser, not vanish.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Buffer.from takes small texts from a pool: on Node three to five times as fast as TextEncoder. Bun has no such pool and the faster
 * TextEncoder; browsers have no Buffer.
 */
export const encodeUtf8: (text: string) => Uint8Array =
  "Buffer" in globalThis && !("Bun" in globalThis) ? (text) => Buffer.from(text, "utf8") : (text) => encoder.encode(text);

/** @throws {ProtocolError} when the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("The text is not valid UTF-8.", { cause });
  }
}
