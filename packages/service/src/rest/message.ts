import { isUtf8 } from "node:buffer";
import {
  framedPayload,
  type HubMessage,
  type HubProtocol,
  hubProtocols,
  type InvocationMessage,
  invocationPayload,
  MessageType,
  messagePayload,
  type PayloadFormat,
  ProtocolError,
  rawPayload,
  type StreamItemMessage,
} from "@signalbox/protocol";
import type { Payload } from "@signalbox/transport";
import { type Body, decodeBody, decodeText, readBody } from "./body.ts";
import { checkDeliverable, checkText } from "./deliverable.ts";
import type { BodyForm, MediaType } from "./media-type.ts";
import type { RestRequest } from "./request.ts";
import { invalid } from "./rest-error.ts";

/** Forms of a message body; every version takes all of them. */
export const messageForms: readonly BodyForm[] = ["json", "messagepack", "frames"];

const missing = "Message in request body is required.";

/** How a send's body becomes what clients receive. */
export interface MessageReader {
  readonly forms: readonly BodyForm[];
  /** @throws {RestError} 400, or 415 for a charset that is not known */
  decode(media: MediaType, bytes: Uint8Array): Payload;
}

/** Calls of SignalR clients' methods. What passes can be encoded for every client and be read by it. */
export const callReader: MessageReader = {
  forms: messageForms,
  decode: (media, bytes) => payloadOf(decodeBody(media, bytes, missing)),
};

/** Messages of raw clients: the body as it is, a text in UTF-8 (reference serverless-upstream §5.6). */
export const rawReader: MessageReader = {
  forms: ["text", "json", "binary"],
  decode({ form, charset }, bytes) {
    if (form === "binary") return rawPayload("binary", bytes);
    if (charset === "utf-8" && isUtf8(bytes)) return rawPayload("text", bytes);
    return rawPayload("text", Buffer.from(decodeText(bytes, charset)));
  },
};

function payloadOf(body: Body): Payload {
  if (body.form !== "frames") return callPayload(readCall(body.value));
  return framesPayload(readFrames(body.value, MessageType.Invocation));
}

/** Reads a message that the client will answer: encoded again for the id under which the hub waits. */
export async function readQuestion(request: RestRequest, limit: number): Promise<(invocationId: string) => Payload> {
  const body = await readBody(request, messageForms, limit, missing);
  if (body.form !== "frames") {
    const { target, args } = readCall(body.value);
    return (invocationId) => messagePayload({ type: MessageType.Invocation, invocationId, target, arguments: args });
  }
  const frames = readFrames(body.value, MessageType.Invocation);
  const first = frames[0];
  if (first === undefined) throw invalid("The map holds no protocol that is known: json or messagepack.");
  return (invocationId) => {
    const own = new Map<string, Payload>(
      frames.map(({ protocol, message }) => [protocol.name, messagePayload({ ...message, invocationId })]),
    );
    const converted = messagePayload({ ...first.message, invocationId });
    return { bytes: (format: PayloadFormat) => (own.get(format) ?? converted).bytes(format) };
  };
}

/**
 * Reads an item of a stream: the body is the item itself, or (octet-stream) a map of protocol to StreamItem record.
 * @throws {RestError} 400, 413, 415
 */
export async function readItem(request: RestRequest, limit: number, stream: string): Promise<unknown> {
  const body: Body = await readBody(request, messageForms, limit, undefined);
  if (body.form !== "frames") {
    checkDeliverable(body.value, 1);
    return body.value;
  }
  const frame = readFrames(body.value, MessageType.StreamItem)[0];
  if (frame === undefined) throw invalid("The map holds no protocol that is known: json or messagepack.");
  if (frame.message.invocationId !== stream) throw invalid("The StreamItem record is of another stream.", "invocationId");
  return frame.message.item;
}

export interface Call {
  readonly target: string;
  readonly args: readonly unknown[];
}

export function callPayload({ target, args }: Call): Payload {
  return invocationPayload(target, args);
}

/**
 * `{target, arguments}`: names in any letter case, arguments optional or null, a number as the target taken for its text
 * (reference serverless-upstream §4.4, emulator-observed §4).
 * @throws {RestError} 400
 */
export function readCall(value: unknown): Call {
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields))
    throw invalid("The message must be an object with a target.");
  let target: unknown;
  let args: unknown;
  for (const name in fields) {
    // Only names of these lengths can be meant, so others cost no lower-casing.
    if (name.length === 6 && name.toLowerCase() === "target") target = fields[name];
    else if (name.length === 9 && name.toLowerCase() === "arguments") args = fields[name];
  }
  return { target: readTarget(target), args: readArguments(args) };
}

function readTarget(value: unknown): string {
  const target = typeof value === "number" || typeof value === "bigint" ? String(value) : (value ?? "");
  if (typeof target !== "string") throw invalid("The Target field must be a text.", "Target");
  if (target.trim() === "") throw invalid("The Target field is required.", "Target");
  checkText(target);
  return target;
}

const noArguments: readonly unknown[] = [];

function readArguments(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return noArguments;
  if (!Array.isArray(value)) throw invalid("The Arguments field must be an array.", "Arguments");
  checkDeliverable(value, 1);
  return value;
}

interface Frame<M extends HubMessage> {
  readonly protocol: HubProtocol;
  readonly record: Uint8Array;
  readonly message: M;
}

type Framed<T> = T extends typeof MessageType.Invocation ? InvocationMessage : StreamItemMessage;

/**
 * A map of protocol name to the complete framed record for that protocol, as SDKs send it (reference emulator-observed §6.1). What is
 * passed on untouched is looked at the more closely: exactly one well-formed record of the expected type, or no client may see it.
 * Protocols in which nobody but an app server calls its clients are passed over, as those that nobody speaks.
 */
function readFrames<T extends typeof MessageType.Invocation | typeof MessageType.StreamItem>(
  value: unknown,
  type: T,
): Frame<Framed<T>>[] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw invalid("An octet-stream body must be a MessagePack map of protocol name to framed record.");
  }
  const frames: Frame<Framed<T>>[] = [];
  for (const [name, record] of Object.entries(value)) {
    if (!(record instanceof Uint8Array)) throw invalid(`The record for '${name}' is not binary.`, name);
    const protocol = hubProtocols.get(name.toLowerCase());
    if (protocol !== undefined) frames.push({ protocol, record, message: readRecord(protocol, record, type) });
  }
  return frames;
}

function readRecord<T extends number>(protocol: HubProtocol, record: Uint8Array, type: T): Framed<T> {
  const message = decodeOne(protocol, record);
  if (message?.type !== type) {
    throw invalid(
      `The record for '${protocol.name}' must be ${type === MessageType.Invocation ? "an Invocation" : "a StreamItem"}.`,
      protocol.name,
    );
  }
  if (message.type === MessageType.Invocation) {
    if (message.invocationId !== undefined)
      throw invalid("The Invocation must not have an id: nobody would hear the answer.", "invocationId");
    checkDeliverable(message.arguments, 1);
  } else {
    checkDeliverable((message as StreamItemMessage).item, 1);
  }
  return message as Framed<T>;
}

function decodeOne(protocol: HubProtocol, record: Uint8Array): HubMessage | undefined {
  try {
    const reader = protocol.createReader(Number.POSITIVE_INFINITY);
    const records = reader.read(record);
    if (records.length !== 1 || reader.pendingBytes > 0) throw new ProtocolError("it must be exactly one whole record");
    return protocol.decode(records[0]!);
  } catch (error) {
    if (error instanceof ProtocolError)
      throw invalid(`The record for '${protocol.name}' cannot be read: ${error.message}`, protocol.name);
    throw error;
  }
}

function framesPayload(frames: readonly Frame<InvocationMessage>[]): Payload {
  return framedPayload(new Map(frames.map(({ protocol, record }) => [protocol.name, record])));
}
