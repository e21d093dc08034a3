export type { AnyClient, ArgumentsOf, ResultOf, TargetOf, TokenCredential } from "@signalbox/protocol";
export { ConnectionStringError } from "@signalbox/protocol";
export type { EndpointInfo, EndpointRouter, Recipient } from "./endpoints/endpoint-router.ts";
export * from "./errors.ts";
export type * from "./hub/hub-context.ts";
export type { ClaimValue, ClientAccess, HttpTransport, NegotiateOptions } from "./hub/negotiate.ts";
export type { EndpointOptions, EndpointType, HealthOptions, RetryOptions, ServiceClientOptions } from "./options.ts";
export { ServiceClient } from "./service-client.ts";
