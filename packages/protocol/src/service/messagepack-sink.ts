import { EXT_TIMESTAMP, encodeTimestampExtension } from "@msgpack/msgpack";

/** A larger buffer is not kept in mind as the size of the next one; bytes. */
const maxFirstSize = 64 * 1024;
const minSize = 256;

/**
 * Writes MessagePack values one after the other into one growing buffer, framed records among them. What was `taken` belongs to the
 * caller; the next value begins a new buffer.
 */
export class MessagePackSink {
  #buffer: Buffer | undefined;
  #at = 0;
  #firstSize = minSize;
  /** Length of the last record's prefix: the guess for the next one's. */
  #prefixBytes = 1;

  /** Bytes written and not taken. */
  get length(): number {
    return this.#at;
  }

  /** What was written; empty when nothing was. */
  take(): Uint8Array {
    const bytes = this.#buffer?.subarray(0, this.#at) ?? Buffer.alloc(0);
    this.#firstSize = Math.max(minSize, Math.min(this.#at + (this.#at >> 2), maxFirstSize));
    this.#buffer = undefined;
    this.#at = 0;
    return bytes;
  }

  /**
   * Writes a record with its length in front, as the hub protocol frames its messages (reference hub-and-service-protocol §2.4).
   * When writing throws, nothing has been written.
   */
  frame<T>(writer: { write(sink: MessagePackSink, value: T): void }, value: T): void {
    const start = this.#at;
    try {
      this.#room(this.#prefixBytes);
      this.#at += this.#prefixBytes;
      const bodyStart = this.#at;
      writer.write(this, value);
      this.#prefix(start, bodyStart, this.#at - bodyStart);
    } catch (error) {
      this.#at = start;
      throw error;
    }
  }

  nil(): void {
    this.#byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  array(count: number): void {
    this.#header(count, 0x90, 0x0f, 0xdc);
  }

  map(count: number): void {
    this.#header(count, 0x80, 0x0f, 0xde);
  }

  /** Takes the shortest format. @throws {RangeError} when it is no integer within ±(2^53 − 1) */
  integer(value: number): void {
    if (!Number.isInteger(value)) this.#long(value);
    else if (value >= 0 && value < 0x80) this.#byte(value);
    else if (value < 0) this.#negative(value);
    else if (value <= 0xff) this.#unsigned(0xcc, value, 1);
    else if (value <= 0xffff) this.#unsigned(0xcd, value, 2);
    else if (value <= 0xffff_ffff) this.#unsigned(0xce, value, 4);
    else this.#long(value);
  }

  /** Always in five bytes. */
  integer32(value: number): void {
    const buffer = this.#room(5);
    buffer[this.#at] = 0xd2;
    this.#at = buffer.writeInt32BE(value, this.#at + 1);
  }

  /** @param value of at most 64 bits */
  unsigned64(value: bigint): void {
    if (value <= Number.MAX_SAFE_INTEGER) {
      this.integer(Number(value));
      return;
    }
    const buffer = this.#room(9);
    buffer[this.#at] = 0xcf;
    this.#at = buffer.writeBigUInt64BE(value, this.#at + 1);
  }

  text(value: string): void {
    if (value.length < 0x20 && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    if (length < 0x20) this.#byte(0xa0 | length);
    else this.#sized(0xd9, length);
    this.#at += this.#room(length).write(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#sized(0xc4, value.length);
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
  }

  /** @param milliseconds since 1970 */
  timestamp(milliseconds: number): void {
    const data = encodeTimestampExtension(new Date(milliseconds))!;
    if (data.length === 12) this.#unsigned(0xc7, data.length, 1);
    else this.#byte(data.length === 4 ? 0xd6 : 0xd7);
    this.#byte(EXT_TIMESTAMP & 0xff);
    this.#room(data.length).set(data, this.#at);
    this.#at += data.length;
  }

  /** Ids and names are short and ASCII; their letters one by one cost less than a call out of the engine. @returns false for other texts */
  #shortAscii(value: string): boolean {
    const { length } = value;
    const buffer = this.#room(1 + length);
    const start = this.#at;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      buffer[start + 1 + index] = code;
    }
    buffer[start] = 0xa0 | length;
    this.#at = start + 1 + length;
    return true;
  }

  #byte(value: number): void {
    this.#room(1)[this.#at++] = value;
  }

  #negative(value: number): void {
    if (value >= -0x20) {
      this.#byte(value + 0x100);
      return;
    }
    if (value < -0x8000_0000) {
      this.#long(value);
      return;
    }
    const size = value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4;
    const buffer = this.#room(1 + size);
    buffer[this.#at] = 0xd0 + (size >> 1);
    this.#at = buffer.writeIntBE(value, this.#at + 1, size);
  }

  #long(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer within ±(2^53 − 1).`);
    const buffer = this.#room(9);
    buffer[this.#at] = value < 0 ? 0xd3 : 0xcf;
    this.#at = buffer.writeBigInt64BE(BigInt(value), this.#at + 1);
  }

  #unsigned(head: number, value: number, size: number): void {
    const buffer = this.#room(1 + size);
    buffer[this.#at++] = head;
    if (size === 1) buffer[this.#at++] = value;
    else this.#at = buffer.writeUIntBE(value, this.#at, size);
  }

  /** A length in 1, 2 or 4 bytes, whose head bytes follow each other. */
  #sized(head: number, length: number): void {
    if (length <= 0xff) this.#unsigned(head, length, 1);
    else if (length <= 0xffff) this.#unsigned(head + 1, length, 2);
    else this.#unsigned(head + 2, length, 4);
  }

  #header(count: number, short: number, shortMax: number, long: number): void {
    if (count <= shortMax) this.#byte(short | count);
    else if (count <= 0xffff) this.#unsigned(long, count, 2);
    else this.#unsigned(long + 1, count, 4);
  }

  #prefix(start: number, bodyStart: number, bodyBytes: number): void {
    const size = prefixSize(bodyBytes);
    if (size !== bodyStart - start) {
      this.#room(size);
      this.#buffer!.copyWithin(start + size, bodyStart, this.#at);
      this.#at = start + size + bodyBytes;
      this.#prefixBytes = size;
    }
    const buffer = this.#buffer!;
    let rest = bodyBytes;
    for (let at = start; at < start + size - 1; at++) {
      buffer[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[start + size - 1] = rest;
  }

  /** The buffer, with so many bytes free behind `#at`. */
  #room(bytes: number): Buffer {
    const needed = this.#at + bytes;
    const buffer = this.#buffer;
    if (buffer !== undefined && needed <= buffer.length) return buffer;
    const grown = Buffer.allocUnsafe(Math.max(needed, buffer === undefined ? this.#firstSize : buffer.length * 2));
    if (buffer !== undefined) buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
    return grown;
  }
}

function prefixSize(length: number): number {
  let size = 1;
  for (let rest = length; rest >= 0x80; rest >>>= 7) size++;
  return size;
}
