import type { UpstreamRetry } from "./options.ts";
import type { UpstreamReply } from "./upstream-client.ts";

/**
 * Milliseconds to wait before the next attempt: exponential back-off with full jitter, and no less than the upstream asked for.
 * Undefined: no further attempt, because the outcome is final, because the upstream asks for a longer wait than `maxDelayMs`, or
 * because all attempts were used.
 * @param attempt the one that just ended; 1 for the first
 */
export function retryDelay(reply: UpstreamReply, attempt: number, retry: UpstreamRetry): number | undefined {
  if (attempt >= retry.attempts || !isTransient(reply)) return undefined;
  const asked = retryAfterMs(reply.retryAfter);
  if (asked > retry.maxDelayMs) return undefined;
  const backOff = Math.random() * Math.min(retry.maxDelayMs, retry.baseDelayMs * 2 ** (attempt - 1));
  return Math.max(backOff, asked);
}

function isTransient({ status }: UpstreamReply): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** `Retry-After` is a number of seconds or a date (RFC 9110 §10.2.3); anything else counts as absent. */
function retryAfterMs(value: string | undefined): number {
  if (value === undefined) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : Math.max(milliseconds, 0);
}
