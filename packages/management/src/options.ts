import type { HubProtocolName, TokenCredential } from "@signalbox/protocol";
import type { EndpointRouter } from "./endpoints/endpoint-router.ts";

/** One of several endpoints. */
export interface EndpointOptions {
  readonly connectionString: string;
  /** Default: empty. */
  readonly name?: string;
  /** Clients are sent to secondary endpoints only while no primary one is online. Default: primary. */
  readonly type?: EndpointType;
}

export type EndpointType = "primary" | "secondary";

/** Waiting between attempts, as `ServiceManagerRetryOptions` of the .NET SDK has it. */
export interface RetryOptions {
  /** Attempts after the first. Default: 3. */
  readonly maxRetries?: number;
  /** `fixed`: `delayMs` each time; `exponential`: `delayMs`, twice, four times … up to `maxDelayMs`. Default: fixed. */
  readonly mode?: "fixed" | "exponential";
  /** Milliseconds. Default: 800. */
  readonly delayMs?: number;
  /** Milliseconds. Default: 60,000. */
  readonly maxDelayMs?: number;
}

/** How the health of several endpoints is watched. One endpoint alone is never watched: it is always tried. Milliseconds. */
export interface HealthOptions {
  /** Between two questions to an endpoint that is online. Default: 120,000. */
  readonly intervalMs?: number;
  /** Between two questions to an endpoint that is offline. Default: 10,000. */
  readonly recoveryIntervalMs?: number;
  /** Before an online endpoint that failed is asked again; it is offline after the third failure. Default: 3,000. */
  readonly retryIntervalMs?: number;
  /** For one answer. Default: 2,000. */
  readonly timeoutMs?: number;
}

export interface ServiceClientOptions {
  /** Prefix of every hub: clients of hub `chat` are in `{application}_chat`. Letters, digits and ``_`,.[]``, a letter first. */
  readonly application?: string;
  /** Instead of access keys, for endpoints whose connection string names a Microsoft Entra identity (`AuthType=azure…`). */
  readonly credential?: TokenCredential;
  /** Chooses among several endpoints. Default: messages to all, clients to a random primary one. */
  readonly router?: EndpointRouter;
  /** Absent: no retries, as in the .NET SDK. */
  readonly retry?: RetryOptions;
  /** For one attempt, milliseconds. Default: 100,000. */
  readonly timeoutMs?: number;
  /**
   * Encode messages here, once for each of these protocols, and send the frames; clients of other protocols get nothing. Absent: send
   * JSON, which the service converts for each client.
   */
  readonly protocols?: readonly HubProtocolName[];
  /** Mark every call with `X-ASRS-Message-Tracing-Id`. Default: false. */
  readonly messageTracing?: boolean;
  /** Appended to `Asrs-User-Agent`. */
  readonly userAgent?: string;
  readonly health?: HealthOptions;
  /** Carries the calls instead of `node:http`: through a proxy for example, or Bun's own, which is faster there. */
  readonly fetch?: typeof globalThis.fetch;
}
