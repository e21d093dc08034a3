import type { HubProtocol } from "@signalbox/protocol";
import { backlogOf, Stall } from "./stall.ts";
import { countedRecords, type StatefulReconnect } from "./stateful-reconnect.ts";
import type { Transport } from "./transport.ts";

/**
 * The way out of one connection: frames wait here for the end of the turn (`FlushQueue`), then leave as one write.
 *
 *     add ──▶ [ frames ] ────────────────────────┐ write
 *                                                ├──▶ transport
 *     add, counted ──▶ StatefulReconnect ────────┘
 */
export class Output {
  transport: Transport | undefined = undefined;
  stateful: StatefulReconnect | undefined = undefined;
  #frames: Uint8Array[] | undefined = undefined;
  #bytes = 0;
  #written = 0;
  #stall: Stall | undefined = undefined;

  add(frame: Uint8Array): void {
    if (this.#frames === undefined) this.#frames = [frame];
    else this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** @param bytes whole records, one or several */
  addCounted(bytes: Uint8Array, protocol: HubProtocol, stateful: StatefulReconnect): void {
    for (const { record, counted } of countedRecords(protocol, bytes)) {
      if (counted) stateful.add(record);
      else this.add(record);
    }
  }

  addFirst(frame: Uint8Array): void {
    this.#frames = [frame, ...(this.#frames ?? [])];
    this.#bytes += frame.length;
  }

  /** Drops what waits. */
  clear(): void {
    this.#frames = undefined;
    this.#bytes = 0;
  }

  backlog(): number {
    return backlogOf(this.transport?.pendingBytes ?? 0, this.#bytes);
  }

  /** Bytes that the client's side has not taken yet, wherever they are. */
  waitingBytes(): number {
    return this.#bytes + (this.transport?.pendingBytes ?? 0) + (this.stateful?.bytes ?? 0);
  }

  /** Bytes waiting here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param unacknowledged how many counted bytes may be on the way (stateful reconnect) */
  write(isText: boolean, unacknowledged: number): void {
    const { transport, stateful } = this;
    const frames = this.#frames;
    this.clear();
    // Without a transport the client is expected back: what is counted waits for it, the rest (pings) is worth nothing then.
    if (transport === undefined) return;
    if (stateful !== undefined) this.writeNow(transport, stateful.take(unacknowledged), isText);
    if (frames !== undefined) this.writeNow(transport, frames, isText);
  }

  writeNow(transport: Transport, frames: readonly Uint8Array[], isText: boolean): void {
    if (frames.length === 0) return;
    for (const frame of frames) this.#written += frame.length;
    transport.write(frames, isText);
  }

  /** How long the client has taken nothing of what waits for it, in milliseconds. To be asked once a sweep. */
  stalledFor(now: number): number {
    const pending = this.transport?.pendingBytes ?? 0;
    const { stateful } = this;
    if (pending + (stateful?.waitingBytes ?? 0) === 0) {
      this.#stall = undefined;
      return 0;
    }
    const taken = this.#written - pending + (stateful?.progress ?? 0);
    this.#stall ??= new Stall(now, taken);
    return this.#stall.lasts(now, taken);
  }

  forgetStall(): void {
    this.#stall = undefined;
  }
}
