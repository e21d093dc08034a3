import {
  type AckMessage,
  type HubProtocol,
  MessageType,
  type MessageTypeNumber,
  ProtocolError,
  type SequenceMessage,
} from "@signalbox/protocol";
import type { ClientMessage } from "./connection.ts";

/**
 * The books of one connection with stateful reconnect: protocol version 2, WebSockets only (reference hub-and-service-protocol §2.7).
 * Messages of types 1 to 5 are counted from 1 in each direction; both sides keep what the other has not acknowledged, and after a new
 * socket replaced the broken one each says where it starts again (Sequence) and repeats from there.
 *
 *     add ─▶ [ written to this socket │ waiting ]      acknowledge(n) drops up to n from the left
 *              firstId …                               swap: everything is waiting again
 *
 * Written but unacknowledged bytes stay within a limit; beyond it messages wait for an acknowledgement, which clients send once a second.
 */
export class StatefulReconnect {
  /** When the socket was lost; undefined while there is one. See `monotonicNow`. */
  lostAt: number | undefined = undefined;
  /** False once either side sent Close: then the end of the socket is the end of the connection. */
  resumable = true;

  #unacknowledged: Uint8Array[] = [];
  #firstId = 1;
  #written = 0;
  #bytes = 0;
  #writtenBytes = 0;
  /**
   * The first messages wait for a sign that the client has read the handshake answer: `@microsoft/signalr` starts to count only after
   * it, so that a message arriving together with the answer would put its count off by one for good.
   */
  #clientCounts = false;

  #received = 0;
  #expected = 1;
  #acknowledged = 0;
  #awaitsSequence = false;

  /** Bytes kept: unacknowledged, written or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes not given to the present socket yet. */
  get waitingBytes(): number {
    return this.#bytes - this.#writtenBytes;
  }

  /** Messages acknowledged by the client so far. */
  get progress(): number {
    return this.#firstId;
  }

  add(record: Uint8Array): void {
    this.#unacknowledged.push(record);
    this.#bytes += record.length;
  }

  clientCounts(): void {
    this.#clientCounts = true;
  }

  /**
   * The records to be written now, in order. A record that reaches over the limit still goes, so a large one cannot be stuck.
   * @param limit bytes that may be on the way unacknowledged
   */
  take(limit: number): readonly Uint8Array[] {
    if (!this.#clientCounts) return [];
    const start = this.#written;
    while (this.#written < this.#unacknowledged.length && this.#writtenBytes < limit) {
      this.#writtenBytes += this.#unacknowledged[this.#written]!.length;
      this.#written++;
    }
    return this.#unacknowledged.slice(start, this.#written);
  }

  /** A new socket took over. @returns the sequence id to announce on it; replay follows by `take` */
  swap(): number {
    this.lostAt = undefined;
    this.#written = 0;
    this.#writtenBytes = 0;
    this.#clientCounts = true;
    this.#awaitsSequence = true;
    return this.#firstId;
  }

  /**
   * Books a message of the client.
   * @returns whether it is to be handed over: not Ack and Sequence, no repetition, nothing before the Sequence of a new socket
   * @throws {ProtocolError} for a Sequence that leaves a gap, and for an Ack or Sequence that is malformed
   */
  receive(received: ClientMessage): boolean {
    switch (received.type) {
      case MessageType.Ping:
        return true;
      case MessageType.Close:
        this.resumable = false;
        return true;
      case MessageType.Ack:
        this.#acknowledge((received.message as AckMessage).sequenceId);
        return false;
      case MessageType.Sequence:
        this.#resetSequence((received.message as SequenceMessage).sequenceId);
        return false;
    }
    if (this.#awaitsSequence) return false;
    const id = this.#expected++;
    if (id > this.#received) {
      this.#received = id;
      return true;
    }
    // The client repeats what it has no acknowledgement for, so the one we sent was lost: the last repetition brings it again.
    if (id === this.#received) this.#acknowledged = 0;
    return false;
  }

  /** The id to acknowledge now, undefined when nothing new came. To be asked at most once a second. */
  dueAcknowledgement(): number | undefined {
    if (this.#received === this.#acknowledged || this.lostAt !== undefined) return undefined;
    this.#acknowledged = this.#received;
    return this.#received;
  }

  #acknowledge(id: number): void {
    // Nobody can have received what was not written.
    const count = Math.min(id - this.#firstId + 1, this.#written);
    if (!(count > 0)) return;
    for (const record of this.#unacknowledged.splice(0, count)) {
      this.#bytes -= record.length;
      this.#writtenBytes -= record.length;
    }
    this.#written -= count;
    this.#firstId += count;
  }

  #resetSequence(id: number): void {
    if (id > this.#received + 1) throw new ProtocolError("Sequence ID greater than amount of messages we've received.");
    this.#expected = id;
    this.#awaitsSequence = false;
  }
}

/**
 * Cuts what is sent into its records, each told apart as counted (types 1 to 5) or not. A sender's bytes may hold several records.
 */
export function countedRecords(protocol: HubProtocol, bytes: Uint8Array): readonly CountedRecord[] {
  // A broadcast asks for the same bytes once for every receiver.
  if (lastCut?.bytes !== bytes || lastCut.protocol !== protocol) {
    lastCut = { protocol, bytes, records: cut(protocol, bytes) };
  }
  return lastCut.records;
}

export interface CountedRecord {
  readonly record: Uint8Array;
  readonly counted: boolean;
}

let lastCut: { protocol: HubProtocol; bytes: Uint8Array; records: readonly CountedRecord[] } | undefined;

function cut(protocol: HubProtocol, bytes: Uint8Array): readonly CountedRecord[] {
  try {
    const reader = protocol.createReader(Number.POSITIVE_INFINITY);
    const records = reader
      .read(bytes)
      .map((record) => ({ record, counted: isCounted(protocol.peekType(record) ?? protocol.decode(record)?.type) }));
    if (reader.pendingBytes === 0) return records;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  // Not valid: the client will say so. Passed on in one piece, as without stateful reconnect.
  return [{ record: bytes, counted: true }];
}

function isCounted(type: MessageTypeNumber | undefined): boolean {
  return type !== undefined && type >= MessageType.Invocation && type <= MessageType.CancelInvocation;
}
