import { JsonHubProtocol, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientProtocols, type HubMessage, hubProtocols, jsonProtocol, messagePackProtocol, ProtocolError } from "./index.ts";

const text = fc.string({ unit: "grapheme" });
const name = fc.string({ unit: "grapheme", minLength: 1 });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 2 ** 32, -(2 ** 32)),
    fc.maxSafeInteger(),
    // Beyond 2^53 an integral number is not told from an integer; -0 is 0.
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number))
      .map((number) => number + 0),
    text,
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 20 },
    ),
  ),
}));

const headers = fc.dictionary(
  name.filter((key) => key !== "__proto__"),
  text,
  { minKeys: 1, maxKeys: 3 },
);
const call = { headers, target: name, arguments: fc.array(value), streamIds: fc.array(name, { minLength: 1 }) };
const completion = { type: fc.constant(3), invocationId: name };

/** Messages in the form in which decode gives them: nothing empty that means absent. */
const message = fc.oneof(
  fc.record({ type: fc.constant(1), invocationId: name, ...call }, { requiredKeys: ["type", "target", "arguments"] }),
  fc.record(
    { type: fc.constant(4), invocationId: name, ...call },
    { requiredKeys: ["type", "invocationId", "target", "arguments"] },
  ),
  fc.record(
    { type: fc.constant(2), headers, invocationId: name, item: value },
    { requiredKeys: ["type", "invocationId", "item"] },
  ),
  fc.record({ ...completion, headers, result: value }, { requiredKeys: ["type", "invocationId"] }),
  fc.record({ ...completion, headers, error: name }, { requiredKeys: ["type", "invocationId"] }),
  fc.record({ type: fc.constant(5), headers, invocationId: name }, { requiredKeys: ["type", "invocationId"] }),
  fc.record({ type: fc.constant(6) }),
  fc.record({ type: fc.constantFrom(8, 9), sequenceId: fc.nat() }),
) as fc.Arbitrary<HubMessage>;
const close = fc.record(
  { type: fc.constant(7), error: text, allowReconnect: fc.constant(true) },
  { requiredKeys: ["type", "allowReconnect"] },
);
const anyMessage = fc.oneof(message, close as fc.Arbitrary<HubMessage>);

/** The client's protocol on the same bytes. Its MessagePack reader drops streamIds and leaves fields undefined or empty. */
const theirs = {
  json: {
    write: (sent: HubMessage) => new TextEncoder().encode(new JsonHubProtocol().writeMessage(sent as never)),
    read: (record: Uint8Array) => new JsonHubProtocol().parseMessages(new TextDecoder().decode(record), NullLogger.instance)[0],
    knows: (sent: HubMessage) => sent,
  },
  messagepack: {
    write: (sent: HubMessage) => new Uint8Array(new MessagePackHubProtocol().writeMessage(sent as never)),
    read: (record: Uint8Array) =>
      new MessagePackHubProtocol().parseMessages(new Uint8Array(record).buffer, NullLogger.instance)[0],
    knows: (sent: HubMessage) => {
      if (sent.type === 7) return { ...sent, error: sent.error ?? null };
      if (sent.type === 6 || sent.type === 8 || sent.type === 9) return sent;
      const known = { ...sent, headers: sent.headers ?? {} };
      return "streamIds" in known || known.type === 1 || known.type === 4 ? { ...known, streamIds: [] } : known;
    },
  },
};

describe("the protocols by name", () => {
  it("are two in which calls are written, and one more that clients of app servers speak", () => {
    expect([...hubProtocols]).toEqual([
      ["json", jsonProtocol],
      ["messagepack", messagePackProtocol],
    ]);
    expect([...clientProtocols.keys()]).toEqual(["json", "messagepack", "blazorpack"]);
    for (const [name, protocol] of clientProtocols) expect(protocol.name).toBe(name);
  });
});

describe.each([...hubProtocols.values()])("$name", (protocol) => {
  const client = theirs[protocol.name];

  it("gives back every message it wrote", () => {
    fc.assert(
      fc.property(anyMessage, (sent) => {
        const record = protocol.encode(sent);
        expect(protocol.createReader(Number.POSITIVE_INFINITY).read(record)).toEqual([record]);
        expect(protocol.decode(record)).toEqual(sent);
      }),
    );
  });

  it("is understood by @microsoft/signalr", () => {
    fc.assert(
      fc.property(
        // The client's MessagePack reader knows no stream invocations, which no server sends.
        anyMessage.filter((sent) => sent.type !== 4 && sent.type !== 5),
        (sent) => {
          expect(client.read(protocol.encode(sent))).toEqual(client.knows(sent));
        },
      ),
    );
  });

  it("understands @microsoft/signalr", () => {
    fc.assert(
      fc.property(
        // The client's MessagePack writer sends a close without its fields.
        message,
        (sent) => {
          expect(protocol.decode(client.write(sent))).toEqual(sent);
        },
      ),
    );
  });

  it("throws nothing but ProtocolError for random records", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => new TextEncoder().encode(`${json}\u001e`)),
        ),
        (record) => {
          try {
            protocol.decode(record);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
    );
  });
});

describe("the client's close", () => {
  it("is understood in both protocols", () => {
    expect(jsonProtocol.decode(theirs.json.write({ type: 7 }))).toEqual({ type: 7 });
    expect(messagePackProtocol.decode(theirs.messagepack.write({ type: 7 }))).toEqual({ type: 7 });
  });
});
