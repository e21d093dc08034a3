import { extensions } from "./extensions.ts";
import { binary, claims, headers, integer32, nullable, since, text } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * Messages about one client (reference hub-and-service-protocol §4.5, §4.9, §4.10).
 */

const noHeaders: ReadonlyMap<string, readonly string[]> = new Map();

/** S→A: a client came, and this server connection carries it from now on. */
export const openConnection = layout(4, "OpenConnection", {
  connectionId: text,
  /** Those of the client's token, `asrs.s.*` included. */
  claims,
  /** The client's HTTP headers and those of `ServiceHeader`. */
  headers: since(headers, noHeaders),
  /** With its leading `?`. */
  queryString: nullable(text),
  extensions: extensions("tracingId", "protocol"),
});
export type OpenConnectionMessage = MessageOf<typeof openConnection>;

/** Names of headers by which the service tells a server about a client. */
export const ServiceHeader = {
  /** The service instance that holds the client. */
  instanceId: "Asrs-Instance-Id",
  isDiagnosticClient: "Asrs-Is-Diagnostic-Client",
  /** In OpenConnection: the server that had the client before. */
  migrateFrom: "Asrs-Migrate-From",
  /** In CloseConnection: the server that has the client from now on. */
  migrateTo: "Asrs-Migrate-To",
} as const;

/** S→A: the client left. A→S: the server has done with the client, after an error if there is a text. */
export const closeConnection = layout(5, "CloseConnection", {
  connectionId: text,
  error: nullable(text),
  headers: since(headers, noHeaders),
  extensions: extensions("tracingId"),
});
export type CloseConnectionMessage = MessageOf<typeof closeConnection>;

/** What the payload of a ConnectionData holds. Counted for stateful reconnect are `Invocation` alone. */
export const DataMessageType = { Unknown: 0, Handshake: 1, Invocation: 2, Other: 3, Close: 4 } as const;

/** Bytes of the hub protocol, to or from the client; older servers cut them anywhere. */
export const connectionData = layout(6, "ConnectionData", {
  connectionId: text,
  payload: binary,
  extensions: extensions("tracingId", "dataMessageType", "isPartial"),
});
export type ConnectionDataMessage = MessageOf<typeof connectionData>;

/**
 * S→A: the client is on a new transport; a hub message of which only a part came is to be forgotten. Our service never sends it: it passes
 * on whole messages alone, so there is no part to forget. The cloud does.
 */
export const connectionReconnect = layout(38, "ConnectionReconnect", { connectionId: text, extensions: extensions() });
export type ConnectionReconnectMessage = MessageOf<typeof connectionReconnect>;

export const FlowControlSubject = { Client: 1, Server: 2 } as const;
export const FlowControlOperation = { Pause: 1, PauseAck: 2, Resume: 3, Offline: 4 } as const;

/** Stops and restarts the traffic of a client that moves to another server. */
export const connectionFlowControl = layout(39, "ConnectionFlowControl", {
  connectionId: text,
  /** See `FlowControlSubject`. */
  connectionType: integer32,
  /** See `FlowControlOperation`. */
  operation: integer32,
  extensions: extensions(),
});
export type ConnectionFlowControlMessage = MessageOf<typeof connectionFlowControl>;
