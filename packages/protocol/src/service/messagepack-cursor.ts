import { decodeTimestampExtension, EXT_TIMESTAMP } from "@msgpack/msgpack";
import { ProtocolError } from "../hub-protocol.ts";
import { forms } from "../messagepack-scan.ts";
import { decodeUtf8 } from "../utf8.ts";

/**
 * Reads MessagePack values one after the other, without building what nobody asked for: binary comes out as a view, and maps and lists
 * are read by whoever knows what they hold (a map of the service protocol may repeat a key). Announced lengths are held against what is
 * really there, so hostile ones cost nothing.
 */
export class MessagePackCursor {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Begins with other bytes, at a place in them. */
  reset(bytes: Uint8Array, at = 0): this {
    this.#bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    return this;
  }

  /** Takes a nil if that is next. */
  tryNil(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#at++;
    return true;
  }

  /** @returns how many items follow */
  array(): number {
    const head = this.#head();
    if (head >= 0x90 && head <= 0x9f) return this.#children(head & 0x0f, 1);
    if (head === 0xdc) return this.#children(this.#unsigned(2), 1);
    if (head === 0xdd) return this.#children(this.#unsigned(4), 1);
    throw unexpected("a list", head);
  }

  /** @returns how many pairs of key and value follow */
  map(): number {
    const head = this.#head();
    if (head >= 0x80 && head <= 0x8f) return this.#children(head & 0x0f, 2);
    if (head === 0xde) return this.#children(this.#unsigned(2), 2);
    if (head === 0xdf) return this.#children(this.#unsigned(4), 2);
    throw unexpected("a map", head);
  }

  text(): string {
    const head = this.#head();
    let length: number;
    if (head >= 0xa0 && head <= 0xbf) length = head & 0x1f;
    else if (head >= 0xd9 && head <= 0xdb) length = this.#unsigned(sizeOf(head - 0xd9));
    else throw unexpected("a text", head);
    const start = this.#skip(length);
    const bytes = this.#bytes;
    // Ids and names are short and ASCII; the check costs less than a decoder's call.
    if (length <= shortText) {
      let at = start;
      while (at < this.#at && bytes[at]! < 0x80) at++;
      if (at === this.#at) return bytes.toString("latin1", start, at);
    }
    return decodeUtf8(bytes.subarray(start, this.#at));
  }

  /** A view of the bytes; older writers use the text format for binary. */
  bytes(): Uint8Array {
    const head = this.#head();
    let length: number;
    if (head >= 0xc4 && head <= 0xc6) length = this.#unsigned(sizeOf(head - 0xc4));
    else if (head >= 0xa0 && head <= 0xbf) length = head & 0x1f;
    else if (head >= 0xd9 && head <= 0xdb) length = this.#unsigned(sizeOf(head - 0xd9));
    else throw unexpected("binary", head);
    const start = this.#skip(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Within ±(2^53 − 1), in whatever format it was written. */
  integer(): number {
    const head = this.#head();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head < 0xcc || head > 0xd3) throw unexpected("an integer", head);
    const size = sizeOf((head - 0xcc) & 3);
    const start = this.#skip(size);
    if (size < 8) return head < 0xd0 ? this.#bytes.readUIntBE(start, size) : this.#bytes.readIntBE(start, size);
    const value = Number(head === 0xcf ? this.#bytes.readBigUInt64BE(start) : this.#bytes.readBigInt64BE(start));
    if (!Number.isSafeInteger(value)) throw new ProtocolError(`The integer ${value} is too large.`);
    return value;
  }

  /** An integer of 64 bits without sign. */
  unsigned64(): bigint {
    if (this.#bytes[this.#at] !== 0xcf) return BigInt(this.integer());
    this.#at++;
    return this.#bytes.readBigUInt64BE(this.#skip(8));
  }

  boolean(): boolean {
    const head = this.#head();
    if (head !== 0xc2 && head !== 0xc3) throw unexpected("a boolean", head);
    return head === 0xc3;
  }

  /** Milliseconds since 1970. */
  timestamp(): number {
    const head = this.#head();
    const size = head === 0xd6 ? 4 : head === 0xd7 ? 8 : head === 0xc7 ? this.#unsigned(1) : 0;
    const isTimestamp = size === 4 || size === 8 || size === 12;
    if (!isTimestamp || this.#bytes.readInt8(this.#skip(1)) !== EXT_TIMESTAMP) throw unexpected("a timestamp", head);
    const start = this.#skip(size);
    return decodeTimestampExtension(this.#bytes.subarray(start, this.#at)).getTime();
  }

  /** Passes over one value, whatever it is. */
  skip(): void {
    for (let due = 1; due > 0; due--) {
      const head = this.#head();
      if (head < 0x80 || head >= 0xe0) continue;
      if (head < 0x90) due += this.#children(head & 0x0f, 2) * 2;
      else if (head < 0xa0) due += this.#children(head & 0x0f, 1);
      else if (head < 0xc0) this.#skip(head & 0x1f);
      else {
        const { lengthBytes, fixed, perItem } = forms[head - 0xc0]!;
        const length = lengthBytes === 0 ? 0 : this.#unsigned(lengthBytes);
        this.#skip(fixed);
        if (perItem === 0) this.#skip(length);
        else due += this.#children(length, perItem) * perItem;
      }
    }
  }

  #head(): number {
    const head = this.#bytes[this.#at];
    if (head === undefined) throw truncated();
    this.#at++;
    return head;
  }

  /** @returns where the skipped bytes start */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw truncated();
    this.#at = start + length;
    return start;
  }

  #unsigned(size: number): number {
    if (size === 1) return this.#head();
    return this.#bytes.readUIntBE(this.#skip(size), size);
  }

  #children(count: number, perItem: number): number {
    if (count * perItem > this.#bytes.length - this.#at) throw truncated();
    return count;
  }
}

const shortText = 64;

const sizeOf = (step: number): number => 1 << step;

function truncated(): ProtocolError {
  return new ProtocolError("The message ends within a value.");
}

function unexpected(wanted: string, head: number): ProtocolError {
  return new ProtocolError(`Expected ${wanted}, found the MessagePack format 0x${head.toString(16).padStart(2, "0")}.`);
}
