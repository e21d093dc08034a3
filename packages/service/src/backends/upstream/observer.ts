import type { UpstreamCategory, UpstreamEventName, UpstreamTemplate } from "./template.ts";

/** One attempt to tell an upstream about an event, after it ended. */
export interface UpstreamCall {
  readonly connectionId: string;
  /** Lower-case, whatever the client's spelling. */
  readonly hub: string;
  readonly category: UpstreamCategory;
  /** Chosen by the client when the category is `messages`: of any length, and no label for a metric. */
  readonly event: string;
  readonly template: UpstreamTemplate;
  /** Without user name and password, and with the values of its query hidden: they may be keys. */
  readonly url: string;
  /** Of the last answer when redirects were followed; undefined when there was none. */
  readonly status: number | undefined;
  /** Why there was no answer, or why its body could not be read. */
  readonly error: string | undefined;
  /** From the socket's assignment to the end of the body, in milliseconds. */
  readonly durationMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next attempt; undefined when this was the last. */
  readonly retryInMs: number | undefined;
}

/** Metrics, live trace. Must not throw. */
export interface UpstreamObserver {
  /** Told of every attempt. */
  onCall(call: UpstreamCall): void;
  /** Told of every event that no template takes. */
  onUntaken(event: UpstreamEventName): void;
}

/** A URL as logs and pages may show it. */
export function publicUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.hash = "";
  const query = shown.search;
  shown.search = "";
  return shown.href + query.replace(/=[^&]*/g, "=***");
}
