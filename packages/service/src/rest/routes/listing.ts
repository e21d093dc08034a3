import type { ListItem } from "../../hub/command.ts";
import { listReply, pageLimit, pageReply } from "../page.ts";
import { application, connection, continuationToken, group, hub, maxPageSize, top, user } from "../parameter.ts";
import { jsonReply } from "../reply.ts";
import { type Difference, execute, type Route, route, type Served } from "../route.ts";

const ours: { dated: Served } = { dated: { status: 200, by: "signalbox", since: "2022-06-01" } };
const notInCloud: Difference = {
  what: "Not in the cloud.",
  why: "Who is connected is what one wants to know first when something does not arrive.",
};
const page = { maxPageSize, top, continuationToken };

const showConnection = ({ id, userId }: ListItem) => ({ connectionId: id, ...(userId === undefined ? {} : { userId }) });

const connectionsInGroup = route({
  operation: "listConnectionsInGroup",
  summary: "List the connections in a group",
  methods: ["GET"],
  paths: ["/hubs/{hub}/groups/{group}/connections"],
  parameters: { hub, application, group, ...page },
  answer: "ConnectionPage",
  served: { dated: { status: 200, by: "cloud", since: "2024-12-01" } },
  errors: ["invalid"],
  differences: [],
  handle: (call, values) => listReply(call, values, { kind: "connections", group: values.group }, showConnection),
});

const hubs = route({
  operation: "listHubs",
  summary: "List the hubs and how much is in each",
  methods: ["GET"],
  paths: ["/hubs"],
  parameters: page,
  answer: "HubPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  async handle(call, values) {
    const after = values.continuationToken;
    const names = call.hubs.names().filter((name) => after === undefined || name > after);
    names.sort();
    const shown = names.slice(0, pageLimit(values));
    const value = await Promise.all(
      shown.map(async (name) => ({ hub: name, ...(await call.hubs.execute(name, { do: "count" })) })),
    );
    return pageReply(call, values, value, names.length > shown.length ? shown.at(-1) : undefined);
  },
});

const oneHub = route({
  operation: "countHub",
  summary: "Count the connections, users and groups of a hub",
  methods: ["GET"],
  paths: ["/hubs/{hub}"],
  parameters: { hub, application },
  answer: "HubCount",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  async handle(call, values) {
    const name = values.application === undefined ? values.hub : `${values.application}_${values.hub}`;
    return jsonReply({ hub: name, ...(await execute(call, values, { do: "count" })) });
  },
});

const connections = route({
  operation: "listConnections",
  summary: "List the connections of a hub",
  methods: ["GET"],
  paths: ["/hubs/{hub}/connections"],
  parameters: { hub, application, ...page },
  answer: "ConnectionPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) => listReply(call, values, { kind: "connections" }, showConnection),
});

const users = route({
  operation: "listUsers",
  summary: "List the users who are connected to a hub",
  methods: ["GET"],
  paths: ["/hubs/{hub}/users"],
  parameters: { hub, application, ...page },
  answer: "UserPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) =>
    listReply(call, values, { kind: "users" }, (item) => ({ userId: item.id, connections: item.connections })),
});

const groups = route({
  operation: "listGroups",
  summary: "List the groups of a hub that a connection is in",
  methods: ["GET"],
  paths: ["/hubs/{hub}/groups"],
  parameters: { hub, application, ...page },
  answer: "GroupPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) =>
    listReply(call, values, { kind: "groups" }, (item) => ({ group: item.id, connections: item.connections })),
});

const connectionsOfUser = route({
  operation: "listConnectionsOfUser",
  summary: "List the connections of a user",
  methods: ["GET"],
  paths: ["/hubs/{hub}/users/{user}/connections"],
  parameters: { hub, application, user, ...page },
  answer: "ConnectionPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) => listReply(call, values, { kind: "connections", user: values.user }, showConnection),
});

const groupsOfUser = route({
  operation: "listGroupsOfUser",
  summary: "List the groups that a user is in, online or not",
  methods: ["GET"],
  paths: ["/hubs/{hub}/users/{user}/groups"],
  parameters: { hub, application, user, ...page },
  answer: "GroupPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) => listReply(call, values, { kind: "groups", user: values.user }, ({ id }) => ({ group: id })),
});

const groupsOfConnection = route({
  operation: "listGroupsOfConnection",
  summary: "List the groups that a connection is in, itself or through its user",
  methods: ["GET"],
  paths: ["/hubs/{hub}/connections/{connection}/groups"],
  parameters: { hub, application, connection, ...page },
  answer: "GroupPage",
  served: ours,
  errors: ["invalid"],
  differences: [notInCloud],
  handle: (call, values) =>
    listReply(call, values, { kind: "groups", connection: values.connection }, ({ id }) => ({ group: id })),
});

export const listingRoutes: readonly Route[] = [
  connectionsInGroup,
  hubs,
  oneHub,
  connections,
  users,
  groups,
  connectionsOfUser,
  groupsOfUser,
  groupsOfConnection,
];
