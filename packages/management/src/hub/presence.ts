import { pathOf } from "../rest/rest-request.ts";
import { listConnections } from "./group-members.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { Presence } from "./hub-context.ts";
import { requireGroup, requireId } from "./names.ts";

export function createPresence(caller: HubCaller): Presence {
  return {
    async connectionExists(connectionId) {
      const id = requireId("connection", connectionId);
      const no = ["warning.connection.notexisted"];
      const answer = await caller.any({ kind: "connection", id }, { method: "HEAD", path: `/connections${pathOf(id)}`, no });
      return answer !== undefined;
    },
    async userExists(userId) {
      const id = requireId("user", userId);
      const no = ["warning.user.notexisted"];
      return caller.all({ kind: "user", id }, { method: "HEAD", path: `/users${pathOf(id)}`, no });
    },
    async groupExists(name) {
      const id = requireGroup(name);
      const no = ["warning.group.notexisted"];
      return caller.all({ kind: "group", id }, { method: "HEAD", path: `/groups${pathOf(id)}`, no });
    },
    listConnectionsInGroup: (name, options) => listConnections(caller, requireGroup(name), options),
  };
}
