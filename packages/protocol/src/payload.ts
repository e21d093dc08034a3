import { type HubProtocol, type HubProtocolName, ProtocolError } from "./hub-protocol.ts";
import { jsonProtocol } from "./json-protocol.ts";
import { messagePackProtocol } from "./messagepack-protocol.ts";
import { type HubMessage, MessageType } from "./messages.ts";

/** Something for many receivers: its framed bytes for each protocol, the same array for everyone who asks. */
export interface Payload {
  /**
   * @returns undefined for a protocol that the sender did not provide
   * @throws {ProtocolError} when the content cannot be expressed in this protocol (an integer beyond 64 bits in MessagePack)
   */
  bytes(protocol: HubProtocolName): Uint8Array | undefined;
}

/** Encodes on first demand, once for each protocol, also when that fails: a thousand receivers must not cost a thousand attempts. */
class MessagePayload implements Payload {
  readonly #message: HubMessage;
  #json: Uint8Array | ProtocolError | undefined;
  #messagePack: Uint8Array | ProtocolError | undefined;

  constructor(message: HubMessage) {
    this.#message = message;
  }

  bytes(protocol: HubProtocolName): Uint8Array {
    let encoded: Uint8Array | ProtocolError;
    if (protocol === "json") encoded = this.#json ??= tryEncode(jsonProtocol, this.#message);
    else encoded = this.#messagePack ??= tryEncode(messagePackProtocol, this.#message);
    if (encoded instanceof ProtocolError) throw encoded;
    return encoded;
  }
}

function tryEncode(protocol: HubProtocol, message: HubMessage): Uint8Array | ProtocolError {
  try {
    return protocol.encode(message);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** A message for every receiver, in the protocol of each. It must not change afterwards. */
export function messagePayload(message: HubMessage): Payload {
  return new MessagePayload(message);
}

/** A call that expects no answer. */
export function invocationPayload(target: string, args: readonly unknown[]): Payload {
  return new MessagePayload({ type: MessageType.Invocation, target, arguments: args });
}

class FramedPayload implements Payload {
  readonly #frames: ReadonlyMap<string, Uint8Array>;

  constructor(frames: ReadonlyMap<string, Uint8Array>) {
    this.#frames = frames;
  }

  bytes(protocol: HubProtocolName): Uint8Array | undefined {
    return this.#frames.get(protocol);
  }
}

/**
 * Bytes that the sender framed itself, passed on untouched.
 * @param frames by protocol name (lower case); a receiver whose protocol is missing gets nothing
 */
export function framedPayload(frames: ReadonlyMap<string, Uint8Array>): Payload {
  return new FramedPayload(frames);
}
