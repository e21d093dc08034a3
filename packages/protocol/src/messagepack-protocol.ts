import { type HubProtocol, ProtocolError, type RecordReader } from "./hub-protocol.ts";
import { type MessageFields, readMessage } from "./message-reader.ts";
import { frame, MessagePackRecordReader, maxPrefixBytes, unframe, wholeLength } from "./messagepack-frame.ts";
import { decodeMessagePack, encodeMessagePack } from "./messagepack-value.ts";
import { type HubMessage, MessageType, type MessageTypeNumber } from "./messages.ts";

/**
 * The MessagePack hub protocol (HubProtocol.md "MessagePack Encoding"; reference hub-and-service-protocol §2.2, §2.4).
 * Items after those a message type has are ignored; `streamIds` may be absent.
 */
export const messagePackProtocol: HubProtocol<"messagepack"> = {
  name: "messagepack",
  transferFormat: "Binary",
  version: 2,

  encode(message: HubMessage): Uint8Array {
    return frame(encodeMessagePack(toItems(message)));
  },

  decode(record: Uint8Array): HubMessage | undefined {
    const items = decodeMessagePack(unframe(record));
    if (!Array.isArray(items)) throw new ProtocolError("A message must be an array.");
    return readMessage(toFields(items));
  },

  peekType(record: Uint8Array): MessageTypeNumber | undefined {
    let at = 0;
    while (record[at]! >= 0x80 && at < maxPrefixBytes) at++;
    const head = record[at + 1]!;
    const type = record[at + 2]!;
    const isKnown = head > 0x90 && head <= 0x9f && type >= MessageType.Invocation && type <= MessageType.Sequence;
    return isKnown ? (type as MessageTypeNumber) : undefined;
  },

  wholeLength,
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

/** Names the items of a message; unknown types keep their number alone. */
function toFields(items: readonly unknown[]): MessageFields {
  const [type, second, invocationId] = items;
  switch (type) {
    case MessageType.Invocation:
    case MessageType.StreamInvocation:
      return { type, headers: second, invocationId, target: items[3], arguments: items[4], streamIds: items[5] };
    case MessageType.StreamItem:
      return { type, headers: second, invocationId, item: items[3] };
    case MessageType.Completion:
      return { type, headers: second, invocationId, ...outcome(items) };
    case MessageType.CancelInvocation:
      return { type, headers: second, invocationId };
    case MessageType.Close:
      if (items.length < 2) throw new ProtocolError("Missing required property 'error'.");
      return { type, error: second, allowReconnect: items[2] };
    case MessageType.Ack:
    case MessageType.Sequence:
      return { type, sequenceId: second };
    default:
      return { type };
  }
}

function outcome(items: readonly unknown[]): MessageFields {
  const kind = items[3];
  if (kind === ResultKind.Void) return {};
  if (kind !== ResultKind.Error && kind !== ResultKind.NonVoid) throw new ProtocolError("Invalid invocation result kind.");
  if (items.length < 5)
    throw new ProtocolError(`Missing required property '${kind === ResultKind.Error ? "error" : "result"}'.`);
  return kind === ResultKind.Error ? { error: items[4] ?? "" } : { result: items[4] };
}
