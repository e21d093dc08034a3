import { Decoder, Encoder, ExtData, ExtensionCodec, type ExtensionCodecType } from "@msgpack/msgpack";
import { ProtocolError } from "./hub-protocol.ts";
import { fits64Bits } from "./integer.ts";
import { scanMessagePack } from "./messagepack-scan.ts";
import { maxDepth } from "./nesting.ts";

/*
 * JavaScript values ↔ MessagePack:
 *
 *   number            smallest integer format, float64 when it has a fraction or lies beyond ±(2^53 − 1)
 *   bigint            int64, uint64; decoded only beyond ±(2^53 − 1)
 *   Date              timestamp extension (−1), milliseconds
 *   Uint8Array        bin; decoded as a view of the record
 *   object            map; keys that are no strings become strings
 *   ExtData           any other extension, passed on as it is
 */

const { defaultCodec } = ExtensionCodec;

/** Thrown while encoding, to start over with `wideEncoder`. */
const bigintFound = new ProtocolError("A bigint was found.");

const codec: ExtensionCodecType<undefined> = {
  tryToEncode(value, context) {
    if (typeof value === "bigint") throw bigintFound;
    if (value instanceof Date && Number.isNaN(value.getTime())) throw new ProtocolError("An invalid Date cannot be encoded.");
    return defaultCodec.tryToEncode(value, context);
  },
  decode: (data, type, context) => defaultCodec.decode(data, type, context),
};

// The library writes either plain integers beyond 32 bits or bigints as 64-bit integers, never both: two encoders.
// It counts the values within the deepest array as one more level.
const options = { extensionCodec: codec, maxDepth: maxDepth + 1 };
const createEncoder = () => new Encoder(options);
let encoder = createEncoder();
const wideEncoder = () => new Encoder({ ...options, useBigInt64: true });

/** Bytes; a larger buffer is not kept for the next message, nor that of an attempt that failed. */
const keptBuffer = 256 * 1024;

/**
 * @returns a view of a shared buffer, valid until the next call
 * @throws {ProtocolError} for an integer beyond 64 bits, an invalid Date, a function or symbol, or too deep nesting
 */
export function encodeMessagePack(value: unknown): Uint8Array {
  try {
    const bytes = encoder.encodeSharedRef(value);
    if (bytes.buffer.byteLength > keptBuffer) encoder = createEncoder();
    return mayHoldSurrogates(bytes) ? wideEncoder().encodeSharedRef(normalize(value)) : bytes;
  } catch (cause) {
    encoder = createEncoder();
    if (cause !== bigintFound) throw asProtocolError(cause);
  }
  try {
    return wideEncoder().encodeSharedRef(normalize(value));
  } catch (cause) {
    throw asProtocolError(cause);
  }
}

/** A lone surrogate is written as ED A0 80 to ED BF BF, which is not UTF-8 and breaks strict readers. Other values may look the same. */
function mayHoldSurrogates(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    if ((bytes[at + 1] ?? 0) >= 0xa0) return true;
  }
  return false;
}

/** The same value as `wideEncoder` wants it: every integer beyond 32 bits a bigint of at most 64, every string well-formed. */
function normalize(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return value.toWellFormed();
    case "number":
      return Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000) ? BigInt(value) : value;
    case "bigint":
      return normalizeBigint(value);
    case "object":
      if (value === null || value instanceof Date || value instanceof ExtData || ArrayBuffer.isView(value)) return value;
      if (Array.isArray(value)) return value.map(normalize);
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), normalize(member)]));
    default:
      return value;
  }
}

function normalizeBigint(value: bigint): number | bigint {
  if (value >= -0x8000_0000n && value <= 0xffff_ffffn) return Number(value);
  if (fits64Bits(value)) return value;
  throw new ProtocolError(`The integer ${value} does not fit into 64 bits, the most that MessagePack can carry.`);
}

const decoder = new Decoder({ extensionCodec: codec, mapKeyConverter: toKey });
const wideDecoder = new Decoder({ extensionCodec: codec, mapKeyConverter: toKey, useBigInt64: true });

/**
 * @param bytes exactly one value; binary in the result is a view of them
 * @throws {ProtocolError}
 */
export function decodeMessagePack(bytes: Uint8Array): unknown {
  const hasBigInteger = scanMessagePack(bytes);
  try {
    return hasBigInteger ? narrow(wideDecoder.decode(bytes)) : decoder.decode(bytes);
  } catch (cause) {
    throw asProtocolError(cause);
  }
}

/** Turns each bigint that a number can hold into that number, in place. */
function narrow(value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = narrow(value[index]);
  } else if (isPlainMap(value)) {
    for (const key of Object.keys(value)) value[key] = narrow(value[key]);
  }
  return value;
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** .NET dictionaries may have numbers, dates and the like for keys; JSON writes those as text too. */
function toKey(key: unknown): string {
  switch (typeof key) {
    case "string":
      return key;
    case "number":
    case "bigint":
    case "boolean":
      return String(key);
    default:
      if (key === null) return "null";
      if (key instanceof Date && !Number.isNaN(key.getTime())) return key.toISOString();
      throw new ProtocolError("A map key must be a string, a number, a boolean, a date or nil.");
  }
}

function asProtocolError(cause: unknown): ProtocolError {
  if (cause instanceof ProtocolError) return cause;
  return new ProtocolError(`MessagePack: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
