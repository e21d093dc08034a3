export * from "./connection/admission.ts";
export { ClientEndpoint, type ClientEndpointOptions } from "./connection/client-endpoint.ts";
export * from "./connection/close-reason.ts";
export * from "./connection/connection.ts";
export * from "./http/cors.ts";
export * from "./listener/listen.ts";
export { ListenError, type ListenErrorCode } from "./listener/listen-error.ts";
export * from "./listener/listener.ts";
export type { NodeDoor, NodeDoorOptions } from "./listener/node-door.ts";
