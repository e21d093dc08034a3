import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeConnectionClaims,
  decodeGroupMemberPage,
  decodeServiceMessage,
  encodeConnectionClaims,
  encodeGroupMemberPage,
  encodeServiceMessage,
  MessageTooLargeError,
  ProtocolError,
  pingValue,
  type ServiceMessage,
  ServiceMessageReader,
  ServiceMessageType,
  ServiceMessageWriter,
} from "../index.ts";
import { codecs } from "./service-messages.ts";

const bytes = (hex: string) => Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

/** Copies, so that views and buffers compare as bytes, and without undefined members. */
const plain = (message: unknown): unknown => {
  if (message instanceof Uint8Array) return hex(message);
  if (message instanceof Map) return [...message].map(plain);
  if (Array.isArray(message)) return message.map(plain);
  if (typeof message !== "object" || message === null) return message;
  return Object.fromEntries(
    Object.entries(message).flatMap(([key, value]) => (value === undefined ? [] : [[key, plain(value)]])),
  );
};

const read = (hex: string) => plain(decodeServiceMessage(bytes(hex)));

const ids = ["c1", "c2"];
const payloads = new Map([
  ["json", Uint8Array.of(1)],
  ["messagepack", Uint8Array.of(2, 3)],
]);
const claims = [
  { type: "a", value: "1" },
  { type: "a", value: "2" },
];
const none = new Map<string, readonly string[]>();

/** As `Microsoft.Azure.SignalR.Protocols` 1.34.0 writes these messages. */
const sdkVectors: readonly [hex: string, message: ServiceMessage][] = [
  [
    "0897010100a00080c2",
    { type: 1, version: 1, connectionType: 0, target: "", migrationLevel: 0, allowStatefulReconnects: false },
  ],
  [
    "0a97010101a269390280c3",
    { type: 1, version: 1, connectionType: 1, target: "i9", migrationLevel: 2, allowStatefulReconnects: true },
  ],
  ["059402a080c0", { type: 2, error: "" }],
  ["0a9402a26e6f80a3736331", { type: 2, error: "no", connectionId: "sc1" }],
  ["029103", { type: 3, values: [] }],
  ["109503a161a162a6746172676574a26939", { type: 3, values: ["a", "b", "target", "i9"] }],
  [
    "249604a2633182a161a131a161a13281a14892a178a179a43f713d3182010503a46a736f6e",
    {
      type: 4,
      connectionId: "c1",
      claims,
      headers: new Map([["H", ["x", "y"]]]),
      queryString: "?q=1",
      extensions: { tracingId: 5n, protocol: "json" },
    },
  ],
  ["109505a26331a365727281a14891a17880", { type: 5, connectionId: "c1", error: "err", headers: new Map([["H", ["x"]]]) }],
  ["089505a26331a08080", { type: 5, connectionId: "c1", error: "", headers: none }],
  [
    "109406a26331c4020102830107050206c3",
    {
      type: 6,
      connectionId: "c1",
      payload: Uint8Array.of(1, 2),
      extensions: { tracingId: 7n, dataMessageType: 2, isPartial: true },
    },
  ],
  ["0a9406a26331c402010280", { type: 6, connectionId: "c1", payload: Uint8Array.of(1, 2) }],
  [`d0019406a26331c4c8${"00".repeat(200)}80`, { type: 6, connectionId: "c1", payload: new Uint8Array(200) }],
  ["23940792a26331a2633282a46a736f6ec40101ab6d6573736167657061636bc402020380", { type: 7, connectionIds: ids, payloads }],
  ["1e9408a17582a46a736f6ec40101ab6d6573736167657061636bc402020380", { type: 8, userId: "u", payloads }],
  ["23940992a26331a2633282a46a736f6ec40101ab6d6573736167657061636bc402020380", { type: 9, userIds: ids, payloads }],
  [
    "1f940a9082a46a736f6ec40101ab6d6573736167657061636bc4020203810109",
    { type: 10, excludedConnectionIds: [], payloads, extensions: { tracingId: 9n } },
  ],
  ["08940ba26331a16780", { type: 11, connectionId: "c1", group: "g" }],
  ["08940ca26331a16780", { type: 12, connectionId: "c1", group: "g" }],
  [
    "27970da16792a26331a2633282a46a736f6ec40101ab6d6573736167657061636bc40202038090c0",
    { type: 13, group: "g", excludedConnectionIds: ids, payloads, excludedUserIds: [] },
  ],
  ["23940e92a26331a2633282a46a736f6ec40101ab6d6573736167657061636bc402020380", { type: 14, groups: ids, payloads }],
  ["06920fa3626164", { type: 15, error: "bad" }],
  ["099410a175a16781020a", { type: 16, userId: "u", group: "g", extensions: { ttl: 10 } }],
  ["079411a175a16780", { type: 17, userId: "u", group: "g" }],
  ["069411a175c080", { type: 17, userId: "u" }],
  ["0b9512a26331a167cd012c80", { type: 18, connectionId: "c1", group: "g", ackId: 300 }],
  ["099513a26331a167ff80", { type: 19, connectionId: "c1", group: "g", ackId: -1 }],
  ["0c9513a26331c0ce0001117080", { type: 19, connectionId: "c1", ackId: 70000 }],
  ["0a96140702a16d80c40109", { type: 20, ackId: 7, status: 2, message: "m", payload: Uint8Array.of(9) }],
  ["0796140701a080c0", { type: 20, ackId: 7, status: 1, message: "" }],
  ["089515a175a1670380", { type: 21, userId: "u", group: "g", ackId: 3 }],
  ["09961603a16702a16d80", { type: 22, objectType: 3, id: "g", kind: 2, message: "m" }],
  ["069417a1670380", { type: 23, group: "g", ackId: 3 }],
  ["079418a263310380", { type: 24, connectionId: "c1", ackId: 3 }],
  ["069419a1750380", { type: 25, userId: "u", ackId: 3 }],
  ["0a951aa175a16703810214", { type: 26, userId: "u", group: "g", ackId: 3, extensions: { ttl: 20 } }],
  ["07951ba175c00380", { type: 27, userId: "u", ackId: 3 }],
  ["07941ca174a16b80", { type: 28, token: "t", kid: "k" }],
  ["09961da16ba161c0c080", { type: 29, kid: "k", accessKey: "a" }],
  ["09951ea26331a1720380", { type: 30, connectionId: "c1", reason: "r", ackId: 3 }],
  ["0d951fa1720392a26331a2633280", { type: 31, reason: "r", ackId: 3, excludedConnectionIds: ids }],
  ["0e9620a175c00392a26331a2633280", { type: 32, userId: "u", ackId: 3, excludedConnectionIds: ids }],
  ["089621a167c0039080", { type: 33, group: "g", ackId: 3, excludedConnectionIds: [] }],
  [
    "269622a3696e76a26331a2733182a46a736f6ec40101ab6d6573736167657061636bc402020380",
    { type: 34, invocationId: "inv", connectionId: "c1", callerServerId: "s1", payloads },
  ],
  [
    "1d9723a3696e76a26331a27331a46a736f6ec4010182010503a46a736f6e",
    {
      type: 35,
      invocationId: "inv",
      connectionId: "c1",
      callerServerId: "s1",
      protocol: "json",
      payload: Uint8Array.of(1),
      extensions: { tracingId: 5n, protocol: "json" },
    },
  ],
  [
    "129624a3696e76a26331a27331a4626f6f6d80",
    { type: 36, invocationId: "inv", connectionId: "c1", callerServerId: "s1", error: "boom" },
  ],
  ["0d9525a3696e76a26331a2693980", { type: 37, invocationId: "inv", connectionId: "c1", instanceId: "i9" }],
  ["069326a2633180", { type: 38, connectionId: "c1" }],
  ["109527a26331d200000002d20000000280", { type: 39, connectionId: "c1", connectionType: 2, operation: 2 }],
  [
    "0c9728810105a167030aa17432",
    { type: 40, group: "g", ackId: 3, top: 10, continuationToken: "t", maxPageSize: 50, extensions: { tracingId: 5n } },
  ],
  ["09972880a16703c0c0c0", { type: 40, group: "g", ackId: 3 }],
  [
    "179629a3746f6b81a161a131d7ff1d5353006553f1000480",
    { type: 41, connectionToken: "tok", claims: claims.slice(0, 1), expireTime: 1_700_000_000_123, ackId: 4 },
  ],
  [
    "0f9629a3746f6b80d6ff6553f1000480",
    { type: 41, connectionToken: "tok", claims: [], expireTime: 1_700_000_000_000, ackId: 4 },
  ],
  ["08942aa3746f6b0480", { type: 42, connectionToken: "tok", ackId: 4 }],
  ["0f942ba2633182a161a131a161a13280", { type: 43, connectionId: "c1", claims }],
];

describe("The service protocol", () => {
  it.each(sdkVectors)("writes and reads %s as the .NET SDK does", (text, message) => {
    expect(hex(encodeServiceMessage(message))).toBe(text);
    expect(read(text)).toEqual(plain(message));
  });

  it("has a vector for every message there is", () => {
    const covered = new Set(sdkVectors.map(([, { type }]) => type));
    expect([...covered].sort((a, b) => a - b)).toEqual(Object.values(ServiceMessageType));
    expect(codecs.map((codec) => codec?.type).filter(Boolean)).toEqual(Object.values(ServiceMessageType));
  });

  // Reference hub-and-service-protocol §4.5; the shorter ones are those of older peers.
  it.each<[string, ServiceMessage]>([
    ["03 92 01 01", { type: 1, version: 1, connectionType: 0, migrationLevel: 0 }],
    ["05 94 01 01 02 a0", { type: 1, version: 1, connectionType: 2, target: "", migrationLevel: 0 }],
    ["07 96 01 01 00 a0 00 80", { type: 1, version: 1, connectionType: 0, target: "", migrationLevel: 0 }],
    ["03 92 02 c0", { type: 2 }],
    ["04 93 02 a0 80", { type: 2, error: "" }],
    ["08 94 02 a0 80 a3 73 63 31", { type: 2, error: "", connectionId: "sc1" }],
    ["0b 93 03 a6 73 74 61 74 75 73 a1 31", { type: 3, values: ["status", "1"] }],
    ["0a 93 04 a2 63 31 81 a1 61 a1 31", { type: 4, connectionId: "c1", claims: claims.slice(0, 1), headers: none }],
    [
      "36 96 04 a2 63 31 81 aa 61 73 72 73 2e 73 2e 75 69 64 a2 75 31 81 b0 41 73 72 73 2d 49 6e 73 74 61 6e 63 65 2d 49 64 91 a2 69 39 a4 3f 61 3d 31 81 03 a4 6a 73 6f 6e",
      {
        type: 4,
        connectionId: "c1",
        claims: [{ type: "asrs.s.uid", value: "u1" }],
        headers: new Map([["Asrs-Instance-Id", ["i9"]]]),
        queryString: "?a=1",
        extensions: { protocol: "json" },
      },
    ],
    ["06 93 05 a2 63 31 c0", { type: 5, connectionId: "c1", headers: none }],
    ["08 93 06 a2 63 31 c4 01 07", { type: 6, connectionId: "c1", payload: Uint8Array.of(7) }],
    [
      "0d 94 06 a2 63 31 c4 03 7b 7d 1e 81 05 01",
      { type: 6, connectionId: "c1", payload: bytes("7b7d1e"), extensions: { dataMessageType: 1 } },
    ],
    ["07 93 0b a2 63 31 a1 67", { type: 11, connectionId: "c1", group: "g" }],
    [
      "10 95 0d a2 67 31 90 81 a4 6a 73 6f 6e c4 01 01 80",
      {
        type: 13,
        group: "g1",
        excludedConnectionIds: [],
        payloads: new Map([["json", Uint8Array.of(1)]]),
        excludedUserIds: [],
      },
    ],
    ["06 95 14 07 01 a0 80", { type: 20, ackId: 7, status: 1, message: "" }],
  ])("reads %s", (text, message) => {
    expect(read(text)).toEqual(plain(message));
  });

  it("writes and reads the payloads of acknowledgements as the .NET SDK does", () => {
    const page = {
      members: [
        { connectionId: "c1", userId: "u" },
        { connectionId: "c2", userId: undefined },
      ],
      continuationToken: "t",
    };
    expect(hex(encodeGroupMemberPage(page))).toBe("929292a26331a17592a26332c0a174");
    expect(decodeGroupMemberPage(encodeGroupMemberPage(page))).toEqual(page);
    expect(hex(encodeGroupMemberPage({ members: [] }))).toBe("9290c0");
    expect(hex(encodeConnectionClaims(claims))).toBe("82a161a131a161a132");
    expect(decodeConnectionClaims(bytes("82a161a131a161a132"))).toEqual(claims);
    expect(decodeConnectionClaims(bytes("c0"))).toEqual([]);
    expect(() => decodeGroupMemberPage(bytes("9190"))).toThrow(ProtocolError);
  });

  it("ignores types it does not know and items behind those it does", () => {
    expect(decodeServiceMessage(bytes("0592cd0100c0"))).toBeUndefined();
    expect(decodeServiceMessage(bytes("03923fc0"))).toBeUndefined();
    expect(decodeServiceMessage(bytes("0c 96 0c a2 63 31 a1 67 80 93 01 02 03"))).toEqual({
      type: 12,
      connectionId: "c1",
      group: "g",
    });
  });

  it("passes over extensions that a message does not have, whatever they hold", () => {
    // Key 2 (a time to live) and unknown ones: maps, lists, a float, a timestamp.
    const record = bytes(
      "94 0b a2 63 31 a1 67 84 02 0a 63 81 a1 78 93 c0 c3 cb 3f f8 00 00 00 00 00 00 64 d6 ff 00 00 00 00 01 07",
    );
    expect(plain(decodeServiceMessage(Uint8Array.of(record.length, ...record)))).toEqual({
      type: 11,
      connectionId: "c1",
      group: "g",
      extensions: { tracingId: 7n },
    });
  });

  it("reads only the first of a ping's values for a key", () => {
    expect(pingValue({ type: 3, values: ["a", "1", "b", "2", "a", "3", "c"] }, "a")).toBe("1");
    expect(pingValue({ type: 3, values: ["a", "1", "c"] }, "c")).toBeUndefined();
    expect(pingValue({ type: 3, values: ["x", "a"] }, "a")).toBeUndefined();
  });

  it("shares the bytes of payloads with what was received", () => {
    const record = encodeServiceMessage({ type: 10, excludedConnectionIds: [], payloads });
    const message = decodeServiceMessage(record) as { payloads: ReadonlyMap<string, Uint8Array> };
    for (const payload of message.payloads.values()) expect(payload.buffer).toBe(record.buffer);
  });
});

const text = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.toWellFormed()),
);
const maybeText = fc.option(text, { nil: undefined });
const payload = fc.uint8Array({ maxLength: 400 });
const ackId = fc.integer();
const payloadMap = fc.array(fc.tuple(text, payload), { maxLength: 3 }).map((entries) => new Map(entries));
const texts = fc.array(text, { maxLength: 20 });
const claimList = fc.array(fc.record({ type: text, value: text }), { maxLength: 20 });
const headerMap = fc.array(fc.tuple(text, texts), { maxLength: 5 }).map((entries) => new Map(entries));
const tracingId = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined });

const anyMessage: fc.Arbitrary<ServiceMessage> = fc.oneof(
  fc.record({
    type: fc.constant(1 as const),
    version: fc.maxSafeInteger(),
    connectionType: ackId,
    target: maybeText,
    migrationLevel: ackId,
    allowStatefulReconnects: fc.boolean(),
  }),
  fc.record({ type: fc.constant(3 as const), values: texts }),
  fc.record({
    type: fc.constant(4 as const),
    connectionId: text,
    claims: claimList,
    headers: headerMap,
    queryString: maybeText,
  }),
  fc.record({ type: fc.constant(5 as const), connectionId: text, error: maybeText, headers: headerMap }),
  fc.record({
    type: fc.constant(6 as const),
    connectionId: text,
    payload,
    extensions: fc.record({ tracingId, dataMessageType: fc.nat(), isPartial: fc.boolean() }),
  }),
  fc.record({ type: fc.constant(7 as const), connectionIds: texts, payloads: payloadMap }),
  fc.record({
    type: fc.constant(13 as const),
    group: text,
    excludedConnectionIds: texts,
    payloads: payloadMap,
    excludedUserIds: texts,
    callerUserId: maybeText,
  }),
  fc.record({
    type: fc.constant(20 as const),
    ackId,
    status: ackId,
    message: maybeText,
    payload: fc.option(payload, { nil: undefined }),
  }),
  fc.record({
    type: fc.constant(35 as const),
    invocationId: text,
    connectionId: text,
    callerServerId: text,
    protocol: text,
    payload,
  }),
  fc.record({ type: fc.constant(39 as const), connectionId: text, connectionType: ackId, operation: ackId }),
  fc.record({
    type: fc.constant(41 as const),
    connectionToken: text,
    claims: claimList,
    expireTime: fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 }),
    ackId,
  }),
);

describe("Random messages", () => {
  it("come out as they went in, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), fc.array(fc.nat(2_000), { maxLength: 8 }), (messages, cuts) => {
        const writer = new ServiceMessageWriter();
        for (const message of messages) writer.add(message);
        const stream = writer.take();
        expect(writer.length).toBe(0);
        const received: ServiceMessage[] = [];
        const reader = new ServiceMessageReader(Number.POSITIVE_INFINITY);
        const borders = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
        for (let at = 1; at < borders.length; at++) {
          reader.read(stream.slice(borders[at - 1], borders[at]), (message) => received.push(message));
        }
        expect(reader.pendingBytes).toBe(0);
        expect(plain(received)).toEqual(plain(messages));
      }),
    );
  });

  it("whose bytes were changed, cut or invented are refused as such, if at all", () => {
    const survives = (record: Uint8Array) => {
      try {
        decodeServiceMessage(record);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    };
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.nat(255), (message, at, value) => {
        const record = encodeServiceMessage(message).slice();
        record[at % record.length] = value;
        survives(record);
        survives(record.subarray(0, at % record.length));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        survives(body);
        survives(Uint8Array.of(body.length, ...body));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("A hostile peer", () => {
  it.each([
    ["a list that announces more than there is", "05 dd ff ff ff ff", /ends within a value/],
    [
      "a map that announces more than there is",
      "0a 94 0a 90 df ff ff ff ff c0 c0",
      /BroadcastData\.payloads: The message ends within a value/,
    ],
    [
      "binary that announces more than there is",
      "0b 93 06 a2 63 31 c6 ff ff ff ff 01",
      /ConnectionData\.payload: The message ends/,
    ],
    ["no list", "01 01", /Expected a list, found the MessagePack format 0x01/],
    ["an empty list", "01 90", /empty list/],
    ["a text for a number", "02 91 a0", /Expected an integer, found the MessagePack format 0xa0/],
    ["too few items", "02 91 0b", /JoinGroup\.connectionId: The item is missing/],
    ["nil for an id", "06 93 0b c0 a1 67 80", /JoinGroup\.connectionId: Expected a text, found the MessagePack format 0xc0/],
    ["bytes that are no text", "07 93 0b a2 ff fe a1 67", /JoinGroup\.connectionId: The text is not valid UTF-8/],
    ["an integer beyond 2^53", "0d 93 17 a1 67 cf ff ff ff ff ff ff ff ff", /ackId: The integer .* is too large/],
    [
      "a wrong extension",
      "0a 94 10 a1 75 a1 67 81 02 a1 78",
      /UserJoinGroup\.extensions: Extension 'ttl': Expected an integer/,
    ],
    ["a length that does not fit", "05 91 03", /length prefix does not match/],
  ])("is told about %s", (_, text, error) => {
    expect(() => decodeServiceMessage(bytes(text))).toThrow(ProtocolError);
    expect(() => decodeServiceMessage(bytes(text))).toThrow(error);
  });

  it("cannot make the reader collect more than the limit", () => {
    const reader = new ServiceMessageReader(1_000);
    expect(() => reader.read(bytes("ffff7f94"), () => {})).toThrow(MessageTooLargeError);
    expect(reader.pendingBytes).toBe(0);
    expect(() => new ServiceMessageReader(1_000).read(bytes("ffffffffff"), () => {})).toThrow(ProtocolError);
  });

  it("gets deep nesting skipped without recursion", () => {
    const depth = 100_000;
    const body = Buffer.concat([bytes("940ba26331a1678163"), Buffer.alloc(depth, 0x91), bytes("c0")]);
    const prefix = bytes(
      `${hex(Uint8Array.of((body.length & 0x7f) | 0x80, ((body.length >> 7) & 0x7f) | 0x80, body.length >> 14))}`,
    );
    expect(decodeServiceMessage(Buffer.concat([prefix, body]))).toEqual({ type: 11, connectionId: "c1", group: "g" });
  });

  it("has the messages before a bad one heard", () => {
    const received: number[] = [];
    const reader = new ServiceMessageReader(1_000);
    expect(() => reader.read(bytes("029103 02910b"), ({ type }) => received.push(type))).toThrow(ProtocolError);
    expect(received).toEqual([3]);
    const larger = new ServiceMessageReader(1_000);
    expect(() => larger.read(bytes("029103 ffff7f94"), ({ type }) => received.push(type))).toThrow(MessageTooLargeError);
    expect(received).toEqual([3, 3]);
  });
});

describe("A writer", () => {
  it("adds nothing when a message cannot be written", () => {
    const writer = new ServiceMessageWriter();
    writer.add({ type: 3, values: [] });
    expect(() => writer.add({ type: 24, connectionId: "c1", ackId: 1.5 })).toThrow(RangeError);
    expect(hex(writer.take())).toBe("029103");
  });

  it("does not touch what it gave away", () => {
    const writer = new ServiceMessageWriter();
    writer.add({ type: 3, values: ["a", "b"] });
    const first = writer.take();
    const before = hex(first);
    for (let i = 0; i < 100; i++) writer.add({ type: 3, values: ["x".repeat(i)] });
    expect(hex(first)).toBe(before);
  });
});
