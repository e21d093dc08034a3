import type { Subject } from "../../hub/command.ts";
import { application, connection, group, hub, user } from "../parameter.ts";
import { emptyReply, type Reply } from "../reply.ts";
import { RestError, type RestErrorName } from "../rest-error.ts";
import { type Call, type Difference, execute, type Route, route, type Served } from "../route.ts";

const both: { v1: Served; dated: Served; "raw-v1": Served; raw: Served } = {
  v1: { status: 200, by: "cloud" },
  dated: { status: 200, by: "cloud", since: "2022-06-01" },
  "raw-v1": { status: 200, by: "cloud" },
  raw: { status: 200, by: "cloud" },
};
const getToo: Difference = {
  family: "dated",
  what: "GET is served beside HEAD, which alone the specification lists.",
  why: "The Management SDK asks with GET whether a user is in a group, and the official emulator answers it everywhere.",
};

async function exists(
  call: Call,
  at: { readonly hub: string; readonly application: string | undefined },
  subject: Subject,
  no: RestErrorName,
  sentence: string,
): Promise<Reply> {
  if (await execute(call, at, { do: "exists", subject })) return emptyReply(call.success);
  throw new RestError(no, sentence);
}

const connectionExists = route({
  operation: "connectionExists",
  summary: "Tell whether a connection exists",
  methods: ["GET", "HEAD"],
  paths: ["/hubs/{hub}/connections/{connection}"],
  parameters: { hub, application, connection },
  served: both,
  errors: ["invalid", "connectionUnknown"],
  differences: [getToo],
  handle: (call, values) =>
    exists(
      call,
      values,
      { connection: values.connection },
      "connectionUnknown",
      `There is no connection '${values.connection}'.`,
    ),
});

const userExists = route({
  operation: "userExists",
  summary: "Tell whether a user has a connection",
  methods: ["GET", "HEAD"],
  paths: ["/hubs/{hub}/users/{user}"],
  parameters: { hub, application, user },
  served: both,
  errors: ["invalid", "userUnknown"],
  differences: [getToo],
  handle: (call, values) =>
    exists(call, values, { user: values.user }, "userUnknown", `The user '${values.user}' has no connection.`),
});

const groupExists = route({
  operation: "groupExists",
  summary: "Tell whether a connection is in a group",
  methods: ["GET", "HEAD"],
  paths: ["/hubs/{hub}/groups/{group}"],
  parameters: { hub, application, group },
  served: both,
  errors: ["invalid", "groupUnknown"],
  differences: [getToo],
  handle: (call, values) =>
    exists(call, values, { group: values.group }, "groupUnknown", `No connection is in the group '${values.group}'.`),
});

const userInGroup = route({
  operation: "userInGroup",
  summary: "Tell whether a user, online or not, is in a group",
  methods: ["GET", "HEAD"],
  paths: ["/hubs/{hub}/users/{user}/groups/{group}", "/hubs/{hub}/groups/{group}/users/{user}"],
  parameters: { hub, application, user, group },
  served: {
    ...both,
    v1: { ...both.v1, path: "/hubs/{hub}/groups/{group}/users/{user}" },
    "raw-v1": { ...both["raw-v1"], path: "/hubs/{hub}/groups/{group}/users/{user}" },
  },
  errors: ["invalid", "userNotInGroup"],
  differences: [getToo],
  handle: (call, values) =>
    exists(
      call,
      values,
      { user: values.user, group: values.group },
      "userNotInGroup",
      `The user '${values.user}' is not in the group '${values.group}'.`,
    ),
});

export const existenceRoutes: readonly Route[] = [connectionExists, userExists, groupExists, userInGroup];
