import { InvalidArgumentError } from "../errors.ts";
import { pathOf } from "../rest/rest-request.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { UserGroups } from "./hub-context.ts";
import { requireGroup, requireId } from "./names.ts";

export function createUserGroups(caller: HubCaller): UserGroups {
  const to = (userId: string, group: string) => ({
    kind: "userGroup" as const,
    userId: requireId("user", userId),
    group: requireGroup(group),
  });
  const membership = (userId: string, group: string) => `/users${pathOf(userId)}/groups${pathOf(group)}`;
  return {
    async add(userId, group, { ttl } = {}) {
      if (ttl !== undefined && !(Number.isInteger(ttl) && ttl >= 0)) {
        throw new InvalidArgumentError(`The ttl must be a whole number of seconds, 0 or more, not ${ttl}.`);
      }
      const query = { ttl: ttl === undefined ? undefined : String(ttl) };
      await caller.all(to(userId, group), { method: "PUT", path: membership(userId, group), query });
    },
    async remove(userId, group) {
      await caller.all(to(userId, group), { method: "DELETE", path: membership(userId, group) });
    },
    async removeFromAll(userId) {
      const path = `/users${pathOf(requireId("user", userId))}/groups`;
      await caller.all({ kind: "user", id: userId }, { method: "DELETE", path });
    },
    async has(userId, group) {
      // GET, as the .NET SDK: the route has no HEAD in the oldest services.
      return caller.all(to(userId, group), { method: "GET", path: membership(userId, group), no: ["info.user.notingroup"] });
    },
  };
}
