import { ProtocolError } from "./hub-protocol.ts";
import type { MessageHeaders } from "./messages.ts";

/*
 * Checks of message fields that both protocols share. Each takes what the parser delivered. Absent optional fields are undefined in
 * JSON and nil in MessagePack; JSON null is taken for absent as well, because writers in some languages send it.
 * The sentences are those of ASP.NET Core's JsonHubProtocol.
 */

/** @throws {ProtocolError} when absent, empty, no string, or half of a surrogate pair (nothing that UTF-8 can carry on) */
export function requiredText(value: unknown, name: string): string {
  const text = optionalText(value, name);
  if (text === undefined || text === "") throw missing(name);
  if (!text.isWellFormed()) throw new ProtocolError(`The property '${name}' is not valid Unicode text.`);
  return text;
}

export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(name, "String");
  return value;
}

/** Empty means none: nobody can answer to an empty id. */
export function optionalId(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : requiredText(value, "invocationId");
}

export function requiredArray(value: unknown, name: string): readonly unknown[] {
  if (value === undefined) throw missing(name);
  if (!Array.isArray(value)) throw wrongType(name, "Array");
  return value;
}

/** Undefined also for the empty list. */
export function optionalStreamIds(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const ids = requiredArray(value, "streamIds");
  for (const id of ids) requiredText(id, "streamIds");
  return ids.length === 0 ? undefined : (ids as readonly string[]);
}

/** Undefined also for the empty map. */
export function optionalHeaders(value: unknown): MessageHeaders | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType("headers", "Object");
  let some = false;
  for (const name of Object.keys(value)) {
    some = true;
    if (typeof (value as Record<string, unknown>)[name] !== "string") {
      throw new ProtocolError(`Expected header '${name}' to be of type String.`);
    }
  }
  return some ? (value as MessageHeaders) : undefined;
}

export function optionalBoolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw new ProtocolError(`Expected '${name}' to be true or false.`);
  return value;
}

export function requiredInteger(value: unknown, name: string): number {
  if (value === undefined) throw missing(name);
  if (!Number.isSafeInteger(value)) throw wrongType(name, "Number");
  return value as number;
}

export function missing(name: string): ProtocolError {
  return new ProtocolError(`Missing required property '${name}'.`);
}

function wrongType(name: string, type: string): ProtocolError {
  return new ProtocolError(`Expected '${name}' to be of type ${type}.`);
}
