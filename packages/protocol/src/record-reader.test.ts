import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HubProtocol, jsonProtocol, MessageTooLargeError, messagePackProtocol, ProtocolError } from "./index.ts";

const concat = (parts: readonly Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

/** A framed record around arbitrary content; readers look at frames alone. */
function framed(protocol: HubProtocol, content: Uint8Array): Uint8Array {
  if (protocol === jsonProtocol) return new Uint8Array([...content.map((byte) => (byte === 0x1e ? 0x20 : byte)), 0x1e]);
  const prefix: number[] = [];
  for (let rest = content.length; ; rest >>= 7) {
    prefix.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) return new Uint8Array([...prefix, ...content]);
  }
}

function cut(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return places.slice(1).map((place, index) => stream.subarray(places[index], place));
}

const contents = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 });

describe.each([jsonProtocol, messagePackProtocol])("the record reader of $name", (protocol) => {
  it("gives the same records however the stream is cut", () => {
    fc.assert(
      fc.property(
        contents,
        fc.array(fc.nat()),
        fc.uint8Array({ min: 1, max: 9, minLength: 1, maxLength: 1 }),
        (list, cuts, head) => {
          const records = list.map((content) => framed(protocol, content));
          const reader = protocol.createReader(1000);
          // The stream ends in a record that is never completed.
          const stream = concat([...records, head]);
          const read = cut(stream, cuts).flatMap((chunk) => reader.read(chunk));
          expect(read).toEqual(records);
          expect(reader.pendingBytes).toBe(1);
        },
      ),
    );
  });

  it("gives the same records byte by byte", () => {
    const records = [0, 1, 127, 128, 300, 20_000].map((length) => framed(protocol, new Uint8Array(length).fill(0x41)));
    const reader = protocol.createReader(Number.POSITIVE_INFINITY);
    const stream = concat(records);
    const read = Array.from(stream, (_, index) => reader.read(stream.subarray(index, index + 1))).flat();
    expect(read).toEqual(records);
    expect(reader.pendingBytes).toBe(0);
  });

  it("does not copy records that lie within a chunk", () => {
    const chunk = concat([framed(protocol, new Uint8Array(5)), framed(protocol, new Uint8Array(6))]);
    for (const record of protocol.createReader(100).read(chunk)) expect(record.buffer).toBe(chunk.buffer);
  });

  it("keeps a finished record unchanged by what follows", () => {
    const reader = protocol.createReader(100);
    const record = framed(protocol, new Uint8Array([1, 2, 3, 4]));
    reader.read(record.subarray(0, 2));
    const [read] = reader.read(record.subarray(2));
    reader.read(framed(protocol, new Uint8Array([9, 9, 9, 9])).subarray(0, 4));
    expect(read).toEqual(record);
  });

  it("gives the records before an oversized one with the error, however the stream is cut", () => {
    fc.assert(
      fc.property(contents, fc.array(fc.nat()), (list, cuts) => {
        const records = list.map((content) => framed(protocol, content));
        const reader = protocol.createReader(1000);
        const read: Uint8Array[] = [];
        const stream = concat([...records, framed(protocol, new Uint8Array(1001).fill(0x41)), ...records]);
        expect(() => {
          for (const chunk of cut(stream, cuts)) read.push(...reader.read(chunk));
        }).toThrow(
          expect.toSatisfy((error: unknown) => error instanceof MessageTooLargeError && read.push(...error.before) >= 0),
        );
        expect(read).toEqual(records);
      }),
    );
  });

  it("accepts a record of exactly the limit and refuses one byte more", () => {
    const record = framed(protocol, new Uint8Array(50).fill(0x41));
    expect(protocol.createReader(record.length).read(record)).toEqual([record]);
    expect(() => protocol.createReader(record.length - 1).read(record)).toThrow(MessageTooLargeError);
    const reader = protocol.createReader(record.length - 1);
    expect(() => {
      for (const byte of record) reader.read(Uint8Array.of(byte));
    }).toThrow(`The maximum message size of ${record.length - 1}B was exceeded.`);
  });
});

describe("the record reader of json", () => {
  it("refuses an endless record as soon as it exceeds the limit", () => {
    const reader = jsonProtocol.createReader(1000);
    for (let sent = 0; sent < 1000; sent += 100) reader.read(new Uint8Array(100));
    expect(reader.pendingBytes).toBe(1000);
    expect(() => reader.read(new Uint8Array(1))).toThrow(MessageTooLargeError);
  });
});

describe("the record reader of messagepack", () => {
  it("refuses an announced size beyond the limit before the bytes come", () => {
    expect(() => messagePackProtocol.createReader(1000).read(new Uint8Array([0xff, 0x7f]))).toThrow(MessageTooLargeError);
  });

  it("collects no more than has come, whatever is announced", () => {
    const reader = messagePackProtocol.createReader(Number.POSITIVE_INFINITY);
    expect(reader.read(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x07, 1]))).toEqual([]);
    expect(reader.pendingBytes).toBe(6);
  });

  it.each([
    ["a sixth length byte", [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["2^31", [0x80, 0x80, 0x80, 0x80, 0x08]],
    ["2^35 − 1", [0xff, 0xff, 0xff, 0xff, 0x7f]],
  ])("refuses %s", (_, prefix) => {
    const whole = messagePackProtocol.createReader(Number.POSITIVE_INFINITY);
    expect(() => whole.read(new Uint8Array(prefix))).toThrow("Messages over 2GB in size are not supported.");
    const split = messagePackProtocol.createReader(Number.POSITIVE_INFINITY);
    expect(() => {
      for (const byte of prefix) split.read(Uint8Array.of(byte));
    }).toThrow(ProtocolError);
  });
});
