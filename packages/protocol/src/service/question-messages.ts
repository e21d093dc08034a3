import { extensions } from "./extensions.ts";
import { binary, integer, nullable, text } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A→S: questions, each answered by an Ack with its `ackId` (reference hub-and-service-protocol §4.5, §4.7).
 */

const traced = extensions("tracingId");

/** What an Ack says: for a question `Ok` is yes and `NotFound` no. */
export const AckStatus = { Ok: 1, NotFound: 2, Timeout: 3, InternalServerError: 4 } as const;

/** S→A. */
export const ack = layout(20, "Ack", {
  ackId: integer,
  /** See `AckStatus`. */
  status: integer,
  message: nullable(text),
  extensions: extensions(),
  payload: nullable(binary),
});
export type ServiceAckMessage = MessageOf<typeof ack>;

export const checkUserInGroup = layout(21, "CheckUserInGroupWithAck", {
  userId: text,
  group: text,
  ackId: integer,
  extensions: traced,
});
export type CheckUserInGroupMessage = MessageOf<typeof checkUserInGroup>;

export const checkGroupExistence = layout(23, "CheckGroupExistenceWithAck", {
  group: text,
  ackId: integer,
  extensions: traced,
});
export type CheckGroupExistenceMessage = MessageOf<typeof checkGroupExistence>;

export const checkConnectionExistence = layout(24, "CheckConnectionExistenceWithAck", {
  connectionId: text,
  ackId: integer,
  extensions: traced,
});
export type CheckConnectionExistenceMessage = MessageOf<typeof checkConnectionExistence>;

export const checkUserExistence = layout(25, "CheckUserExistenceWithAck", { userId: text, ackId: integer, extensions: traced });
export type CheckUserExistenceMessage = MessageOf<typeof checkUserExistence>;

/** The members of a group, page by page. The Ack's payload is a `GroupMemberPage`. */
export const groupMemberQuery = layout(40, "GroupMemberQuery", {
  extensions: traced,
  group: text,
  ackId: integer,
  /** The most members wanted in all. */
  top: nullable(integer),
  /** Where the page before ended. */
  continuationToken: nullable(text),
  maxPageSize: nullable(integer),
});
export type GroupMemberQueryMessage = MessageOf<typeof groupMemberQuery>;
