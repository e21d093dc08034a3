import type { ServiceClientOptions } from "../options.ts";
import { fetchExchange, nodeExchange } from "./http-exchange.ts";
import { RestCaller } from "./rest-caller.ts";
import { userAgentOf } from "./user-agent.ts";

/** What of the options concerns single calls. */
export type CallerOptions = Pick<ServiceClientOptions, "fetch" | "timeoutMs" | "retry" | "messageTracing" | "userAgent">;

/** With the defaults that `ServiceClientOptions` names. */
export function createRestCaller(options: CallerOptions): RestCaller {
  return new RestCaller({
    exchange: options.fetch === undefined ? nodeExchange() : fetchExchange(options.fetch),
    timeoutMs: options.timeoutMs ?? 100_000,
    retry: options.retry,
    messageTracing: options.messageTracing ?? false,
    userAgent: userAgentOf(options.userAgent),
  });
}
