import { pathOf } from "../rest/rest-request.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { Clients, Groups } from "./hub-context.ts";
import { requireGroup, requireId } from "./names.ts";

const unknown = ["error.connection.notexisted", "warning.connection.notexisted"];

/** @param select what calling the result does */
export function createGroups(caller: HubCaller, select: (names: readonly string[]) => Clients): Groups {
  const to = (connectionId: string) => ({ kind: "connection" as const, id: requireId("connection", connectionId) });
  const membership = (connectionId: string, group: string) =>
    `/groups${pathOf(requireGroup(group))}/connections${pathOf(connectionId)}`;
  return Object.assign((names: readonly string[]) => select(names), {
    async add(connectionId: string, group: string) {
      const request = { method: "PUT", path: membership(connectionId, group), no: unknown } as const;
      return (await caller.any(to(connectionId), request)) !== undefined;
    },
    async remove(connectionId: string, group: string) {
      await caller.all(to(connectionId), { method: "DELETE", path: membership(connectionId, group), no: unknown });
    },
    async removeFromAll(connectionId: string) {
      const path = `/connections${pathOf(connectionId)}/groups`;
      await caller.all(to(connectionId), { method: "DELETE", path, no: unknown });
    },
  });
}
