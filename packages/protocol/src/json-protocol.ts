import {
  missing,
  optionalBoolean,
  optionalHeaders,
  optionalId,
  optionalStreamIds,
  optionalText,
  requiredArray,
  requiredInteger,
  requiredText,
} from "./fields.ts";
import { type HubProtocol, ProtocolError, type RecordReader } from "./hub-protocol.ts";
import { JsonRecordReader, recordSeparator } from "./json-record.ts";
import { jsonTokenName, parseJson, stringifyJson } from "./json-text.ts";
import { type CompletionMessage, type HubMessage, type MessageHeaders, MessageType } from "./messages.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** The JSON hub protocol (HubProtocol.md "JSON Encoding"; reference hub-and-service-protocol §2.2, §2.3). */
export const jsonProtocol: HubProtocol = {
  name: "json",
  transferFormat: "Text",
  version: 2,

  encode(message: HubMessage): Uint8Array {
    return encodeUtf8(`${stringifyJson(inWireOrder(message))}\u001e`);
  },

  decode(record: Uint8Array): HubMessage | undefined {
    return toMessage(parseRecord(record));
  },

  unframe(record: Uint8Array): Uint8Array {
    return record.subarray(0, -1);
  },

  createReader(limit: number): RecordReader {
    return new JsonRecordReader(limit);
  },
};

/** A record has few fields and unknown ones; absent is undefined, for JSON knows no undefined. */
type Fields = Readonly<Record<string, unknown>>;

function parseRecord(record: Uint8Array): Fields {
  if (record.at(-1) !== recordSeparator) throw new ProtocolError("Message is incomplete.");
  let fields: unknown;
  try {
    fields = parseJson(decodeUtf8(record.subarray(0, -1)));
  } catch (cause) {
    throw new ProtocolError("Error reading JSON.", { cause });
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new ProtocolError(`Unexpected JSON Token Type '${jsonTokenName(fields)}'. Expected a JSON Object.`);
  }
  return fields as Fields;
}

function toMessage(fields: Fields): HubMessage | undefined {
  const type = requiredInteger(fields["type"], "type");
  switch (type) {
    case MessageType.Invocation:
      return compact({
        type,
        headers: optionalHeaders(fields["headers"]),
        invocationId: optionalId(fields["invocationId"]),
        target: requiredText(fields["target"], "target"),
        arguments: requiredArray(fields["arguments"], "arguments"),
        streamIds: optionalStreamIds(fields["streamIds"]),
      });
    case MessageType.StreamInvocation:
      return compact({
        type,
        headers: optionalHeaders(fields["headers"]),
        invocationId: requiredText(fields["invocationId"], "invocationId"),
        target: requiredText(fields["target"], "target"),
        arguments: requiredArray(fields["arguments"], "arguments"),
        streamIds: optionalStreamIds(fields["streamIds"]),
      });
    case MessageType.StreamItem: {
      const invocationId = requiredText(fields["invocationId"], "invocationId");
      if (fields["item"] === undefined) throw missing("item");
      return compact({ type, headers: optionalHeaders(fields["headers"]), invocationId, item: fields["item"] });
    }
    case MessageType.Completion:
      return toCompletion(fields);
    case MessageType.CancelInvocation:
      return compact({
        type,
        headers: optionalHeaders(fields["headers"]),
        invocationId: requiredText(fields["invocationId"], "invocationId"),
      });
    case MessageType.Ping:
      return { type };
    case MessageType.Close:
      return compact({
        type,
        error: optionalText(fields["error"], "error"),
        allowReconnect: optionalBoolean(fields["allowReconnect"], "allowReconnect"),
      });
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId: requiredInteger(fields["sequenceId"], "sequenceId") };
    default:
      return undefined;
  }
}

function toCompletion(fields: Fields): CompletionMessage {
  const invocationId = requiredText(fields["invocationId"], "invocationId");
  const error = optionalText(fields["error"], "error");
  if (error !== undefined && fields["result"] !== undefined) {
    throw new ProtocolError("The 'error' and 'result' properties are mutually exclusive.");
  }
  return compact({
    type: MessageType.Completion,
    headers: optionalHeaders(fields["headers"]),
    invocationId,
    error,
    result: fields["result"],
  });
}

/** Drops the fields that are undefined, so that `in` tells what a message carries. */
function compact<T extends object>(message: T): T {
  for (const name in message) {
    if (message[name] === undefined) delete message[name];
  }
  return message;
}

/** The writer's order of reference §2.3. JSON.stringify leaves out what is undefined. */
function inWireOrder(message: HubMessage): object {
  switch (message.type) {
    case MessageType.Invocation:
    case MessageType.StreamInvocation:
      return {
        type: message.type,
        headers: some(message.headers),
        invocationId: message.invocationId,
        target: message.target,
        arguments: message.arguments,
        streamIds: message.streamIds?.length === 0 ? undefined : message.streamIds,
      };
    case MessageType.StreamItem:
      return {
        type: message.type,
        headers: some(message.headers),
        invocationId: message.invocationId,
        item: message.item ?? null,
      };
    case MessageType.Completion:
      return {
        type: message.type,
        headers: some(message.headers),
        invocationId: message.invocationId,
        error: message.error,
        result: "result" in message && message.error === undefined ? (message.result ?? null) : undefined,
      };
    case MessageType.CancelInvocation:
      return { type: message.type, headers: some(message.headers), invocationId: message.invocationId };
    case MessageType.Ping:
      return { type: message.type };
    case MessageType.Close:
      return { type: message.type, error: message.error, allowReconnect: message.allowReconnect || undefined };
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type: message.type, sequenceId: message.sequenceId };
  }
}

function some(headers: MessageHeaders | undefined): MessageHeaders | undefined {
  return headers !== undefined && Object.keys(headers).length > 0 ? headers : undefined;
}
