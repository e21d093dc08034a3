import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { EndpointUnreachableError, RequestTimeoutError } from "../errors.ts";
import type { RetryOptions } from "../options.ts";
import { DeadlinePassed, withDeadline } from "./deadline.ts";
import { failureOf } from "./rest-failure.ts";
import type { RestAnswer, RestRequest } from "./rest-request.ts";
import { isTransient, retryDelays } from "./retry.ts";

export interface RestCallerOptions {
  readonly fetch: typeof globalThis.fetch;
  /** For one attempt, milliseconds. */
  readonly timeoutMs: number;
  readonly retry: RetryOptions | undefined;
  readonly messageTracing: boolean;
  readonly userAgent: string;
}

export interface AttemptOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Makes one call to one endpoint: token, time-out, retries, errors. */
export class RestCaller {
  readonly #options: RestCallerOptions;

  constructor(options: RestCallerOptions) {
    this.#options = options;
  }

  /**
   * @returns undefined for a "no" (see `RestRequest.no`)
   * @throws {SignalRServiceError} for the last attempt
   */
  async call(endpoint: ServiceEndpoint, request: RestRequest, options: AttemptOptions = {}): Promise<RestAnswer | undefined> {
    const delays = retryDelays(this.#options.retry);
    while (true) {
      try {
        return await this.attempt(endpoint, request, options);
      } catch (failure) {
        const delay = isTransient(failure, request.isMessage === true) ? delays.next() : undefined;
        if (delay === undefined || delay.done === true) throw failure;
        await pause(delay.value, options.signal);
      }
    }
  }

  /** As `call`, without retries. */
  async attempt(
    endpoint: ServiceEndpoint,
    request: RestRequest,
    { signal, timeoutMs = this.#options.timeoutMs }: AttemptOptions = {},
  ): Promise<RestAnswer | undefined> {
    try {
      return await withDeadline(timeoutMs, signal, (signal) => this.#exchange(endpoint, request, signal));
    } catch (cause) {
      if (!(cause instanceof DeadlinePassed)) throw cause;
      const sentence = `${endpoint.restBase} did not answer within ${timeoutMs / 1000} s.`;
      throw new RequestTimeoutError(sentence, { endpoint: endpoint.restBase, cause });
    }
  }

  async #exchange(endpoint: ServiceEndpoint, request: RestRequest, signal: AbortSignal): Promise<RestAnswer | undefined> {
    const token = await endpoint.tokens.forRest(endpoint.audience(request.path));
    const { response, text } = await this.#fetch(endpoint, request, token, signal);
    if (response.ok) return { status: response.status, text };
    const code = response.headers.get("x-ms-error-code")?.toLowerCase();
    if (response.status === 404 && code !== undefined && request.no?.includes(code)) return undefined;
    throw failureOf(endpoint.restBase, request, response, text);
  }

  async #fetch(endpoint: ServiceEndpoint, request: RestRequest, token: string, signal: AbortSignal) {
    const { fetch } = this.#options;
    try {
      const response = await fetch(endpoint.restBase + request.path + request.query, {
        method: request.method,
        headers: this.#headers(request, token),
        // A redirect would carry the message elsewhere under a token that is not for there.
        redirect: "manual",
        signal,
        ...(request.body === undefined ? {} : { body: request.body.content }),
      });
      return { response, text: await response.text() };
    } catch (cause) {
      if (signal.aborted) throw cause;
      const sentence = `${endpoint.restBase} cannot be reached: ${reasonOf(cause)}.`;
      throw new EndpointUnreachableError(sentence, { endpoint: endpoint.restBase, cause });
    }
  }

  #headers(request: RestRequest, token: string): Record<string, string> {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${token}`,
      Accept: "application/json",
      "Asrs-User-Agent": this.#options.userAgent,
    };
    if (request.body !== undefined) headers["Content-Type"] = request.body.contentType;
    if (this.#options.messageTracing) headers["X-ASRS-Message-Tracing-Id"] = tracingId();
    return headers;
  }
}

/** Node says "fetch failed" and hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof AggregateError ? error.cause.errors[0] : error.cause;
  const text = inner instanceof Error && inner.message !== "" ? inner.message : error.message;
  return text.replace(/\.$/, "");
}

/** An unsigned 64-bit number, as the .NET SDK writes. */
function tracingId(): string {
  return String(crypto.getRandomValues(new BigUint64Array(1))[0]);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
