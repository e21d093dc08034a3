import { shorten } from "./failure-log.ts";
import type { UpstreamEventName } from "./template.ts";

/** An event that no template takes, so that nobody heard of it. */
export interface UntakenEvent extends UpstreamEventName {
  /** How often it happened. */
  readonly count: number;
  /** When it did last, milliseconds since 1970. */
  readonly at: number;
}

const kept = 20;

/**
 * What of late nobody was told, one entry for each hub, category and event: at most 20, those that happened longest ago go. Clients choose
 * names, so a client that keeps inventing some can push others out, and nothing more.
 */
export class UntakenEvents {
  /** By name, the latest last. */
  readonly #events = new Map<string, UntakenEvent>();
  readonly #listeners = new Set<() => void>();

  onUntaken({ hub, category, event }: UpstreamEventName): void {
    const name = { hub, category, event: shorten(event) };
    const key = JSON.stringify([hub, category, name.event]);
    const count = (this.#events.get(key)?.count ?? 0) + 1;
    this.#events.delete(key);
    this.#events.set(key, { ...name, count, at: Date.now() });
    if (this.#events.size > kept) this.#events.delete(this.#events.keys().next().value!);
    for (const listener of this.#listeners) listener();
  }

  /** The latest first. */
  get all(): readonly UntakenEvent[] {
    return [...this.#events.values()].reverse();
  }

  /** Forgets those for whom `isTaken` says yes: new templates take them. */
  forget(isTaken: (event: UpstreamEventName) => boolean): void {
    for (const [key, event] of this.#events) if (isTaken(event)) this.#events.delete(key);
    for (const listener of this.#listeners) listener();
  }

  /** Calls after each change. @returns ends the calls */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
