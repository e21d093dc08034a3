import { application, connection, group, hub, ttl, user } from "../parameter.ts";
import { emptyReply } from "../reply.ts";
import { RestError } from "../rest-error.ts";
import { type Difference, execute, type Route, route } from "../route.ts";

const connectionPaths = [
  "/hubs/{hub}/groups/{group}/connections/{connection}",
  "/hubs/{hub}/connections/{connection}/groups/{group}",
];
const userPaths = ["/hubs/{hub}/users/{user}/groups/{group}", "/hubs/{hub}/groups/{group}/users/{user}"];
const v1UserPath = "/hubs/{hub}/groups/{group}/users/{user}";

const forConnections: Route["served"] = {
  v1: { status: 200, by: "cloud" },
  dated: { status: 200, by: "cloud", since: "2022-06-01" },
  "raw-v1": { status: 200, by: "cloud" },
  raw: { status: 200, by: "cloud" },
};

const joinConnection = route({
  operation: "addConnectionToGroup",
  summary: "Put a connection into a group",
  methods: ["PUT"],
  paths: connectionPaths,
  parameters: { hub, application, group, connection },
  served: forConnections,
  errors: ["invalid", "connectionUnknownForCommand"],
  differences: [],
  async handle(call, values) {
    const isKnown = await execute(call, values, { do: "join", group: values.group, member: { connection: values.connection } });
    if (!isKnown) throw new RestError("connectionUnknownForCommand", `There is no connection '${values.connection}'.`);
    return emptyReply(call.success);
  },
});

const leavingIsNoError: Difference = {
  what: "200 also when the connection is unknown or not in the group; v1 and 2022-06-01 list 404, the official emulator answers it.",
  why: "The Management SDK takes nothing but success, and what the caller wants is so.",
};

const leaveConnection = route({
  operation: "removeConnectionFromGroup",
  summary: "Take a connection out of a group",
  methods: ["DELETE"],
  paths: connectionPaths,
  parameters: { hub, application, group, connection },
  served: forConnections,
  errors: ["invalid"],
  differences: [leavingIsNoError],
  async handle(call, values) {
    await execute(call, values, { do: "leave", group: values.group, member: { connection: values.connection } });
    return emptyReply(call.success);
  },
});

const leaveAllConnection = route({
  operation: "removeConnectionFromAllGroups",
  summary: "Take a connection out of every group",
  methods: ["DELETE"],
  paths: ["/hubs/{hub}/connections/{connection}/groups"],
  parameters: { hub, application, connection },
  served: { v1: { status: 200, by: "emulator" }, dated: { status: 200, by: "cloud", since: "2022-06-01" } },
  errors: ["invalid"],
  differences: [
    {
      family: "v1",
      what: "Served although the specification of v1 does not list it.",
      why: "The official emulator serves it.",
    },
    {
      what: "200 also for an unknown connection and one in no group, where the official emulator answers 500.",
      why: "The Management SDK takes nothing but success.",
    },
  ],
  async handle(call, values) {
    await execute(call, values, { do: "leave", member: { connection: values.connection } });
    return emptyReply(call.success);
  },
});

const joinUser = route({
  operation: "addUserToGroup",
  summary: "Put a user into a group: its connections of now and of later",
  methods: ["PUT"],
  paths: userPaths,
  parameters: { hub, application, user, group, ttl },
  served: {
    v1: { status: 202, by: "cloud", path: v1UserPath },
    dated: { status: 200, by: "cloud", since: "2022-06-01" },
    "raw-v1": { status: 202, by: "cloud", path: v1UserPath },
    raw: { status: 202, by: "cloud" },
  },
  errors: ["invalid"],
  differences: [
    {
      what: "A negative `ttl` is 400, where the official emulator takes it.",
      why: "A membership that ended before it began is a mistake of the caller; the Management SDK refuses it as well.",
    },
  ],
  async handle(call, values) {
    await execute(call, values, {
      do: "join",
      group: values.group,
      member: { user: values.user },
      ...(values.ttl === undefined ? {} : { ttl: values.ttl }),
    });
    return emptyReply(call.success);
  },
});

const leaveUser = route({
  operation: "removeUserFromGroup",
  summary: "Take a user and its connections out of a group",
  methods: ["DELETE"],
  paths: userPaths,
  parameters: { hub, application, user, group },
  served: {
    v1: { status: 202, by: "cloud", path: v1UserPath },
    dated: { status: 204, by: "cloud", since: "2022-06-01" },
    "raw-v1": { status: 202, by: "cloud", path: v1UserPath },
    raw: { status: 202, by: "cloud" },
  },
  errors: ["invalid"],
  differences: [],
  async handle(call, values) {
    await execute(call, values, { do: "leave", group: values.group, member: { user: values.user } });
    return emptyReply(call.success);
  },
});

const leaveAllUser = route({
  operation: "removeUserFromAllGroups",
  summary: "Take a user and its connections out of every group",
  methods: ["DELETE"],
  paths: ["/hubs/{hub}/users/{user}/groups"],
  parameters: { hub, application, user },
  served: {
    v1: { status: 200, by: "cloud" },
    dated: { status: 204, by: "cloud", since: "2022-06-01" },
    "raw-v1": { status: 200, by: "cloud" },
    raw: { status: 200, by: "cloud" },
  },
  errors: ["invalid"],
  differences: [
    {
      family: "v1",
      what: "Always 200; the cloud answers 202 while it goes on in the background.",
      why: "It is done when the answer comes.",
    },
  ],
  async handle(call, values) {
    await execute(call, values, { do: "leave", member: { user: values.user } });
    return emptyReply(call.success);
  },
});

export const membershipRoutes: readonly Route[] = [
  joinConnection,
  leaveConnection,
  leaveAllConnection,
  joinUser,
  leaveUser,
  leaveAllUser,
];
