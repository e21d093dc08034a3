import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeHandshakeResponse,
  HandshakeReader,
  jsonProtocol,
  MessageTooLargeError,
  messagePackProtocol,
  negotiateProtocol,
  ProtocolError,
  parseHandshakeRequest,
  requireHubProtocol,
} from "./index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (record: Uint8Array) => new TextDecoder().decode(record);
const parse = (json: string) => parseHandshakeRequest(bytes(`${json}\u001e`));

describe("HandshakeReader", () => {
  const record = bytes('{"protocol":"messagepack","version":1}\u001e');
  const rest = new Uint8Array([0x02, 0x91, 0x06, 0x1e]);
  const stream = new Uint8Array([...record, ...rest]);

  it("finds the same record and rest however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const reader = new HandshakeReader(stream.length);
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const after: number[] = [];
        let found: Uint8Array | undefined;
        for (let index = 1; index < places.length; index++) {
          const chunk = stream.subarray(places[index - 1], places[index]);
          if (found !== undefined) {
            after.push(...chunk);
            continue;
          }
          const result = reader.read(chunk);
          found = result?.record;
          after.push(...(result?.rest ?? []));
        }
        expect(found).toEqual(record);
        expect(new Uint8Array(after)).toEqual(rest);
      }),
    );
  });

  it("refuses a record as soon as it is too large", () => {
    const reader = new HandshakeReader(10);
    expect(reader.read(bytes('{"protocol'.slice(0, 9)))).toBeUndefined();
    expect(() => reader.read(bytes("xy"))).toThrow(MessageTooLargeError);
    expect(() => new HandshakeReader(10).read(record)).toThrow(MessageTooLargeError);
    expect(new HandshakeReader(record.length).read(stream)?.record).toEqual(record);
  });
});

describe("parseHandshakeRequest", () => {
  it("reads protocol and version and ignores the rest", () => {
    expect(parse('{"protocol":"json","version":1}')).toEqual({ protocol: "json", version: 1 });
    expect(parse(' { "version" : 2, "extra":[{}], "protocol":"MessagePack" } ')).toEqual({
      protocol: "MessagePack",
      version: 2,
    });
  });

  const prefix = "An unexpected error occurred during connection handshake. ";
  it.each([
    [
      '{"protocol":"json"}',
      'InvalidDataException: Missing required property \'version\'. Message content: {"protocol":"json"}',
    ],
    ['{"version":1}', "InvalidDataException: Missing required property 'protocol'. Message content: {\"version\":1}"],
    ["[]", "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ["1", "InvalidDataException: Unexpected JSON Token Type 'Number'. Expected a JSON Object."],
    ["null", "InvalidDataException: Unexpected JSON Token Type 'Null'. Expected a JSON Object."],
    ['{"protocol":1,"version":1}', "InvalidDataException: Expected 'protocol' to be of type String."],
    ['{"protocol":"json","version":"1"}', "InvalidDataException: Expected 'version' to be of type Integer."],
    ['{"protocol":"json","version":1.5}', "InvalidDataException: Expected 'version' to be of type Integer."],
  ])("refuses %s", (json, detail) => {
    expect(() => parse(json)).toThrow(new ProtocolError(prefix + detail));
  });

  it("refuses what is no JSON", () => {
    for (const json of ["", "GET / HTTP/1.1", '{"protocol":"json","version":1'])
      expect(() => parse(json)).toThrow(`${prefix}JsonReaderException: `);
    expect(() => parseHandshakeRequest(new Uint8Array([0x22, 0xff, 0x22, 0x1e]))).toThrow("The text is not valid UTF-8.");
  });

  it("does not echo more than a little", () => {
    expect(() => parse(`{"x":"${"y".repeat(100_000)}"}`)).toThrow(/^.{1,700}$/);
  });

  it("throws nothing but ProtocolError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (record) => {
        try {
          parseHandshakeRequest(record);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe("negotiateProtocol", () => {
  const both = ["Text", "Binary"] as const;

  it.each([0, 1, 2])("accepts version %i of both protocols, named in any case", (version) => {
    expect(negotiateProtocol({ protocol: "JSON", version }, both)).toBe(jsonProtocol);
    expect(negotiateProtocol({ protocol: "messagePack", version }, both)).toBe(messagePackProtocol);
  });

  it("takes Blazor Server's protocol for whoever passes it on, not for who answers", () => {
    const blazorPack = negotiateProtocol({ protocol: "BlazorPack", version: 1 }, both);
    expect(blazorPack).toMatchObject({ name: "blazorpack", transferFormat: "Binary" });
    expect(() => requireHubProtocol(blazorPack)).toThrow("The protocol 'blazorpack' is not supported.");
    for (const protocol of [jsonProtocol, messagePackProtocol]) requireHubProtocol(protocol);
  });

  it("names what it cannot do", () => {
    expect(() => negotiateProtocol({ protocol: "xml", version: 1 }, both)).toThrow("The protocol 'xml' is not supported.");
    expect(() => negotiateProtocol({ protocol: "json", version: 3 }, both)).toThrow(
      "The server does not support version 3 of the 'json' protocol.",
    );
    expect(() => negotiateProtocol({ protocol: "messagepack", version: 1 }, ["Text"])).toThrow(
      "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.",
    );
    expect(negotiateProtocol({ protocol: "json", version: 1 }, ["Text"])).toBe(jsonProtocol);
  });
});

describe("encodeHandshakeResponse", () => {
  it("accepts or names the error", () => {
    expect(text(encodeHandshakeResponse())).toBe("{}\u001e");
    expect(text(encodeHandshakeResponse('no "x"'))).toBe('{"error":"no \\"x\\""}\u001e');
  });
});
