import { extensions } from "./extensions.ts";
import { nullable, payloads, since, text, texts } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A→S: one message for many clients (reference hub-and-service-protocol §4.5, §4.9). `payloads` has the framed hub message for each hub
 * protocol by name; a client whose protocol is missing gets nothing.
 */

const multicastExtensions = extensions("tracingId", "filter");

export const multiConnectionData = layout(7, "MultiConnectionData", {
  connectionIds: texts,
  payloads,
  extensions: multicastExtensions,
});
export type MultiConnectionDataMessage = MessageOf<typeof multiConnectionData>;

export const userData = layout(8, "UserData", { userId: text, payloads, extensions: multicastExtensions });
export type UserDataMessage = MessageOf<typeof userData>;

export const multiUserData = layout(9, "MultiUserData", { userIds: texts, payloads, extensions: multicastExtensions });
export type MultiUserDataMessage = MessageOf<typeof multiUserData>;

export const broadcastData = layout(10, "BroadcastData", {
  excludedConnectionIds: texts,
  payloads,
  extensions: multicastExtensions,
});
export type BroadcastDataMessage = MessageOf<typeof broadcastData>;

export const groupBroadcastData = layout(13, "GroupBroadcastData", {
  group: text,
  excludedConnectionIds: texts,
  payloads,
  extensions: multicastExtensions,
  excludedUserIds: since(texts, []),
  callerUserId: nullable(text),
});
export type GroupBroadcastDataMessage = MessageOf<typeof groupBroadcastData>;

/** A client in two of the groups gets two copies. */
export const multiGroupBroadcastData = layout(14, "MultiGroupBroadcastData", {
  groups: texts,
  payloads,
  extensions: multicastExtensions,
});
export type MultiGroupBroadcastDataMessage = MessageOf<typeof multiGroupBroadcastData>;
