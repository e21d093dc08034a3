import {
  type ClientProtocolName,
  hubProtocols,
  type Payload,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { Audience } from "../hosting/lifetime.ts";

/** Nobody is meant: nothing to say. */
export function isEmpty(audience: Audience): boolean {
  if (audience.to === "connections" || audience.to === "users") return audience.ids.length === 0;
  return audience.to === "groups" && audience.names.length === 0;
}

/** A call of all of an audience, as the service hears of it. */
export function messageFor(
  audience: Exclude<Audience, { to: "connection" }>,
  payloads: ReadonlyMap<string, Uint8Array>,
): ServiceMessage {
  switch (audience.to) {
    case "all":
      return { type: ServiceMessageType.BroadcastData, excludedConnectionIds: audience.except ?? [], payloads };
    case "connections":
      return { type: ServiceMessageType.MultiConnectionData, connectionIds: audience.ids, payloads };
    case "group":
      return {
        type: ServiceMessageType.GroupBroadcastData,
        group: audience.name,
        excludedConnectionIds: audience.except ?? [],
        excludedUserIds: [],
        payloads,
      };
    case "groups":
      return { type: ServiceMessageType.MultiGroupBroadcastData, groups: audience.names, payloads };
    case "user":
      return { type: ServiceMessageType.UserData, userId: audience.id, payloads };
    case "users":
      return { type: ServiceMessageType.MultiUserData, userIds: audience.ids, payloads };
  }
}

/**
 * A message in every protocol that its receivers may speak.
 * @param only the one protocol needed
 * @throws {ProtocolError} when no protocol can carry it
 */
export function payloadsOf(payload: Payload, only?: ClientProtocolName): ReadonlyMap<string, Uint8Array> {
  const frames = new Map<string, Uint8Array>();
  let failure: unknown;
  for (const { name } of hubProtocols.values()) {
    if (only !== undefined && name !== only) continue;
    try {
      const bytes = payload.bytes(name);
      if (bytes !== undefined) frames.set(name, bytes);
    } catch (error) {
      failure = error;
    }
  }
  if (frames.size === 0) throw failure;
  return frames;
}
