import type { UpstreamTemplate } from "./template.ts";

/** How webhooks are called. Read anew for each call, so that changed settings act at once, for existing connections too. */
export interface UpstreamOptions {
  /** Tried in this order; the first match is called. None: nobody hears of events. */
  readonly templates: readonly UpstreamTemplate[];
  /** Milliseconds one attempt may take, redirects and body included, waiting for a free socket not. */
  readonly timeoutMs: number;
  /** Greatest answer body, in bytes. */
  readonly responseLimitBytes: number;
  /** Sockets, and so calls at the same time, towards one origin (scheme, host, port). Further calls wait for one. */
  readonly concurrencyPerEndpoint: number;
  /** Calls that may wait for a socket towards one origin. Further ones fail at once, as if the upstream had not answered. */
  readonly waitingPerEndpoint: number;
  /** Redirects followed in one attempt; the answer after that counts as it is. */
  readonly maxRedirects: number;
  /** True: a client whose `connected` event is answered with 403 is closed, without permission to reconnect. */
  readonly closeOnRefusedConnect: boolean;
  readonly retry: UpstreamRetry;
}

export interface UpstreamRetry {
  /** Attempts in all; 1 switches retries off. */
  readonly attempts: number;
  /** Longest wait before the second attempt, in milliseconds; doubles with each further one. The real wait is random below it. */
  readonly baseDelayMs: number;
  /** Bound of that doubling. An upstream that asks for a longer wait (`Retry-After`) is not called again. */
  readonly maxDelayMs: number;
  /** True: messages are repeated too, not only `connected` and `disconnected`. */
  readonly messages: boolean;
}
