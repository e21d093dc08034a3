import { type HubProtocol, MessageTooLargeError, ProtocolError, type RecordReader } from "@signalbox/protocol";
import { CloseReasons } from "./close-reason.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";

/** What an input needs of its connection. */
export interface InputOwner extends InboxOwner<Uint8Array> {
  onError(error: unknown): void;
}

/** The way in of a connection with a hub protocol: `bytes ─▶ RecordReader ─▶ records ─▶ Inbox`. */
export class Input extends Inbox<Uint8Array> {
  /** Only while a record is incomplete. */
  #reader: RecordReader | undefined = undefined;

  /** The client has sent a part of a record. */
  get isCut(): boolean {
    return this.#reader !== undefined;
  }

  /**
   * @param limit greatest size of a record, bytes
   * @returns whether a whole record came
   */
  read(bytes: Uint8Array, protocol: HubProtocol, limit: number, owner: InputOwner): boolean {
    const reader = this.#reader ?? protocol.createReader(limit);
    let records: readonly Uint8Array[];
    try {
      records = reader.read(bytes);
    } catch (error) {
      const before = error instanceof ProtocolError ? error.before : [];
      const reason = error instanceof MessageTooLargeError ? CloseReasons.messageTooLarge : CloseReasons.malformedMessage;
      this.#reader = undefined;
      this.take(before, owner);
      this.end({ reason, error: describe(error, owner) }, owner);
      return before.length > 0;
    }
    this.#reader = reader.pendingBytes > 0 ? reader : undefined;
    if (records.length > 0) this.take(records, owner);
    return records.length > 0;
  }

  /** A new socket begins with a new record. */
  forgetPart(): void {
    this.#reader = undefined;
  }

  override clear(): void {
    this.#reader = undefined;
    super.clear();
  }
}

/** The sentence for whoever stands behind the connection. */
export function describe(error: unknown, owner: Pick<InputOwner, "onError">): string {
  if (error instanceof ProtocolError) return error.message;
  owner.onError(error);
  return "The message could not be read.";
}
