import type { HubMessage, HubProtocol, MessageTypeNumber } from "@signalbox/protocol";
import type { ClientMessage } from "./connection.ts";

/**
 * Decoded at once, so that a malformed record ends the connection before anybody hears of it.
 * @returns undefined for an unknown type, which is ignored
 * @throws {ProtocolError}
 */
export function answeredMessage(record: Uint8Array, protocol: HubProtocol): ClientMessage | undefined {
  const message = protocol.decode(record);
  return message && { record, type: message.type, message };
}

/**
 * Passed on as it is: whoever stands behind has a parser of its own.
 * @throws {ProtocolError} when the type is not plain to see and the record is malformed
 */
export function relayedMessage(record: Uint8Array, protocol: HubProtocol): ClientMessage | undefined {
  const type = protocol.peekType(record);
  return type === undefined ? answeredMessage(record, protocol) : new RelayedMessage(record, type, protocol);
}

class RelayedMessage implements ClientMessage {
  readonly record: Uint8Array;
  readonly type: MessageTypeNumber;
  readonly #protocol: HubProtocol;

  constructor(record: Uint8Array, type: MessageTypeNumber, protocol: HubProtocol) {
    this.record = record;
    this.type = type;
    this.#protocol = protocol;
  }

  get message(): HubMessage {
    return this.#protocol.decode(this.record)!;
  }
}
