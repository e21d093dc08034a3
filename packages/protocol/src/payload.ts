import { type ClientProtocolName, type HubProtocol, ProtocolError } from "./hub-protocol.ts";
import { jsonProtocol } from "./json-protocol.ts";
import { messagePackProtocol } from "./messagepack-protocol.ts";
import { type HubMessage, MessageType } from "./messages.ts";

/**
 * What a receiver reads: records of a hub protocol or, without one, raw WebSocket messages. A payload is for the one or for the other:
 * a record means nothing to a client without hub protocol, and a raw message has no target.
 */
export type PayloadFormat = ClientProtocolName | MessageKind;

/** The two kinds of WebSocket messages. */
export type MessageKind = "text" | "binary";

/** Something for many receivers: its framed bytes for each format, the same array for everyone who asks. */
export interface Payload {
  /**
   * @returns undefined for a format that the sender did not provide
   * @throws {ProtocolError} when the content cannot be expressed in this format (an integer beyond 64 bits in MessagePack)
   */
  bytes(format: PayloadFormat): Uint8Array | undefined;
}

/** Encodes on first demand, once for each protocol, also when that fails: a thousand receivers must not cost a thousand attempts. */
class MessagePayload implements Payload {
  readonly #message: HubMessage;
  #json: Uint8Array | ProtocolError | undefined;
  #messagePack: Uint8Array | ProtocolError | undefined;

  constructor(message: HubMessage) {
    this.#message = message;
  }

  bytes(format: PayloadFormat): Uint8Array | undefined {
    let encoded: Uint8Array | ProtocolError;
    if (format === "json") encoded = this.#json ??= tryEncode(jsonProtocol, this.#message);
    else if (format === "messagepack") encoded = this.#messagePack ??= tryEncode(messagePackProtocol, this.#message);
    else return undefined;
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

  bytes(format: PayloadFormat): Uint8Array | undefined {
    return this.#frames.get(format);
  }
}

/**
 * Bytes that the sender framed itself, passed on untouched.
 * @param frames by protocol name (lower case); a receiver whose protocol is missing gets nothing
 */
export function framedPayload(frames: ReadonlyMap<string, Uint8Array>): Payload {
  return new FramedPayload(frames);
}

class RawPayload implements Payload {
  readonly #kind: MessageKind;
  readonly #content: Uint8Array;

  constructor(kind: MessageKind, content: Uint8Array) {
    this.#kind = kind;
    this.#content = content;
  }

  bytes(format: PayloadFormat): Uint8Array | undefined {
    return format === this.#kind ? this.#content : undefined;
  }
}

/**
 * One WebSocket message for clients without hub protocol.
 * @param content of a text: valid UTF-8. Must not change afterwards
 */
export function rawPayload(kind: MessageKind, content: Uint8Array): Payload {
  return new RawPayload(kind, content);
}
