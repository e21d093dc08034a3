import { type HubProtocol, ProtocolError, type RecordReader } from "./hub-protocol.ts";
import { peekJsonType } from "./json-peek.ts";
import { JsonRecordReader, recordSeparator } from "./json-record.ts";
import { jsonTokenName, parseJson, stringifyJson } from "./json-text.ts";
import { type MessageFields, readMessage } from "./message-reader.ts";
import { type HubMessage, type MessageHeaders, MessageType } from "./messages.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** The JSON hub protocol (HubProtocol.md "JSON Encoding"; reference hub-and-service-protocol §2.2, §2.3). */
export const jsonProtocol: HubProtocol<"json"> = {
  name: "json",
  transferFormat: "Text",
  version: 2,

  encode(message: HubMessage): Uint8Array {
    return encodeUtf8(`${stringifyJson(inWireOrder(message))}\u001e`);
  },

  decode(record: Uint8Array): HubMessage | undefined {
    return readMessage(parseRecord(record));
  },

  peekType: peekJsonType,

  wholeLength(bytes: Uint8Array): number {
    return bytes.lastIndexOf(recordSeparator) + 1;
  },

  unframe(record: Uint8Array): Uint8Array {
    return record.subarray(0, -1);
  },

  createReader(limit: number): RecordReader {
    return new JsonRecordReader(limit);
  },
};

/** Names are case-sensitive; JSON knows no undefined, so that stands for absent. */
function parseRecord(record: Uint8Array): MessageFields {
  if (record[record.length - 1] !== recordSeparator) throw new ProtocolError("Message is incomplete.");
  let fields: unknown;
  try {
    fields = parseJson(decodeUtf8(record.subarray(0, -1)));
  } catch (cause) {
    throw new ProtocolError("Error reading JSON.", { cause });
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new ProtocolError(`Unexpected JSON Token Type '${jsonTokenName(fields)}'. Expected a JSON Object.`);
  }
  return fields;
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
