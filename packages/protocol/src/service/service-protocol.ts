import { ProtocolError } from "../hub-protocol.ts";
import { bodyStart, MessagePackRecordReader } from "../messagepack-frame.ts";
import { MessagePackCursor } from "./messagepack-cursor.ts";
import { MessagePackSink } from "./messagepack-sink.ts";
import { codecs, type ServiceMessage } from "./service-messages.ts";

/*
 * The service protocol: what app servers and the service say to each other over WebSockets (reference hub-and-service-protocol §4.4).
 * Binary WebSocket messages are a byte stream; each message is its length, as the hub protocol writes it, and a MessagePack list that
 * begins with the message's number.
 */

/** The one version there is. */
export const serviceProtocolVersion = 1;

const cursor = new MessagePackCursor();

/**
 * Decodes one framed message. Its payloads are views of `record`.
 * @returns undefined for a type that this version does not know: to be ignored
 * @throws {ProtocolError} that names the message and the item
 */
export function decodeServiceMessage(record: Uint8Array): ServiceMessage | undefined {
  cursor.reset(record, bodyStart(record));
  const count = cursor.array();
  if (count === 0) throw new ProtocolError("The message is an empty list.");
  const codec = codecs[cursor.integer()];
  return codec?.read(cursor, count) as ServiceMessage | undefined;
}

/** One framed message in bytes of its own. */
export function encodeServiceMessage(message: ServiceMessage): Uint8Array {
  const writer = new ServiceMessageWriter();
  writer.add(message);
  return writer.take();
}

/** Collects messages that leave together as one write. */
export class ServiceMessageWriter {
  readonly #sink = new MessagePackSink();

  /** Bytes collected. */
  get length(): number {
    return this.#sink.length;
  }

  /** @throws {RangeError} for a number that is no integer; nothing is added then */
  add(message: ServiceMessage): void {
    this.#sink.frame(codecs[message.type]!, message);
  }

  /** What was collected, framed, one message behind the other; it belongs to the caller now. */
  take(): Uint8Array {
    return this.#sink.take();
  }
}

/** Cuts a byte stream into messages. A message may span chunks and a chunk may hold many. Holds no buffer while none is incomplete. */
export class ServiceMessageReader {
  readonly #records: MessagePackRecordReader;

  /** @param limit greatest size of one message in bytes, its length prefix included; Infinity for none */
  constructor(limit: number) {
    this.#records = new MessagePackRecordReader(limit);
  }

  /** Bytes of an incomplete message; more than 0 at the end of the stream means it was cut. */
  get pendingBytes(): number {
    return this.#records.pendingBytes;
  }

  /**
   * Appends a chunk, and hands over each message that is complete now, in order; those of unknown types are passed over. Payloads may
   * be views of `chunk`. Messages before a bad one are handed over, too; after a throw the stream is unusable.
   * @throws {MessageTooLargeError} as soon as a message, even an incomplete one, exceeds the limit
   * @throws {ProtocolError} for anything malformed; or whatever `take` throws
   */
  read(chunk: Uint8Array, take: (message: ServiceMessage) => void): void {
    let records: readonly Uint8Array[];
    try {
      records = this.#records.read(chunk);
    } catch (error) {
      if (error instanceof ProtocolError) handOver(error.before, take);
      throw error;
    }
    handOver(records, take);
  }
}

function handOver(records: readonly Uint8Array[], take: (message: ServiceMessage) => void): void {
  for (const record of records) {
    const message = decodeServiceMessage(record);
    if (message !== undefined) take(message);
  }
}
