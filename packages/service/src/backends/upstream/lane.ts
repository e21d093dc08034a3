import type { Connection } from "@signalbox/transport";

/** More waiting events or bytes than this, and the client is not read any further. */
const maxEvents = 100;
const maxBytes = 1024 * 1024;

/**
 * The events of one connection on their way to the upstream, one at a time. Exists only while there are any.
 *
 *   connected ──▶ message ──▶ message ──▶ … ──▶ disconnected
 *   push ▲                                ▲ next: when the call before has ended, its retries included
 *        └─ above the bound: connection.pause(); at half of it again: resume()
 */
export class Lane<E> {
  readonly #connection: Connection;
  readonly #sizeOf: (event: E) => number;
  readonly #waiting: E[] = [];
  #bytes = 0;
  #paused = false;

  /** @param sizeOf bytes an event holds */
  constructor(connection: Connection, sizeOf: (event: E) => number) {
    this.#connection = connection;
    this.#sizeOf = sizeOf;
  }

  push(event: E): void {
    this.#waiting.push(event);
    this.#bytes += this.#sizeOf(event);
    if (this.#paused || (this.#waiting.length < maxEvents && this.#bytes < maxBytes)) return;
    this.#paused = true;
    this.#connection.pause();
  }

  next(): E | undefined {
    const event = this.#waiting.shift();
    if (event === undefined) return undefined;
    this.#bytes -= this.#sizeOf(event);
    this.#resumeIfDrained();
    return event;
  }

  /** Forgets the waiting events that `drops` names. */
  discard(drops: (event: E) => boolean): void {
    const kept = this.#waiting.filter((event) => !drops(event));
    this.#waiting.length = 0;
    this.#waiting.push(...kept);
    this.#bytes = kept.reduce((sum, event) => sum + this.#sizeOf(event), 0);
    this.#resumeIfDrained();
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#waiting.length > maxEvents / 2 || this.#bytes > maxBytes / 2) return;
    this.#paused = false;
    this.#connection.resume();
  }
}

export interface LanesParts<T extends Lined, E> {
  /** Tells the upstream of one event; the next waits until it has ended. */
  deliver(connection: T, event: E, lane: Lane<E>): Promise<void>;
  /** `deliver` threw: a defect. */
  failed(connection: T, event: E, error: unknown, lane: Lane<E>): void;
  /** Bytes that an event holds. */
  sizeOf(event: E): number;
}

/** Whose events wait in line. */
interface Lined {
  readonly id: string;
  readonly connection: Connection;
}

/** The lanes of all connections that have an event under way or waiting. */
export class Lanes<T extends Lined, E> {
  readonly #parts: LanesParts<T, E>;
  /** By connection id. */
  readonly #lanes = new Map<string, Lane<E>>();
  #whenDrained: (() => void)[] = [];

  constructor(parts: LanesParts<T, E>) {
    this.#parts = parts;
  }

  has({ id }: T): boolean {
    return this.#lanes.has(id);
  }

  push(connection: T, event: E): void {
    const busy = this.#lanes.get(connection.id);
    if (busy !== undefined) {
      busy.push(event);
      return;
    }
    const lane = new Lane(connection.connection, this.#parts.sizeOf);
    this.#lanes.set(connection.id, lane);
    lane.push(event);
    void this.#run(connection, lane);
  }

  /** Resolves when no event is under way or waiting. */
  async drained(): Promise<void> {
    if (this.#lanes.size > 0) await new Promise<void>((resolve) => this.#whenDrained.push(resolve));
  }

  async #run(connection: T, lane: Lane<E>): Promise<void> {
    for (let event = lane.next(); event !== undefined; event = lane.next()) {
      try {
        await this.#parts.deliver(connection, event, lane);
      } catch (error) {
        this.#parts.failed(connection, event, error, lane);
      }
    }
    this.#lanes.delete(connection.id);
    if (this.#lanes.size > 0) return;
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const resolve of waiting) resolve();
  }
}
