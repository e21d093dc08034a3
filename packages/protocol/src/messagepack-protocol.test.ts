import { ExtData } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HubMessage, type InvocationMessage, messagePackProtocol, ProtocolError, parseJson } from "./index.ts";

const bytes = (hex: string) => Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Bodies shorter than 128 bytes have one length byte. */
const framed = (body: Uint8Array) => Uint8Array.of(body.length, ...body);
const decode = (body: string) => messagePackProtocol.decode(framed(bytes(body)));
const encode = (message: HubMessage) => hex(messagePackProtocol.unframe(messagePackProtocol.encode(message)));
const encodeArgument = (value: unknown) => {
  const body = encode({ type: 1, target: "m", arguments: [value] });
  expect(body).toMatch(/^96 01 80 c0 a1 6d 91 .* 90$/);
  return body.slice("96 01 80 c0 a1 6d 91 ".length, -" 90".length);
};
const decodeArgument = (value: string) => (decode(`96 01 80 c0 a1 6d 91 ${value} 90`) as InvocationMessage).arguments[0];

describe("messagePackProtocol", () => {
  // Reference hub-and-service-protocol §2.4 and emulator-observed §2, §5.
  it.each<[string, HubMessage]>([
    ["96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90", { type: 1, invocationId: "xyz", target: "method", arguments: [42] }],
    [
      "96 01 80 c0 a6 70 61 63 6b 65 64 93 01 a2 c3 bc 81 a1 6b 91 cc c8 90",
      { type: 1, target: "packed", arguments: [1, "ü", { k: [200] }] },
    ],
    [
      "96 01 81 a1 68 a1 31 c0 a1 6d 90 91 a1 73",
      { type: 1, headers: { h: "1" }, target: "m", arguments: [], streamIds: ["s"] },
    ],
    ["94 02 80 a3 78 79 7a 2a", { type: 2, invocationId: "xyz", item: 42 }],
    ["95 03 80 a3 78 79 7a 01 a4 62 6f 6f 6d", { type: 3, invocationId: "xyz", error: "boom" }],
    ["94 03 80 a3 78 79 7a 02", { type: 3, invocationId: "xyz" }],
    ["95 03 80 a3 78 79 7a 03 2a", { type: 3, invocationId: "xyz", result: 42 }],
    ["95 03 80 a3 78 79 7a 03 c0", { type: 3, invocationId: "xyz", result: null }],
    ["96 04 80 a1 31 a1 73 90 90", { type: 4, invocationId: "1", target: "s", arguments: [] }],
    ["93 05 80 a1 31", { type: 5, invocationId: "1" }],
    ["91 06", { type: 6 }],
    ["93 07 a3 78 79 7a c3", { type: 7, error: "xyz", allowReconnect: true }],
    ["93 07 c0 c2", { type: 7, allowReconnect: false }],
    ["92 08 24", { type: 8, sequenceId: 36 }],
    ["92 09 01", { type: 9, sequenceId: 1 }],
  ])("writes and reads %s", (body, message) => {
    expect(encode(message)).toBe(body);
    expect(decode(body)).toEqual(message);
  });

  it("frames with the length", () => {
    expect(hex(messagePackProtocol.encode({ type: 6 }))).toBe("02 91 06");
    expect(
      hex(messagePackProtocol.encode({ type: 7, error: "Connection closed with an error.", allowReconnect: true })),
    ).toMatch(/^25 93 07 d9 20 .* c3$/);
    const long = messagePackProtocol.encode({ type: 3, invocationId: "1", error: "x".repeat(20_000) });
    expect(messagePackProtocol.unframe(long).length).toBe(long.length - 3);
    expect((long[0]! & 0x7f) + (long[1]! & 0x7f) * 128 + long[2]! * 128 * 128).toBe(long.length - 3);
  });

  // What the emulator was seen to forward (emulator-observed §5).
  it("reads every kind of argument", () => {
    const message = decode(
      "96 01 80 a1 30 a5 6d 70 32 30 30 99 01 a2 c3 bc 81 a1 6b 91 cc 01 c4 02 01 02 d6 ff 00 00 00 00 cb 3f f8 00 00 00 00 00 00 c0 ff ce 00 01 11 70 90",
    );
    expect(message).toEqual({
      type: 1,
      invocationId: "0",
      target: "mp200",
      arguments: [1, "ü", { k: [1] }, Uint8Array.of(1, 2), new Date(0), 1.5, null, -1, 70000],
    });
  });
});

describe("messagePackProtocol.decode", () => {
  it.each<[string, HubMessage]>([
    ["95 01 80 c0 a1 6d 90", { type: 1, target: "m", arguments: [] }],
    ["95 01 c0 a0 a1 6d 90", { type: 1, target: "m", arguments: [] }],
    ["97 01 80 c0 a1 6d 90 90 2a", { type: 1, target: "m", arguments: [] }],
    ["92 06 2a", { type: 6 }],
    ["92 07 c0", { type: 7 }],
    ["94 07 a0 c3 01", { type: 7, error: "", allowReconnect: true }],
    ["95 03 80 a1 31 01 c0", { type: 3, invocationId: "1", error: "" }],
    ["95 03 80 a1 31 02 2a", { type: 3, invocationId: "1" }],
    ["92 08 cc 24", { type: 8, sequenceId: 36 }],
    ["92 d3 00 00 00 00 00 00 00 08 d3 00 00 00 00 00 00 00 24", { type: 8, sequenceId: 36 }],
  ])("tolerates %s", (body, message) => {
    expect(decode(body)).toEqual(message);
  });

  it("ignores unknown types", () => {
    for (const body of ["91 0a", "92 2a 80", "91 00"]) expect(decode(body)).toBeUndefined();
  });

  it.each([
    ["", "The record ends within a value."],
    ["c0", "A message must be an array."],
    ["81 01 06", "A message must be an array."],
    ["90", "Missing required property 'type'."],
    ["91 a1 36", "Expected 'type' to be of type Number."],
    ["91 06 06", "The record goes on after its value."],
    ["92 01 80", "Missing required property 'target'."],
    ["94 01 80 c0 a1 6d", "Missing required property 'arguments'."],
    ["95 01 80 c0 a0 90", "Missing required property 'target'."],
    ["95 01 80 c0 c0 90", "Missing required property 'target'."],
    ["95 01 80 c0 a1 6d c0", "Expected 'arguments' to be of type Array."],
    ["95 01 90 c0 a1 6d 90", "Expected 'headers' to be of type Object."],
    ["95 01 81 a1 68 01 c0 a1 6d 90", "Expected header 'h' to be of type String."],
    ["95 01 80 01 a1 6d 90", "Expected 'invocationId' to be of type String."],
    ["95 04 80 c0 a1 6d 90", "Missing required property 'invocationId'."],
    ["93 02 80 a1 31", "Missing required property 'item'."],
    ["93 03 80 a1 31", "Invalid invocation result kind."],
    ["94 03 80 a1 31 04", "Invalid invocation result kind."],
    ["94 03 80 a1 31 01", "Missing required property 'error'."],
    ["94 03 80 a1 31 03", "Missing required property 'result'."],
    ["92 05 80", "Missing required property 'invocationId'."],
    ["91 07", "Missing required property 'error'."],
    ["93 07 c0 01", "Expected 'allowReconnect' to be true or false."],
    ["91 08", "Missing required property 'sequenceId'."],
    ["91 c1", "MessagePack: Unrecognized type byte: 0xc1"],
    ["95 01 80 c0 a1 6d 91 81 a9 5f 5f 70 72 6f 74 6f 5f 5f 80", "MessagePack: The key __proto__ is not allowed"],
    ["95 01 80 c0 a1 6d 91 81 90 01", "A map key must be a string, a number, a boolean, a date or nil."],
    ["92 06 c7 03 ff 00 00 00", "MessagePack: Unrecognized data size for timestamp (expected 4, 8, or 12): 3"],
  ])("refuses %s", (body, message) => {
    expect(() => decode(body)).toThrow(new ProtocolError(message));
  });

  it("refuses a length prefix that does not fit", () => {
    for (const record of ["03 91 06", "01 91 06", "", "80", "ff ff ff ff ff 01"]) {
      expect(() => messagePackProtocol.decode(bytes(record))).toThrow(ProtocolError);
    }
  });

  // Such lengths, nested, would make the decoder allocate gigabytes for a record of some bytes.
  it.each(["dd 01 ff ff ff", "df 01 ff ff ff", "c6 7f ff ff ff", "db 7f ff ff ff", "c9 7f ff ff ff ff", "dc ff ff"])(
    "refuses %s without the values it announces",
    (head) => {
      expect(() => decode(`95 01 80 c0 a1 6d 91 ${head.repeat(10)}`)).toThrow("The record ends within a value.");
    },
  );

  it("refuses nesting deeper than 500 levels", () => {
    const nested = (depth: number) => `95 01 80 c0 a1 6d ${"91 ".repeat(depth)} 90`;
    const read = (body: string) => {
      const data = bytes(body);
      return messagePackProtocol.decode(Uint8Array.of((data.length & 0x7f) | 0x80, data.length >> 7, ...data));
    };
    expect(read(nested(498))).toMatchObject({ type: 1 });
    expect(() => read(nested(500))).toThrow("The value nests deeper than 500 levels.");
  });

  it("throws nothing but ProtocolError for random and for damaged records", () => {
    const valid = messagePackProtocol.unframe(
      messagePackProtocol.encode({
        type: 1,
        headers: { a: "b" },
        target: "m",
        arguments: [1, -70000, 2n ** 60n, "ü".repeat(40), { k: [1.5, null, true] }, new Date(1), Uint8Array.of(1, 2, 3)],
      }),
    );
    const damaged = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 }).map((changes) => {
      const copy = valid.slice();
      for (const [place, byte] of changes) copy[place] = byte;
      return copy;
    });
    const truncated = fc.nat(valid.length - 1).map((length) => valid.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 127 }), damaged, truncated), (body) => {
        try {
          messagePackProtocol.decode(Uint8Array.of((body.length & 0x7f) | 0x80, body.length >> 7, ...body));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("MessagePack values", () => {
  const values: readonly [unknown, string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "cc 80"],
    [65536, "ce 00 01 00 00"],
    [2 ** 32, "cf 00 00 00 01 00 00 00 00"],
    [Number.MAX_SAFE_INTEGER, "cf 00 1f ff ff ff ff ff ff"],
    [2n ** 53n, "cf 00 20 00 00 00 00 00 00"],
    [2n ** 64n - 1n, "cf ff ff ff ff ff ff ff ff"],
    [-1, "ff"],
    [-33, "d0 df"],
    [-(2 ** 31) - 1, "d3 ff ff ff ff 7f ff ff ff"],
    [Number.MIN_SAFE_INTEGER, "d3 ff e0 00 00 00 00 00 01"],
    [-(2n ** 53n), "d3 ff e0 00 00 00 00 00 00"],
    [-(2n ** 63n), "d3 80 00 00 00 00 00 00 00"],
    [1.5, "cb 3f f8 00 00 00 00 00 00"],
    [null, "c0"],
    [true, "c3"],
    ["ü", "a2 c3 bc"],
    [new Date(0), "d6 ff 00 00 00 00"],
    [new Date(1), "d7 ff 00 3d 09 00 00 00 00 00"],
    [new Date(-1), "c7 0c ff 3b 8b 87 c0 ff ff ff ff ff ff ff ff"],
    [Uint8Array.of(1, 2), "c4 02 01 02"],
    [{ b: 1, a: {} }, "82 a1 62 01 a1 61 80"],
    [[[]], "91 90"],
    [new ExtData(5, Uint8Array.of(1)), "d4 05 01"],
  ];
  for (const [value, body] of values) {
    it(`writes and reads ${body}`, () => {
      expect(encodeArgument(value)).toBe(body);
      expect(decodeArgument(body)).toEqual(value);
    });
  }

  it("writes a small bigint as the small integer it is", () => {
    expect(encodeArgument([5n, -5n, 2n ** 40n, 2 ** 40])).toBe(
      "94 05 fb cf 00 00 01 00 00 00 00 00 cf 00 00 01 00 00 00 00 00",
    );
  });

  it("reads 64-bit integers as numbers where they fit", () => {
    expect(decodeArgument("93 d3 00 00 00 00 00 00 00 01 cf 00 00 00 00 00 00 00 02 d3 ff ff ff ff ff ff ff ff")).toEqual([
      1, 2, -1,
    ]);
    expect(decodeArgument("92 cf 00 20 00 00 00 00 00 01 81 a1 61 cf 00 00 00 00 00 00 00 02")).toEqual([
      2n ** 53n + 1n,
      { a: 2 },
    ]);
  });

  it("turns map keys into strings", () => {
    expect(decodeArgument("85 01 01 c3 02 c0 03 cf ff ff ff ff ff ff ff ff 04 d6 ff 00 00 00 00 05")).toEqual({
      "1": 1,
      true: 2,
      null: 3,
      "18446744073709551615": 4,
      "1970-01-01T00:00:00.000Z": 5,
    });
  });

  it("gives binary as a view of the record", () => {
    const record = messagePackProtocol.encode({ type: 2, invocationId: "1", item: Uint8Array.of(1, 2, 3) });
    const message = messagePackProtocol.decode(record);
    expect((message as { item: Uint8Array }).item.buffer).toBe(record.buffer);
  });

  it("writes half a surrogate pair as the replacement character, never as bytes that are no UTF-8", () => {
    for (const text of ["a\ud800", `\udc00${"x".repeat(100)}`]) {
      const record = messagePackProtocol.encode({ type: 1, target: "m", arguments: [{ [text]: [text, 2 ** 40] }] });
      const decoded = messagePackProtocol.decode(record) as InvocationMessage;
      expect(decoded.arguments).toEqual([{ [text.toWellFormed()]: [text.toWellFormed(), 2 ** 40] }]);
    }
    expect(encodeArgument(["한국어 힣", Uint8Array.of(0xed, 0xa0, 0x80)])).toMatch(/c4 03 ed a0 80$/);
  });

  it("refuses what MessagePack cannot carry", () => {
    expect(() => encodeArgument([2n ** 64n])).toThrow("The integer 18446744073709551616 does not fit into 64 bits");
    expect(() => encodeArgument(-(2n ** 63n) - 1n)).toThrow(ProtocolError);
    expect(() => encodeArgument(new Date(Number.NaN))).toThrow("An invalid Date cannot be encoded.");
    expect(() => encodeArgument(() => 1)).toThrow(ProtocolError);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodeArgument(cycle)).toThrow(ProtocolError);
    expect(() => encodeArgument([cycle, 2n ** 60n])).toThrow(ProtocolError);
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(() => encodeArgument([deep, 2n ** 60n])).toThrow(ProtocolError);
    expect(encodeArgument(1)).toBe("01");
  });

  it("carries arguments that came as JSON", () => {
    const json = '[1,-1,9007199254740993,4294967296,1.5,"x",null,{"__proto__":{"a":1},"b":[true]}]';
    const record = messagePackProtocol.encode({ type: 1, target: "m", arguments: parseJson(json) as unknown[] });
    expect(hex(record)).toContain(
      "98 01 ff cf 00 20 00 00 00 00 00 01 cf 00 00 00 01 00 00 00 00 cb 3f f8 00 00 00 00 00 00 a1 78 c0 82 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a1 61 01 a1 62 91 c3",
    );
  });
});
