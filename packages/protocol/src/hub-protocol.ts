import type { HubMessage, MessageTypeNumber } from "./messages.ts";

/** Protocols in which the values of calls are read and written here. */
export type HubProtocolName = "json" | "messagepack";
/** Those, and `blazorpack`, which only passes through: between a page of Blazor Server and its app server. */
export type ClientProtocolName = HubProtocolName | "blazorpack";
export type TransferFormat = "Text" | "Binary";

/** What a client sent is not a valid record. The text names what was wrong; it may be shown to the peer's operator. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
  /** From a reader of records: those of the same chunk that came whole before the bad one, and are good. */
  before: readonly Uint8Array[] = [];
}

/** A record is larger than the reader's limit, whole or still incomplete. */
export class MessageTooLargeError extends ProtocolError {
  override readonly name = "MessageTooLargeError";
}

/**
 * Cuts a byte stream into framed records. A record may span chunks and a chunk may hold many records.
 * Holds no buffer while no incomplete record is pending, so an idle reader costs nothing.
 */
export interface RecordReader {
  /**
   * Appends a chunk; returns the records that are complete now, each WITH its frame (JSON: trailing 0x1e; MessagePack: length
   * prefix). A returned record may be a view into `chunk`. What is thrown carries the records `before` the bad one; the stream is
   * unusable then.
   * @throws {MessageTooLargeError} as soon as a record, even an incomplete one, exceeds the limit
   * @throws {ProtocolError} for a malformed length prefix
   */
  read(chunk: Uint8Array): readonly Uint8Array[];
  /** Bytes of an incomplete record; more than 0 at the end of the stream means it was cut. */
  readonly pendingBytes: number;
}

/** One hub protocol: pure functions between hub messages and framed bytes. */
export interface HubProtocol<Name extends ClientProtocolName = ClientProtocolName> {
  readonly name: Name;
  readonly transferFormat: TransferFormat;
  /** Highest protocol version understood; every lower one is too. Version 2 adds Ack and Sequence. */
  readonly version: 2;
  /**
   * A whole frame: JSON ends in 0x1e, MessagePack starts with its length.
   * @throws {ProtocolError} for a value that the protocol cannot carry (a cycle; in MessagePack an integer beyond 64 bits)
   */
  encode(message: HubMessage): Uint8Array;
  /**
   * Decodes one framed record.
   * @returns undefined for a type number this version does not know: to be ignored
   * @throws {ProtocolError} for anything malformed
   */
  decode(record: Uint8Array): HubMessage | undefined;
  /**
   * The type of a framed record at a glance, as usual clients write it. Whether the record is well-formed remains to be seen.
   * @returns undefined when it takes decoding to know
   */
  peekType(record: Uint8Array): MessageTypeNumber | undefined;
  /** How many of these bytes, which begin a record, are whole records. @throws {ProtocolError} for a malformed length prefix */
  wholeLength(bytes: Uint8Array): number;
  /**
   * The record without its frame: what travels in an upstream request. A view, not a copy.
   * @throws {ProtocolError} for a MessagePack record whose prefix does not fit
   */
  unframe(record: Uint8Array): Uint8Array;
  /** @param limit greatest size of one record in bytes, frame included; Infinity for none */
  createReader(limit: number): RecordReader;
}
