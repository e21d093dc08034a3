import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProtocolError, parseJson, stringifyJson } from "./index.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("parseJson", () => {
  it.each([
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -9223372036854775808n],
    ["18446744073709551616", 18446744073709551616n],
    ["9007199254740992", 9007199254740992n],
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["1234567890123456", 1234567890123456],
    ["1e400", Number.POSITIVE_INFINITY],
    ["1e20", 1e20],
    ["100000000000000000000", 1e20],
    ["100000000000000000001", 100000000000000000001n],
    ["12345678901234567890.5", 12345678901234567000],
    ["0.12345678901234567890", 0.12345678901234568],
  ])("reads %s", (text, value) => {
    expect(parseJson(text)).toBe(value);
    expect(parseJson(` [ ${text} ]`)).toEqual([value]);
    expect(parseJson(`{"a":${text},"b":"${text}"}`)).toEqual({ a: value, b: text });
  });

  it("finds a big integer wherever it stands", () => {
    for (let offset = 0; offset < 64; offset++) {
      const padding = " ".repeat(offset);
      expect(parseJson(`{"s":"1234567890123456789",${padding}"n":9007199254740993}`)).toMatchObject({ n: 9007199254740993n });
      expect(parseJson(`${padding}-9007199254740993`)).toBe(-9007199254740993n);
    }
  });

  it("reads what JSON.parse reads, as far as JSON.stringify can tell", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        expect(stringifyJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("keeps every 64-bit integer", () => {
    const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.array(bigint), (values) => {
        expect((parseJson(`[${values.join(" , ")}]`) as (bigint | number)[]).map(BigInt)).toEqual(values);
      }),
    );
  });

  it.each(["", "{", '{"a":1,}', "nul", "[1] 2", "\ufeff{}", "01", "{'a':1}"])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(ProtocolError);
  });

  it("refuses an integer too long to be meant", () => {
    expect(() => parseJson("1".repeat(5000))).toThrow("An integer of 5000 digits is too long.");
  });

  // Looking at the digits of such a row again and again would take minutes.
  it("reads a megabyte of digits in a string in linear time", () => {
    const text = JSON.stringify("1".repeat(1_000_000));
    expect(parseJson(text)).toHaveLength(1_000_000);
  });

  it("reads 500 levels, no more", () => {
    expect(parseJson(nested(500))).toHaveLength(1);
    for (const text of [
      nested(501),
      nested(200_000),
      "[".repeat(1001),
      `{"a":`.repeat(501),
      `[9007199254740993,${nested(500)}]`,
    ]) {
      expect(() => parseJson(text)).toThrow("The JSON nests deeper than 500 levels.");
    }
  });

  it("does not take brackets in strings for nesting", () => {
    for (const string of ["[".repeat(2000), `\\"${"[".repeat(2000)}`, `"${"{".repeat(2000)}"`, "\\".repeat(2000)]) {
      expect(parseJson(JSON.stringify([string, [string]]))).toEqual([string, [string]]);
    }
    expect(() => parseJson(`[${`["]]",`.repeat(501)}`)).toThrow("The JSON nests deeper than 500 levels.");
  });

  it.each(['{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1},"n":9007199254740993}'])(
    "is not polluted by %s",
    (text) => {
      const value = parseJson(text) as Record<string, unknown>;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value.polluted).toBeUndefined();
      expect(Object.keys(value)).toContain("__proto__");
    },
  );
});

describe("stringifyJson", () => {
  const written: readonly [unknown, string][] = [
    [12345678901234567890n, "12345678901234567890"],
    [{ a: [-9223372036854775808n] }, '{"a":[-9223372036854775808]}'],
    [new Uint8Array([1, 2, 255]), '"AQL/"'],
    [[new Uint8Array()], '[""]'],
    [{ b: Buffer.from("hi") }, '{"b":"aGk="}'],
    [new Uint8Array([0, 1, 2, 3]).subarray(1, 3), '"AQI="'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [[Number.NaN, Number.POSITIVE_INFINITY, undefined], "[null,null,null]"],
    [{ "0": 1, a: {} }, '{"0":1,"a":{}}'],
    ["ü\u2028<>&'+\"\\/\ud800", '"ü\u2028<>&\'+\\"\\\\/\\ud800"'],
  ];
  for (const [value, text] of written) {
    it(`writes ${text}`, () => {
      expect(stringifyJson(value)).toBe(text);
    });
  }

  it("writes what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stringifyJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("gives back what parseJson read", () => {
    const integer = fc
      .bigInt({ min: -(2n ** 80n), max: 2n ** 80n })
      .filter((value) => !Number.isSafeInteger(Number(value)) && String(Number(value)) !== String(value));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, integer, fc.string(), fc.array(tie("tree")), fc.dictionary(fc.string(), tie("tree"))),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseJson(stringifyJson(value))).toEqual(value);
      }),
    );
  });

  it("refuses cycles, functions and too deep values", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => stringifyJson(cycle)).toThrow(ProtocolError);
    expect(() => stringifyJson(() => 1)).toThrow("A function cannot be written as JSON.");
    // How deep is too deep depends on the runtime's stack.
    const deep = {
      get member() {
        throw new RangeError("Maximum call stack size exceeded");
      },
    };
    expect(() => stringifyJson(deep)).toThrow("The value nests too deeply for JSON.");
  });
});
