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
import { frame, MessagePackRecordReader, unframe } from "./messagepack-frame.ts";
import { decodeValue, encodeValue } from "./messagepack-value.ts";
import { type CompletionMessage, type HubMessage, MessageType } from "./messages.ts";

/**
 * The MessagePack hub protocol (HubProtocol.md "MessagePack Encoding"; reference hub-and-service-protocol §2.2, §2.4).
 * Items after those a message type has are ignored; `streamIds` may be absent.
 */
export const messagePackProtocol: HubProtocol = {
  name: "messagepack",
  transferFormat: "Binary",
  version: 2,

  encode(message: HubMessage): Uint8Array {
    return frame(encodeValue(toItems(message)));
  },

  decode(record: Uint8Array): HubMessage | undefined {
    const items = decodeValue(unframe(record));
    if (!Array.isArray(items)) throw new ProtocolError("A message must be an array.");
    return toMessage(items);
  },

  unframe,

  createReader(limit: number): RecordReader {
    return new MessagePackRecordReader(limit);
  },
};

const ResultKind = { Error: 1, Void: 2, NonVoid: 3 } as const;

function toItems(message: HubMessage): readonly unknown[] {
  switch (message.type) {
    case MessageType.Invocation:
    case MessageType.StreamInvocation:
      return [
        message.type,
        message.headers ?? {},
        message.invocationId || null,
        message.target,
        message.arguments,
        message.streamIds ?? [],
      ];
    case MessageType.StreamItem:
      return [message.type, message.headers ?? {}, message.invocationId, message.item];
    case MessageType.Completion: {
      const head = [message.type, message.headers ?? {}, message.invocationId];
      if (message.error !== undefined) return [...head, ResultKind.Error, message.error];
      return "result" in message ? [...head, ResultKind.NonVoid, message.result] : [...head, ResultKind.Void];
    }
    case MessageType.CancelInvocation:
      return [message.type, message.headers ?? {}, message.invocationId];
    case MessageType.Ping:
      return [message.type];
    case MessageType.Close:
      return [message.type, message.error ?? null, message.allowReconnect ?? false];
    case MessageType.Ack:
    case MessageType.Sequence:
      return [message.type, message.sequenceId];
  }
}

function toMessage(items: readonly unknown[]): HubMessage | undefined {
  const type = requiredInteger(items[0], "type");
  switch (type) {
    case MessageType.Invocation: {
      const invocationId = optionalId(items[2]);
      return {
        type,
        ...headersOf(items),
        ...(invocationId === undefined ? undefined : { invocationId }),
        target: requiredText(items[3], "target"),
        arguments: requiredArray(items[4], "arguments"),
        ...streamIdsOf(items),
      };
    }
    case MessageType.StreamInvocation:
      return {
        type,
        ...headersOf(items),
        invocationId: requiredText(items[2], "invocationId"),
        target: requiredText(items[3], "target"),
        arguments: requiredArray(items[4], "arguments"),
        ...streamIdsOf(items),
      };
    case MessageType.StreamItem: {
      const invocationId = requiredText(items[2], "invocationId");
      if (items.length < 4) throw missing("item");
      return { type, ...headersOf(items), invocationId, item: items[3] };
    }
    case MessageType.Completion:
      return toCompletion(items);
    case MessageType.CancelInvocation:
      return { type, ...headersOf(items), invocationId: requiredText(items[2], "invocationId") };
    case MessageType.Ping:
      return { type };
    case MessageType.Close: {
      if (items.length < 2) throw missing("error");
      const error = optionalText(items[1], "error");
      const allowReconnect = optionalBoolean(items[2], "allowReconnect");
      return {
        type,
        ...(error === undefined ? undefined : { error }),
        ...(allowReconnect === undefined ? undefined : { allowReconnect }),
      };
    }
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId: requiredInteger(items[1], "sequenceId") };
    default:
      return undefined;
  }
}

function toCompletion(items: readonly unknown[]): CompletionMessage {
  const head = { type: MessageType.Completion, ...headersOf(items), invocationId: requiredText(items[2], "invocationId") };
  switch (items[3]) {
    case ResultKind.Error:
      if (items.length < 5) throw missing("error");
      return { ...head, error: optionalText(items[4], "error") ?? "" };
    case ResultKind.Void:
      return head;
    case ResultKind.NonVoid:
      if (items.length < 5) throw missing("result");
      return { ...head, result: items[4] };
    default:
      throw new ProtocolError("Invalid invocation result kind.");
  }
}

function headersOf(items: readonly unknown[]) {
  if (items.length < 2) throw missing("headers");
  const headers = optionalHeaders(items[1]);
  return headers === undefined ? undefined : { headers };
}

function streamIdsOf(items: readonly unknown[]) {
  const streamIds = optionalStreamIds(items[5]);
  return streamIds === undefined ? undefined : { streamIds };
}
