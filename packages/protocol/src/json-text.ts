import { ProtocolError } from "./hub-protocol.ts";
import { fits64Bits } from "./integer.ts";
import { maxDepth, nestsTooDeep } from "./nesting.ts";

/** ES2026 (JSON.parse source text access): on every supported runtime, not yet in TypeScript's library. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}
const json = JSON as unknown as JsonWithSource;

const integer = /^-?\d+$/;

/**
 * JSON.parse without loss: an integer beyond ±(2^53 − 1) becomes a bigint, unless it exceeds 64 bits and a number gives back the same
 * digits (1e20). Every other number is a number, also one with a fraction or an exponent. A `__proto__` member becomes an ordinary own property.
 * @throws {ProtocolError} for anything but JSON (with the parser's sentence), nesting beyond 500 levels, an integer beyond 1,000 digits
 */
export function parseJson(text: string): unknown {
  if (nestsTooDeep(text)) throw new ProtocolError(`The JSON nests deeper than ${maxDepth} levels.`);
  try {
    return mayHoldBigInteger(text) ? json.parse(text, keepBigInteger) : JSON.parse(text);
  } catch (cause) {
    throw jsonError(cause);
  }
}

/**
 * True when 16 digits stand in a row where a number may begin; fewer are below 2^53. Every such row covers one of the places looked at,
 * so a text without one costs a sixteenth of its length.
 */
function mayHoldBigInteger(text: string): boolean {
  for (let place = 15; place < text.length; place += 16) {
    if (!isDigit(text.charCodeAt(place))) continue;
    let start = place;
    while (isDigit(text.charCodeAt(start - 1))) start--;
    let end = place + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - start >= 16 && mayPrecedeNumber(text.charCodeAt(start - 1))) return true;
    // Past this row, so that no digit is looked at twice; the next place is within any 16 digits that follow.
    place = end;
  }
  return false;
}

/** False for NaN, which charCodeAt answers beyond either end. */
function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Not a quotation mark, as before digits in a string, nor a decimal point; the start of the text is NaN. */
function mayPrecedeNumber(code: number): boolean {
  return code !== 0x22 && code !== 0x2e;
}

/** Making a bigint costs more than its length; nobody counts this far. */
const maxDigits = 1000;

function keepBigInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  const { source } = context;
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined || !integer.test(source)) return value;
  if (source.length > maxDigits) throw new ProtocolError(`An integer of ${source.length} digits is too long.`);
  const integerValue = BigInt(source);
  // JavaScript writes 1e20 as digits too: beyond 64 bits, what a number gives back unchanged was one.
  return fits64Bits(integerValue) || String(value) !== source ? integerValue : value;
}

/**
 * JSON.stringify that also knows what MessagePack brings: a bigint becomes a plain integer, bytes (Uint8Array and other views) base64.
 * As ever a Date becomes ISO 8601 text, a number that is not finite `null`, `undefined` in an array `null`.
 * @throws {ProtocolError} for a cycle, too deep nesting, or a value that has no JSON (a function at the top)
 */
export function stringifyJson(value: unknown): string {
  const text = tryPlain(value);
  if (text !== undefined && !mayHoldBytes.test(text)) return text;
  try {
    const careful = JSON.stringify(value, replaceSpecial) as string | undefined;
    if (careful !== undefined) return careful;
  } catch (cause) {
    throw jsonError(cause);
  }
  throw new ProtocolError(`A ${typeof value} cannot be written as JSON.`);
}

/** Undefined when the value holds a bigint or cannot be written at all: the careful pass tells which. */
function tryPlain(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The traces that bytes leave in plain JSON: with items, empty, as Node's Buffer. Looking for them is far cheaper than a replacer. */
const mayHoldBytes = /\{(?:\}|"0":|"type":"Buffer")/;

function replaceSpecial(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return json.rawJSON(value.toString());
  if (typeof value !== "object" || value === null) return value;
  // Buffer's toJSON has run already: look at what it was called on.
  const original = (this as Record<string, unknown>)[key];
  return ArrayBuffer.isView(original) ? base64(original) : value;
}

function base64(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");
}

function jsonError(cause: unknown): ProtocolError {
  if (cause instanceof ProtocolError) return cause;
  if (cause instanceof RangeError) return new ProtocolError("The value nests too deeply for JSON.", { cause });
  return new ProtocolError(cause instanceof Error ? cause.message : String(cause), { cause });
}

/** What ASP.NET Core calls the kind of a parsed value in its sentences. */
export function jsonTokenName(value: unknown): string {
  if (value === null) return "Null";
  if (Array.isArray(value)) return "Array";
  switch (typeof value) {
    case "string":
      return "String";
    case "boolean":
      return value ? "True" : "False";
    case "object":
      return "Object";
    default:
      return "Number";
  }
}
