import pLimit from "p-limit";
import type { Recipient } from "../endpoints/endpoint-router.ts";
import type { MessageBody } from "../rest/message-body.ts";
import { pathOf } from "../rest/rest-request.ts";
import { createConnection } from "./client-connection.ts";
import { createGroups } from "./groups.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { Clients, HubClients } from "./hub-context.ts";
import { requireGroup, requireId, requireTarget } from "./names.ts";

/** Requests under way at a time for a list of receivers. */
const concurrency = 64;

/** Names for everybody, once for each that is named. Ids are checked here, at the call that passes them. */
export function createClients(caller: HubCaller): HubClients {
  const one = (audience: Audience) => clientsOf(caller, [audience]);
  const user = (id: string): Audience => ({ to: { kind: "user", id: requireId("user", id) }, path: `/users${pathOf(id)}` });
  const group = (id: string): Audience => ({ to: { kind: "group", id: requireGroup(id) }, path: `/groups${pathOf(id)}` });
  return {
    all: one({ to: { kind: "all" }, path: "" }),
    allExcept: (excluded) => one({ to: { kind: "all" }, path: "", excluded }),
    user: (id) => one(user(id)),
    users: (ids) => clientsOf(caller, ids.map(user)),
    group: (name) => one(group(name)),
    groups: createGroups(caller, (names) => clientsOf(caller, names.map(group))),
    groupExcept: (name, excluded) => one({ ...group(name), excluded }),
    connection: (id) => createConnection(caller, id, one(connection(id))),
    connections: (ids) => clientsOf(caller, ids.map(connection)),
  };
}

interface Audience {
  readonly to: Recipient;
  readonly path: string;
  readonly excluded?: readonly string[];
}

function connection(id: string): Audience {
  return { to: { kind: "connection", id: requireId("connection", id) }, path: `/connections${pathOf(id)}` };
}

/** Several audiences are several requests with the same body: each is tried, then the first failure is thrown. */
function clientsOf(caller: HubCaller, audiences: readonly Audience[]): Clients {
  const post = ({ to, path, excluded }: Audience, body: MessageBody) =>
    caller.all(to, { method: "POST", path: `${path}/:send`, query: { excluded }, body, isMessage: true });
  return {
    async send(target, ...args) {
      const body = caller.services.encode(requireTarget(target), args);
      if (audiences.length === 1) {
        await post(audiences[0]!, body);
        return;
      }
      const failures: unknown[] = [];
      await pLimit(concurrency).map(audiences, async (audience) => {
        await post(audience, body).catch((failure: unknown) => failures.push(failure));
      });
      if (failures.length > 0) throw failures[0];
    },
  };
}
