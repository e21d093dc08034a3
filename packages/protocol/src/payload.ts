import type { HubProtocolName } from "./hub-protocol.ts";
import { hubProtocols } from "./hub-protocols.ts";
import { type HubMessage, MessageType } from "./messages.ts";

/** Something for many receivers: its framed bytes for each protocol, the same array for everyone who asks. */
export interface Payload {
  /**
   * @returns undefined for a protocol that the sender did not provide
   * @throws {ProtocolError} when the content cannot be expressed in this protocol (an integer beyond 64 bits in MessagePack)
   */
  bytes(protocol: HubProtocolName): Uint8Array | undefined;
}

/** Encodes on first demand, once for each protocol. The message must not change afterwards. */
class MessagePayload implements Payload {
  readonly #message: HubMessage;
  #json: Uint8Array | undefined;
  #messagePack: Uint8Array | undefined;

  constructor(message: HubMessage) {
    this.#message = message;
  }

  bytes(protocol: HubProtocolName): Uint8Array {
    if (protocol === "json") {
      this.#json ??= encode(protocol, this.#message);
      return this.#json;
    }
    this.#messagePack ??= encode(protocol, this.#message);
    return this.#messagePack;
  }
}

function encode(protocol: HubProtocolName, message: HubMessage): Uint8Array {
  return hubProtocols.get(protocol)!.encode(message);
}

/** A message for every receiver, in the protocol of each. */
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
