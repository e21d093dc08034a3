import { describe, expect, it } from "vitest";
import { type HubMessage, jsonProtocol, ProtocolError } from "./index.ts";

const decode = (json: string) => jsonProtocol.decode(new TextEncoder().encode(`${json}\u001e`));
const encode = (message: HubMessage) => {
  const text = new TextDecoder().decode(jsonProtocol.encode(message));
  expect(text.at(-1)).toBe("\u001e");
  return text.slice(0, -1);
};

const headers = { traceparent: "00-1" };

describe("jsonProtocol.encode", () => {
  const written: readonly [HubMessage, string][] = [
    [{ type: 1, target: "m", arguments: [] }, '{"type":1,"target":"m","arguments":[]}'],
    [
      { arguments: [1, "ü", { k: [1, null] }], streamIds: ["s1"], target: "m", invocationId: "0", headers, type: 1 },
      '{"type":1,"headers":{"traceparent":"00-1"},"invocationId":"0","target":"m","arguments":[1,"ü",{"k":[1,null]}],"streamIds":["s1"]}',
    ],
    [{ type: 1, headers: {}, target: "m", arguments: [], streamIds: [] }, '{"type":1,"target":"m","arguments":[]}'],
    [{ type: 1, target: "m", arguments: [undefined, Number.NaN] }, '{"type":1,"target":"m","arguments":[null,null]}'],
    [{ type: 1, target: "m", arguments: [2n ** 64n] }, '{"type":1,"target":"m","arguments":[18446744073709551616]}'],
    [{ type: 1, target: "m", arguments: [Uint8Array.of(1, 2)] }, '{"type":1,"target":"m","arguments":["AQI="]}'],
    [
      { item: 42, invocationId: "1", headers, type: 2 },
      '{"type":2,"headers":{"traceparent":"00-1"},"invocationId":"1","item":42}',
    ],
    [{ type: 2, invocationId: "1", item: undefined }, '{"type":2,"invocationId":"1","item":null}'],
    [{ type: 3, invocationId: "9" }, '{"type":3,"invocationId":"9"}'],
    [{ type: 3, invocationId: "9", result: null }, '{"type":3,"invocationId":"9","result":null}'],
    [{ type: 3, invocationId: "9", result: undefined }, '{"type":3,"invocationId":"9","result":null}'],
    [{ type: 3, invocationId: "9", result: 42 }, '{"type":3,"invocationId":"9","result":42}'],
    [{ type: 3, invocationId: "9", error: "boom" }, '{"type":3,"invocationId":"9","error":"boom"}'],
    [{ type: 4, invocationId: "2", target: "s", arguments: [1] }, '{"type":4,"invocationId":"2","target":"s","arguments":[1]}'],
    [{ type: 5, invocationId: "2" }, '{"type":5,"invocationId":"2"}'],
    [{ type: 6 }, '{"type":6}'],
    [{ type: 7 }, '{"type":7}'],
    [{ type: 7, allowReconnect: false }, '{"type":7}'],
    [{ type: 7, allowReconnect: true }, '{"type":7,"allowReconnect":true}'],
    [{ type: 7, error: "out", allowReconnect: true }, '{"type":7,"error":"out","allowReconnect":true}'],
    [{ type: 8, sequenceId: 36 }, '{"type":8,"sequenceId":36}'],
    [{ type: 9, sequenceId: 1 }, '{"type":9,"sequenceId":1}'],
  ];
  for (const [message, json] of written) {
    it(`writes ${json}`, () => {
      expect(encode(message)).toBe(json);
    });
  }
});

describe("jsonProtocol.decode", () => {
  it.each<[string, HubMessage]>([
    ['{"type":1,"target":"m","arguments":[]}', { type: 1, target: "m", arguments: [] }],
    [
      '{"streamIds":["s"],"arguments":[{"a":1}],"extra":{"type":3},"target":"m","invocationId":"7","headers":{"h":"1"},"type":1}',
      { type: 1, headers: { h: "1" }, invocationId: "7", target: "m", arguments: [{ a: 1 }], streamIds: ["s"] },
    ],
    ['{"type":1,"Type":3,"target":"m","Target":"n","arguments":[]}', { type: 1, target: "m", arguments: [] }],
    [
      '{"type":1,"invocationId":null,"headers":null,"streamIds":null,"target":"m","arguments":[]}',
      { type: 1, target: "m", arguments: [] },
    ],
    ['{"type":1,"invocationId":"","target":"m","arguments":[]}', { type: 1, target: "m", arguments: [] }],
    [
      '{"type":1,"target":"m","arguments":[12345678901234567890,1.50,1e2]}',
      { type: 1, target: "m", arguments: [12345678901234567890n, 1.5, 100] },
    ],
    ['{"type":2,"invocationId":"1","item":null}', { type: 2, invocationId: "1", item: null }],
    ['{"type":3,"invocationId":"1"}', { type: 3, invocationId: "1" }],
    ['{"type":3,"invocationId":"1","result":null}', { type: 3, invocationId: "1", result: null }],
    ['{"type":3,"invocationId":"1","error":null,"result":1}', { type: 3, invocationId: "1", result: 1 }],
    ['{"type":3,"invocationId":"1","error":""}', { type: 3, invocationId: "1", error: "" }],
    ['{"type":4,"invocationId":"1","target":"s","arguments":[]}', { type: 4, invocationId: "1", target: "s", arguments: [] }],
    ['{"type":5,"invocationId":"1"}', { type: 5, invocationId: "1" }],
    ['{"type":6}', { type: 6 }],
    ['{"type":7}', { type: 7 }],
    ['{"type":7,"error":"","allowReconnect":true}', { type: 7, error: "", allowReconnect: true }],
    ['{"type":8,"sequenceId":36}', { type: 8, sequenceId: 36 }],
    ['{"type":9,"sequenceId":0}', { type: 9, sequenceId: 0 }],
  ])("reads %s", (json, message) => {
    expect(decode(json)).toEqual(message);
  });

  it("tells a void completion from one with a result", () => {
    expect("result" in decode('{"type":3,"invocationId":"1"}')!).toBe(false);
    expect("result" in decode('{"type":3,"invocationId":"1","error":"x"}')!).toBe(false);
    expect("result" in decode('{"type":3,"invocationId":"1","result":null}')!).toBe(true);
  });

  it("ignores unknown types", () => {
    for (const type of [0, 10, 42, -1]) expect(decode(`{"type":${type}}`)).toBeUndefined();
  });

  it.each([
    ["", "Error reading JSON."],
    ["{", "Error reading JSON."],
    ['{"type":1,}', "Error reading JSON."],
    ['{"type":6} {}', "Error reading JSON."],
    ["[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ['"x"', "Unexpected JSON Token Type 'String'. Expected a JSON Object."],
    ["null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."],
    ["true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."],
    ["{}", "Missing required property 'type'."],
    ['{"type":"1"}', "Expected 'type' to be of type Number."],
    ['{"type":1.5}', "Expected 'type' to be of type Number."],
    ['{"type":1,"arguments":[]}', "Missing required property 'target'."],
    ['{"type":1,"target":"","arguments":[]}', "Missing required property 'target'."],
    ['{"type":1,"target":5,"arguments":[]}', "Expected 'target' to be of type String."],
    ['{"type":1,"target":"\\ud800","arguments":[]}', "The property 'target' is not valid Unicode text."],
    ['{"type":1,"target":"m"}', "Missing required property 'arguments'."],
    ['{"type":1,"target":"m","arguments":{}}', "Expected 'arguments' to be of type Array."],
    ['{"type":1,"target":"m","arguments":null}', "Expected 'arguments' to be of type Array."],
    ['{"type":1,"invocationId":1,"target":"m","arguments":[]}', "Expected 'invocationId' to be of type String."],
    ['{"type":1,"headers":[],"target":"m","arguments":[]}', "Expected 'headers' to be of type Object."],
    ['{"type":1,"headers":{"h":1},"target":"m","arguments":[]}', "Expected header 'h' to be of type String."],
    ['{"type":1,"streamIds":"s","target":"m","arguments":[]}', "Expected 'streamIds' to be of type Array."],
    ['{"type":1,"streamIds":[1],"target":"m","arguments":[]}', "Expected 'streamIds' to be of type String."],
    ['{"type":2,"item":1}', "Missing required property 'invocationId'."],
    ['{"type":2,"invocationId":"1"}', "Missing required property 'item'."],
    ['{"type":3,"result":1}', "Missing required property 'invocationId'."],
    ['{"type":3,"invocationId":"1","result":1,"error":"x"}', "The 'error' and 'result' properties are mutually exclusive."],
    ['{"type":3,"invocationId":"1","result":null,"error":"x"}', "The 'error' and 'result' properties are mutually exclusive."],
    ['{"type":4,"target":"s","arguments":[]}', "Missing required property 'invocationId'."],
    ['{"type":5}', "Missing required property 'invocationId'."],
    ['{"type":7,"allowReconnect":1}', "Expected 'allowReconnect' to be true or false."],
    ['{"type":8}', "Missing required property 'sequenceId'."],
    ['{"type":9,"sequenceId":"1"}', "Expected 'sequenceId' to be of type Number."],
    ['{"type":9,"sequenceId":9007199254740993}', "Expected 'sequenceId' to be of type Number."],
  ])("refuses %s", (json, message) => {
    expect(() => decode(json)).toThrow(new ProtocolError(message));
  });

  it("refuses what is not UTF-8, naming the cause", () => {
    const record = new Uint8Array([...new TextEncoder().encode('{"type":1,"target":"'), 0xc3, 0x28, 0x22, 0x7d, 0x1e]);
    expect(() => jsonProtocol.decode(record)).toThrow("Error reading JSON.");
  });

  it("refuses a record without its separator", () => {
    expect(() => jsonProtocol.decode(new TextEncoder().encode('{"type":6}'))).toThrow("Message is incomplete.");
  });

  it("refuses deep nesting", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(() => decode(`{"type":1,"target":"m","arguments":${deep}}`)).toThrow("Error reading JSON.");
  });
});

describe("jsonProtocol.unframe", () => {
  it("takes the separator off without copying", () => {
    const record = jsonProtocol.encode({ type: 6 });
    const body = jsonProtocol.unframe(record);
    expect(new TextDecoder().decode(body)).toBe('{"type":6}');
    expect(body.buffer).toBe(record.buffer);
  });
});
