import { ProtocolError, type RecordReader } from "./hub-protocol.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { checkSize, keepBefore } from "./record-limit.ts";

/*
 * A MessagePack record is its length as a base-128 number, least significant group first, then that many bytes:
 *
 *   1ccccccc 1bbbbbbb 0aaaaaaa  body     length = a·2^14 + b·2^7 + c, at most 5 groups and 2^31 − 1
 */
export const maxPrefixBytes = 5;
const maxBodyBytes = 2 ** 31 - 1;

interface LengthPrefix {
  /** 1 to 5. */
  readonly prefixBytes: number;
  readonly bodyBytes: number;
}

/**
 * @returns undefined while the prefix is incomplete
 * @throws {ProtocolError} for one that is too long or too large
 */
function readLengthPrefix(bytes: Uint8Array, start: number): LengthPrefix | undefined {
  let bodyBytes = 0;
  // A power would be a call of the C library each time.
  let unit = 1;
  for (let index = 0; index < maxPrefixBytes; index++, unit *= 0x80) {
    const group = bytes[start + index];
    if (group === undefined) return undefined;
    bodyBytes += (group & 0x7f) * unit;
    if (group < 0x80) {
      if (bodyBytes > maxBodyBytes) break;
      return { prefixBytes: index + 1, bodyBytes };
    }
  }
  throw new ProtocolError("Messages over 2GB in size are not supported.");
}

/** Puts the prefix in front; copies `body`. */
export function frame(body: Uint8Array): Uint8Array {
  let prefixBytes = 1;
  for (let rest = body.length; rest >= 0x80; rest = Math.floor(rest / 0x80)) prefixBytes++;
  const record = new Uint8Array(prefixBytes + body.length);
  let rest = body.length;
  for (let index = 0; index < prefixBytes - 1; index++) {
    record[index] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  record[prefixBytes - 1] = rest;
  record.set(body, prefixBytes);
  return record;
}

/** @throws {ProtocolError} when the prefix does not fit the record */
export function unframe(record: Uint8Array): Uint8Array {
  return record.subarray(bodyStart(record));
}

/** Where the body begins. @throws {ProtocolError} when the prefix does not fit the record */
export function bodyStart(record: Uint8Array): number {
  const prefix = readLengthPrefix(record, 0);
  if (prefix === undefined || prefix.prefixBytes + prefix.bodyBytes !== record.length) {
    throw new ProtocolError("The length prefix does not match the record.");
  }
  return prefix.prefixBytes;
}

/** How many of the bytes are whole records. @throws {ProtocolError} for a malformed prefix */
export function wholeLength(bytes: Uint8Array): number {
  let whole = 0;
  while (whole < bytes.length) {
    const prefix = readLengthPrefix(bytes, whole);
    const end = prefix === undefined ? Number.POSITIVE_INFINITY : whole + prefix.prefixBytes + prefix.bodyBytes;
    if (end > bytes.length) break;
    whole = end;
  }
  return whole;
}

const none: readonly Uint8Array[] = [];

export class MessagePackRecordReader implements RecordReader {
  readonly #limit: number;
  readonly #pending = new PendingBytes();
  /** Size of the pending record, prefix included; 0 while its prefix is incomplete. */
  #expected = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get pendingBytes(): number {
    return this.#pending.length;
  }

  read(chunk: Uint8Array): readonly Uint8Array[] {
    let records: Uint8Array[] | undefined;
    try {
      let start = 0;
      while (this.#pending.length > 0 && start < chunk.length) {
        // Byte by byte until the prefix tells the size, then as much as belongs to the record.
        const wanted = this.#expected === 0 ? 1 : this.#expected - this.#pending.length;
        const end = Math.min(start + wanted, chunk.length);
        this.#pending.append(chunk.subarray(start, end));
        start = end;
        if (this.#expected === 0) this.#expected = this.#recordSize(this.#pending.peek(), 0);
        if (this.#pending.length === this.#expected) {
          records = [this.#pending.take()];
          this.#expected = 0;
        }
      }
      while (start < chunk.length) {
        const size = this.#recordSize(chunk, start);
        if (size === 0 || start + size > chunk.length) {
          this.#pending.append(chunk.subarray(start));
          this.#expected = size;
          break;
        }
        const record = chunk.subarray(start, start + size);
        if (records === undefined) records = [record];
        else records.push(record);
        start += size;
      }
    } catch (error) {
      throw keepBefore(error, records);
    }
    return records ?? none;
  }

  /** 0 while the prefix is incomplete. The announced size counts, so that nothing is collected that must be refused anyway. */
  #recordSize(bytes: Uint8Array, start: number): number {
    const prefix = readLengthPrefix(bytes, start);
    if (prefix === undefined) {
      checkSize(bytes.length - start, this.#limit);
      return 0;
    }
    const size = prefix.prefixBytes + prefix.bodyBytes;
    checkSize(size, this.#limit);
    return size;
  }
}
