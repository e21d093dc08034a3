import { ProtocolError } from "./hub-protocol.ts";
import { type HubMessage, type MessageHeaders, MessageType } from "./messages.ts";

/**
 * What a parser delivered, by the field names of the JSON protocol. Undefined means absent. Null is taken for absent where a field is
 * optional: MessagePack's nil, and writers in some languages that send JSON null.
 */
export interface MessageFields {
  readonly type?: unknown;
  readonly headers?: unknown;
  readonly invocationId?: unknown;
  readonly target?: unknown;
  readonly arguments?: unknown;
  readonly streamIds?: unknown;
  readonly item?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly allowReconnect?: unknown;
  readonly sequenceId?: unknown;
}

/**
 * Checks the fields that the type needs; others are ignored. The sentences are those of ASP.NET Core's JsonHubProtocol.
 * @returns undefined for a type number that is not known
 * @throws {ProtocolError} naming the field that is absent or of the wrong type
 */
export function readMessage(fields: MessageFields): HubMessage | undefined {
  const type = requiredInteger(fields.type, "type");
  switch (type) {
    case MessageType.Invocation:
      return {
        type,
        headers: optionalHeaders(fields.headers),
        invocationId: optionalId(fields.invocationId),
        target: requiredText(fields.target, "target"),
        arguments: requiredArray(fields.arguments, "arguments"),
        streamIds: optionalStreamIds(fields.streamIds),
      };
    case MessageType.StreamInvocation:
      return {
        type,
        headers: optionalHeaders(fields.headers),
        invocationId: requiredId(fields),
        target: requiredText(fields.target, "target"),
        arguments: requiredArray(fields.arguments, "arguments"),
        streamIds: optionalStreamIds(fields.streamIds),
      };
    case MessageType.StreamItem:
      return {
        type,
        headers: optionalHeaders(fields.headers),
        invocationId: requiredId(fields),
        item: required(fields.item, "item"),
      };
    case MessageType.Completion: {
      const headers = optionalHeaders(fields.headers);
      const invocationId = requiredId(fields);
      const error = optionalText(fields.error, "error");
      if (fields.result === undefined) return { type, headers, invocationId, error };
      if (error !== undefined) throw new ProtocolError("The 'error' and 'result' properties are mutually exclusive.");
      return { type, headers, invocationId, result: fields.result };
    }
    case MessageType.CancelInvocation:
      return { type, headers: optionalHeaders(fields.headers), invocationId: requiredId(fields) };
    case MessageType.Ping:
      return { type };
    case MessageType.Close:
      return {
        type,
        error: optionalText(fields.error, "error"),
        allowReconnect: optionalBoolean(fields.allowReconnect, "allowReconnect"),
      };
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId: requiredInteger(fields.sequenceId, "sequenceId") };
    default:
      return undefined;
  }
}

function required(value: unknown, name: string): unknown {
  if (value === undefined) throw new ProtocolError(`Missing required property '${name}'.`);
  return value;
}

/** Half of a surrogate pair is refused: targets and ids travel on in URLs and headers, which cannot carry it. */
function requiredText(value: unknown, name: string): string {
  const text = optionalText(value, name);
  if (text === undefined || text === "") throw new ProtocolError(`Missing required property '${name}'.`);
  if (!text.isWellFormed()) throw new ProtocolError(`The property '${name}' is not valid Unicode text.`);
  return text;
}

function requiredId(fields: MessageFields): string {
  return requiredText(fields.invocationId, "invocationId");
}

/** An empty id means none. */
function optionalId(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : requiredText(value, "invocationId");
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(name, "String");
  return value;
}

function requiredArray(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(required(value, name))) throw wrongType(name, "Array");
  return value as readonly unknown[];
}

/** Undefined also for the empty list. */
function optionalStreamIds(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const ids = requiredArray(value, "streamIds");
  for (const id of ids) requiredText(id, "streamIds");
  return ids.length === 0 ? undefined : (ids as readonly string[]);
}

/** Undefined also for the empty map. */
function optionalHeaders(value: unknown): MessageHeaders | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType("headers", "Object");
  const entries = Object.entries(value);
  for (const [name, text] of entries) {
    if (typeof text !== "string") throw new ProtocolError(`Expected header '${name}' to be of type String.`);
  }
  return entries.length === 0 ? undefined : (value as MessageHeaders);
}

function optionalBoolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw new ProtocolError(`Expected '${name}' to be true or false.`);
  return value;
}

function requiredInteger(value: unknown, name: string): number {
  if (!Number.isSafeInteger(required(value, name))) throw wrongType(name, "Number");
  return value as number;
}

function wrongType(name: string, type: string): ProtocolError {
  return new ProtocolError(`Expected '${name}' to be of type ${type}.`);
}
