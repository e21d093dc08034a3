import { extensions } from "./extensions.ts";
import { integer, nullable, since, text, texts } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A→S: closes clients, acknowledged (reference hub-and-service-protocol §4.5). `reason` becomes the error of the client's close message.
 */

const traced = extensions("tracingId");
const excludedConnectionIds = since(texts, []);

export const closeConnectionWithAck = layout(30, "CloseConnectionWithAck", {
  connectionId: text,
  reason: nullable(text),
  ackId: integer,
  extensions: traced,
});
export type CloseConnectionWithAckMessage = MessageOf<typeof closeConnectionWithAck>;

/** All clients of the hub. */
export const closeConnectionsWithAck = layout(31, "CloseConnectionsWithAck", {
  reason: nullable(text),
  ackId: integer,
  excludedConnectionIds,
  extensions: traced,
});
export type CloseConnectionsWithAckMessage = MessageOf<typeof closeConnectionsWithAck>;

export const closeUserConnectionsWithAck = layout(32, "CloseUserConnectionsWithAck", {
  userId: text,
  reason: nullable(text),
  ackId: integer,
  excludedConnectionIds,
  extensions: traced,
});
export type CloseUserConnectionsWithAckMessage = MessageOf<typeof closeUserConnectionsWithAck>;

export const closeGroupConnectionsWithAck = layout(33, "CloseGroupConnectionsWithAck", {
  group: text,
  reason: nullable(text),
  ackId: integer,
  excludedConnectionIds,
  extensions: traced,
});
export type CloseGroupConnectionsWithAckMessage = MessageOf<typeof closeGroupConnectionsWithAck>;
