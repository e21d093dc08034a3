import { extensions } from "./extensions.ts";
import { integer, nullable, text } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A→S: groups of connections and of users (reference hub-and-service-protocol §4.5). Where `group` may be missing, all groups are left.
 */

const traced = extensions("tracingId");
const tracedWithTtl = extensions("tracingId", "ttl");

export const joinGroup = layout(11, "JoinGroup", { connectionId: text, group: text, extensions: traced });
export type JoinGroupMessage = MessageOf<typeof joinGroup>;

export const leaveGroup = layout(12, "LeaveGroup", { connectionId: text, group: nullable(text), extensions: traced });
export type LeaveGroupMessage = MessageOf<typeof leaveGroup>;

export const userJoinGroup = layout(16, "UserJoinGroup", { userId: text, group: text, extensions: tracedWithTtl });
export type UserJoinGroupMessage = MessageOf<typeof userJoinGroup>;

export const userLeaveGroup = layout(17, "UserLeaveGroup", { userId: text, group: nullable(text), extensions: traced });
export type UserLeaveGroupMessage = MessageOf<typeof userLeaveGroup>;

export const joinGroupWithAck = layout(18, "JoinGroupWithAck", {
  connectionId: text,
  group: text,
  ackId: integer,
  extensions: traced,
});
export type JoinGroupWithAckMessage = MessageOf<typeof joinGroupWithAck>;

export const leaveGroupWithAck = layout(19, "LeaveGroupWithAck", {
  connectionId: text,
  group: nullable(text),
  ackId: integer,
  extensions: traced,
});
export type LeaveGroupWithAckMessage = MessageOf<typeof leaveGroupWithAck>;

export const userJoinGroupWithAck = layout(26, "UserJoinGroupWithAck", {
  userId: text,
  group: text,
  ackId: integer,
  extensions: tracedWithTtl,
});
export type UserJoinGroupWithAckMessage = MessageOf<typeof userJoinGroupWithAck>;

export const userLeaveGroupWithAck = layout(27, "UserLeaveGroupWithAck", {
  userId: text,
  group: nullable(text),
  ackId: integer,
  extensions: traced,
});
export type UserLeaveGroupWithAckMessage = MessageOf<typeof userLeaveGroupWithAck>;
