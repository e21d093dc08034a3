import type { Recipient } from "../endpoints/endpoint-router.ts";
import { pathOf } from "../rest/rest-request.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { CloseOptions, Closing } from "./hub-context.ts";
import { requireGroup, requireId } from "./names.ts";

export function createClosing(caller: HubCaller): Closing {
  const closeMany = async (to: Recipient, path: string, { reason, except }: CloseOptions = {}) => {
    await caller.all(to, { method: "POST", path: `${path}/:closeConnections`, query: { reason, excluded: except } });
  };
  return {
    async connection(connectionId, { reason } = {}) {
      const id = requireId("connection", connectionId);
      const no = ["warning.connection.notexisted"];
      await caller.all(
        { kind: "connection", id },
        { method: "DELETE", path: `/connections${pathOf(id)}`, query: { reason }, no },
      );
    },
    user: async (id, options) => closeMany({ kind: "user", id }, `/users${pathOf(requireId("user", id))}`, options),
    group: async (id, options) => closeMany({ kind: "group", id }, `/groups${pathOf(requireGroup(id))}`, options),
    all: (options) => closeMany({ kind: "all" }, "", options),
  };
}
