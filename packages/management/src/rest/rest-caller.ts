import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { EndpointUnreachableError, RequestTimeoutError } from "../errors.ts";
import type { RetryOptions } from "../options.ts";
import { DeadlinePassed, withDeadline } from "./deadline.ts";
import type { HttpAnswer, HttpExchange } from "./http-exchange.ts";
import { failureOf } from "./rest-failure.ts";
import type { RestAnswer, RestRequest } from "./rest-request.ts";
import { isTransient, retryDelays } from "./retry.ts";

export interface RestCallerOptions {
  readonly exchange: HttpExchange;
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
    const answer = await this.#ask(endpoint, request, token, signal);
    const { status, text } = answer;
    if (status >= 200 && status < 300) return { endpoint, status, text };
    if (status === 404 && isNo(answer.header("x-ms-error-code")?.toLowerCase(), request.no)) return undefined;
    throw failureOf(endpoint.restBase, request, answer);
  }

  async #ask(endpoint: ServiceEndpoint, request: RestRequest, token: string, signal: AbortSignal): Promise<HttpAnswer> {
    const url = endpoint.restBase + request.path + request.query;
    const { method, body } = request;
    try {
      return await this.#options.exchange(url, { method, headers: this.#headers(request, token), body: body?.content, signal });
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

function isNo(code: string | undefined, no: RestRequest["no"]): boolean {
  return no === "any" || (code !== undefined && no?.includes(code) === true);
}

/** A host with several addresses fails with an error for each, and `fetch` hides the reason in a cause. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message.replace(/\.$/, "");
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
