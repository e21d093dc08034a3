export type { AnyClient, TokenCredential } from "@signalbox/protocol";
export type * from "./clients/hub-clients.ts";
export type { ClientRequest } from "./hosting/client-request.ts";
export type { RequestHandler } from "./hosting/request-handler.ts";
export type { Claims, ConnectionFeatures, HubCallerContext, HubUser } from "./hub/caller-context.ts";
export { DeliveryError, type DeliveryFailure, HubException } from "./hub/errors.ts";
export type { HubFilter, HubInvocation } from "./hub/filter.ts";
export { type ClientOf, Hub, type HubClass } from "./hub/hub.ts";
export type { HubMethodOptions, HubMethods } from "./hub/hub-methods.ts";
export type { MethodOptions, ParameterSchema } from "./hub/method-options.ts";
export type { ConnectionStatus, HubObserver } from "./hub/observer.ts";
export { HubServer, type ListeningHubServer, type ListenOptions } from "./hub-server.ts";
export type { Authenticated, ErrorListener, HubOptions, HubServerOptions, MapOptions } from "./options.ts";
export type {
  EndpointState,
  GracefulShutdown,
  ServiceEndpoint,
  ServiceOptions,
  StickyMode,
} from "./service/service-options.ts";
