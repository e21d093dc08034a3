import { ProtocolError } from "./hub-protocol.ts";
import { maxDepth } from "./nesting.ts";

/**
 * Walks over the encoded values without making any of them. The decoder trusts announced lengths and allocates for them at once; after
 * this check all that is announced is really there, so what decoding costs is bounded by the size of the record.
 * @returns true when an integer beyond ±(2^53 − 1) may be among the values
 * @throws {ProtocolError} unless the bytes are exactly one value
 */
export function scanMessagePack(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length;
  // Values still to come in each enclosing array or map; `due` for the innermost.
  const enclosing: number[] = [];
  let due = 1;
  let position = 0;
  let hasBigInteger = false;

  for (;;) {
    while (due === 0) {
      const outer = enclosing.pop();
      if (outer === undefined) {
        if (position < end) throw new ProtocolError("The record goes on after its value.");
        return hasBigInteger;
      }
      due = outer;
    }
    due--;
    if (position >= end) throw truncated();
    const head = bytes[position++]!;
    if (head < 0x80 || head >= 0xe0) continue;

    let children = 0;
    if (head < 0x90) children = (head & 0x0f) * 2;
    else if (head < 0xa0) children = head & 0x0f;
    else if (head < 0xc0) position += head & 0x1f;
    else {
      const form = forms[head - 0xc0]!;
      if (form.lengthBytes > end - position) throw truncated();
      const length = readLength(view, position, form.lengthBytes);
      position += form.lengthBytes + form.fixed;
      if (form.perItem > 0) children = length * form.perItem;
      else position += length;
    }
    if (children > end - position || position > end) throw truncated();
    if (head === 0xcf || head === 0xd3) hasBigInteger ||= isBig(view, position - 8, head === 0xd3);
    if (children > 0) {
      if (enclosing.length === maxDepth) throw new ProtocolError(`The value nests deeper than ${maxDepth} levels.`);
      enclosing.push(due);
      due = children;
    }
  }
}

/** Looks at the upper half alone, so −2^53 + 1 and its neighbours count as well. */
function isBig(view: DataView, position: number, signed: boolean): boolean {
  const upper = signed ? view.getInt32(position) : view.getUint32(position);
  return upper >= 0x20_0000 || upper < -0x1f_ffff;
}

/** What follows a head byte: a length of so many bytes, then so many fixed bytes, then `length` bytes or `length × perItem` values. */
interface Form {
  readonly lengthBytes: 0 | 1 | 2 | 4;
  readonly fixed: number;
  readonly perItem: 0 | 1 | 2;
}

const form = (lengthBytes: Form["lengthBytes"], fixed = 0, perItem: Form["perItem"] = 0): Form => ({
  lengthBytes,
  fixed,
  perItem,
});

/** Head bytes 0xc0 to 0xdf in order (MessagePack specification, "Formats"). */
export const forms: readonly Form[] = [
  ...[form(0), form(0), form(0), form(0)], // nil, never used (the decoder refuses it), false, true
  ...[form(1), form(2), form(4)], // bin
  ...[form(1, 1), form(2, 1), form(4, 1)], // ext: a type byte and the data
  ...[form(0, 4), form(0, 8)], // float
  ...[form(0, 1), form(0, 2), form(0, 4), form(0, 8)], // uint
  ...[form(0, 1), form(0, 2), form(0, 4), form(0, 8)], // int
  ...[form(0, 2), form(0, 3), form(0, 5), form(0, 9), form(0, 17)], // fixext
  ...[form(1), form(2), form(4)], // str
  ...[form(2, 0, 1), form(4, 0, 1)], // array
  ...[form(2, 0, 2), form(4, 0, 2)], // map
];

function readLength(view: DataView, position: number, lengthBytes: Form["lengthBytes"]): number {
  switch (lengthBytes) {
    case 0:
      return 0;
    case 1:
      return view.getUint8(position);
    case 2:
      return view.getUint16(position);
    case 4:
      return view.getUint32(position);
  }
}

function truncated(): ProtocolError {
  return new ProtocolError("The record ends within a value.");
}
