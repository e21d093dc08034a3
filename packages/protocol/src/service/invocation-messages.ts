import { extensions } from "./extensions.ts";
import { binary, payloads, text } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A server calls a method of one client and awaits its result (reference hub-and-service-protocol §4.11).
 */

/** A→S: the call. S→A, to the server that has the client: it will see the completion. */
export const clientInvocation = layout(34, "ClientInvocation", {
  invocationId: text,
  connectionId: text,
  callerServerId: text,
  /** A hub Invocation with the same id, framed, by protocol. */
  payloads,
  extensions: extensions("tracingId"),
});
export type ClientInvocationMessage = MessageOf<typeof clientInvocation>;

/** The client's completion, from the server that has the client, by way of the service, to the caller. */
export const clientCompletion = layout(35, "ClientCompletion", {
  invocationId: text,
  connectionId: text,
  /** A→S: the sender itself. */
  callerServerId: text,
  protocol: text,
  /** Framed; empty: to be cleaned up only. */
  payload: binary,
  extensions: extensions("tracingId", "protocol"),
});
export type ClientCompletionMessage = MessageOf<typeof clientCompletion>;

/** S→A: there will be no completion. */
export const errorCompletion = layout(36, "ErrorCompletion", {
  invocationId: text,
  connectionId: text,
  callerServerId: text,
  error: text,
  extensions: extensions("tracingId"),
});
export type ErrorCompletionMessage = MessageOf<typeof errorCompletion>;

/** S→A, to the caller: the instance that holds the client, so that the call fails when that instance dies. */
export const serviceMapping = layout(37, "ServiceMapping", {
  invocationId: text,
  connectionId: text,
  instanceId: text,
  extensions: extensions(),
});
export type ServiceMappingMessage = MessageOf<typeof serviceMapping>;
