import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hubProtocols, jsonProtocol, messagePackProtocol, ProtocolError } from "./index.ts";

const record = (text: string) => new TextEncoder().encode(`${text}\u001e`);
const protocols = [...hubProtocols.values()].map((protocol) => [protocol.name, protocol] as const);

describe("The type of a record", () => {
  it.each([
    ['{"type":1,"target":"m","arguments":[]}', 1],
    ['{"arguments":[],"target":"m","type":1}', 1],
    ['{"arguments":[{"type":3}],"invocationId":"0","target":"m","type":4}', 4],
    ['{"type":6}', 6],
    ['{"type":3,"invocationId":"1","result":{"type":1}}', 3],
  ])("is seen at a glance in %s", (text, type) => {
    expect(jsonProtocol.peekType(record(text))).toBe(type);
  });

  it.each([
    '{"target":"m","type":1,"arguments":[]}',
    '{ "type":1,"target":"m"}',
    '{"type":1 }',
    '{"type":12}',
    '{"type":12,"x":1}',
    '{"type":0}',
    '{"item":"\\",\\"type\\":3"}',
    '{"x":{"a":1,"type":3}}',
    '{"subtype":3}',
    '{"a\\"type":3}',
    '{"a,\\"type":3}',
    "{}",
    "",
    "[]",
  ])("is not guessed from %s", (text) => {
    expect(jsonProtocol.peekType(record(text))).toBeUndefined();
  });

  it.each(protocols)("is in %s what decoding finds", (_, protocol) => {
    for (const message of [
      { type: 1, target: "m", arguments: ["x".repeat(300)], invocationId: "1" },
      { type: 2, invocationId: "1", item: { type: 3 } },
      { type: 3, invocationId: "1", result: { type: 1 } },
      { type: 4, invocationId: "1", target: "m", arguments: [] },
      { type: 5, invocationId: "1" },
      { type: 6 },
      { type: 7, error: "no", allowReconnect: true },
      { type: 8, sequenceId: 1 },
      { type: 9, sequenceId: 70_000 },
    ] as const) {
      expect(protocol.peekType(protocol.encode(message))).toBe(message.type);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const type = protocol.peekType(bytes);
        expect(type === undefined || (type >= 1 && type <= 9)).toBe(true);
      }),
    );
  });

  it("is not guessed from MessagePack of another form", () => {
    expect(messagePackProtocol.peekType(Uint8Array.of(5, 0xdc, 0, 1, 6, 0))).toBeUndefined();
    expect(messagePackProtocol.peekType(Uint8Array.of(2, 0x91, 0x46))).toBeUndefined();
    expect(messagePackProtocol.peekType(Uint8Array.of(1))).toBeUndefined();
  });
});

describe("The length of whole records", () => {
  it.each(protocols)("ends in %s where the last whole one ends", (_, protocol) => {
    const one = protocol.encode({ type: 1, target: "m", arguments: ["x".repeat(300)] });
    const two = protocol.encode({ type: 6 });
    const stream = Buffer.concat([one, two]);
    for (let length = 0; length <= stream.length; length++) {
      const whole = length < one.length ? 0 : length < stream.length ? one.length : stream.length;
      expect(protocol.wholeLength(stream.subarray(0, length))).toBe(whole);
    }
  });

  it("is refused when a length prefix is none", () => {
    expect(() => messagePackProtocol.wholeLength(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff))).toThrow(ProtocolError);
  });
});
