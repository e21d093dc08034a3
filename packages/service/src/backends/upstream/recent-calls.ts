import { shorten } from "./failure-log.ts";
import type { UpstreamCall } from "./observer.ts";
import { templateId } from "./template-id.ts";

/** One attempt to tell an upstream, as pages show it. */
export interface RecentCall extends Pick<UpstreamCall, "connectionId" | "hub" | "category" | "url" | "attempt"> {
  /** When it ended, milliseconds since 1970. */
  readonly at: number;
  /** Shortened when a client chose a very long one. */
  readonly event: string;
  /** Absent: no answer. */
  readonly status?: number;
  readonly error?: string;
  readonly durationMs: number;
  /** Milliseconds until the next attempt; absent when this was the last. */
  readonly retryInMs?: number;
}

const kept = 20;

/** The last calls of each template, at most 20 each, newest first. */
export class RecentCalls {
  readonly #calls = new Map<string, { readonly at: number; readonly call: UpstreamCall }[]>();
  readonly #listeners = new Set<(templateId: string) => void>();

  /** Nearly all calls are pushed out before anybody looks at them: they are kept as they are, and made fit for pages when somebody does. */
  onCall(call: UpstreamCall): void {
    const id = templateId(call.template);
    const calls = this.#calls.get(id) ?? [];
    if (calls.length === 0) this.#calls.set(id, calls);
    calls.unshift({ at: Date.now(), call: { ...call, event: shorten(call.event), url: shorten(call.url) } });
    if (calls.length > kept) calls.pop();
    for (const listener of this.#listeners) listener(id);
  }

  /** @param templateId made by {@link templateId} */
  of(templateId: string): readonly RecentCall[] {
    return this.#calls.get(templateId)?.map(recentCall) ?? [];
  }

  /** Forgets the calls of other templates than these. */
  keepOnly(templateIds: ReadonlySet<string>): void {
    for (const id of this.#calls.keys()) if (!templateIds.has(id)) this.#calls.delete(id);
  }

  /** Calls with the id of a template after each of its calls. @returns ends the calls */
  onRecorded(listener: (templateId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function recentCall({ at, call }: { readonly at: number; readonly call: UpstreamCall }): RecentCall {
  const { connectionId, hub, category, event, url, status, error, durationMs, attempt, retryInMs } = call;
  return {
    at,
    connectionId,
    hub,
    category,
    attempt,
    event,
    url,
    durationMs: Math.round(durationMs * 10) / 10,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) }),
  };
}
