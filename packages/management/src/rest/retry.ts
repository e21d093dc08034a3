import { EndpointUnreachableError, RequestTimeoutError, SignalRServiceError } from "../errors.ts";
import type { RetryOptions } from "../options.ts";

/** Milliseconds between attempts, one item for each attempt after the first. */
export function* retryDelays(options: RetryOptions | undefined): Generator<number> {
  if (options === undefined) return;
  const { maxRetries = 3, mode = "fixed", delayMs = 800, maxDelayMs = 60_000 } = options;
  for (let retry = 0; retry < maxRetries; retry++) {
    yield mode === "fixed" ? delayMs : Math.min(delayMs * 2 ** retry, maxDelayMs);
  }
}

/**
 * True when another attempt may help and does no harm (reference serverless-upstream §4.7). A message is sent again only after a status
 * above 500: the service answers 500 also for a time-out after delivery, and of an answer that never came nothing is known.
 */
export function isTransient(failure: unknown, isMessage: boolean): boolean {
  if (!(failure instanceof SignalRServiceError)) return false;
  const { status } = failure;
  if (status === undefined)
    return !isMessage && (failure instanceof EndpointUnreachableError || failure instanceof RequestTimeoutError);
  return isMessage ? status > 500 : status >= 500 || status === 408;
}
