const TEXT = 0x81;
const BINARY = 0x82;

/** A ping without payload. */
export const PING_FRAME: Uint8Array = Uint8Array.of(0x89, 0);

/**
 * The WebSocket frame of a server message: final, unmasked, not compressed (RFC 6455 §5.2). The parts follow the header in one buffer,
 * so that they leave in a single write.
 */
export function encodeFrame(parts: readonly Uint8Array[], isText: boolean): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = isText ? TEXT : BINARY;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 0x1_0000_0000), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  let offset = start;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

/** The frames of several messages of one kind, one after the other. */
export function encodeFrames(messages: readonly Uint8Array[], isText: boolean): Buffer {
  if (messages.length === 1) return encodeFrame(messages, isText);
  return Buffer.concat(messages.map((message) => encodeFrame([message], isText)));
}

/**
 * Remembers what the last list of parts was turned into. A broadcast hands the same parts to one socket after the other: the first
 * pays, the others share. "Same" means the identical objects in the same order; neither the parts nor their list may change.
 */
export class LastMessage<T> {
  readonly #make: (parts: readonly Uint8Array[], isText: boolean) => T;
  #parts: readonly Uint8Array[] = [];
  #isText = false;
  #made: T | undefined;

  constructor(make: (parts: readonly Uint8Array[], isText: boolean) => T) {
    this.#make = make;
  }

  of(parts: readonly Uint8Array[], isText: boolean): T {
    if (this.#made !== undefined && isText === this.#isText && this.#holds(parts)) return this.#made;
    const made = this.#make(parts, isText);
    this.#parts = parts;
    this.#isText = isText;
    this.#made = made;
    return made;
  }

  #holds(parts: readonly Uint8Array[]): boolean {
    const held = this.#parts;
    if (held.length !== parts.length) return false;
    for (let i = 0; i < parts.length; i++) if (held[i] !== parts[i]) return false;
    return true;
  }
}
