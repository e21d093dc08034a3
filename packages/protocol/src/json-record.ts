import type { RecordReader } from "./hub-protocol.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { checkSize, keepBefore } from "./record-limit.ts";

/** Ends every JSON record. Cannot occur inside one: JSON escapes control characters. */
export const recordSeparator = 0x1e;

const none: readonly Uint8Array[] = [];

export class JsonRecordReader implements RecordReader {
  readonly #limit: number;
  readonly #pending = new PendingBytes();

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
      let end = chunk.indexOf(recordSeparator) + 1;
      if (end > 0 && this.#pending.length > 0) {
        checkSize(this.#pending.length + end, this.#limit);
        this.#pending.append(chunk.subarray(0, end));
        records = [this.#pending.take()];
        start = end;
        end = chunk.indexOf(recordSeparator, start) + 1;
      }
      while (end > 0) {
        checkSize(end - start, this.#limit);
        // Most chunks are one record, and a view costs as much as finding its end.
        const record = end - start === chunk.length ? chunk : chunk.subarray(start, end);
        if (records === undefined) records = [record];
        else records.push(record);
        start = end;
        end = chunk.indexOf(recordSeparator, start) + 1;
      }
      if (start < chunk.length) {
        checkSize(this.#pending.length + chunk.length - start, this.#limit);
        this.#pending.append(chunk.subarray(start));
      }
    } catch (error) {
      throw keepBefore(error, records);
    }
    return records ?? none;
  }
}
