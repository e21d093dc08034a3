import type { Audience } from "../../hub/command.ts";
import { readBytes } from "../body.ts";
import { callReader, type MessageReader, rawReader } from "../message.ts";
import { application, connection, excluded, group, groups, hub, user, users } from "../parameter.ts";
import { emptyReply, type Reply } from "../reply.ts";
import {
  type Call,
  type Delivery,
  type Difference,
  type HubAddress,
  hubName,
  type Parameters,
  type RequestBody,
  type Route,
  type RouteDefinition,
  route,
  type Served,
  type Values,
} from "../route.ts";

export const message: RequestBody = {
  forms: callReader.forms,
  schema: "Message",
  example: { target: "newMessage", arguments: ["hello", 42] },
};

const sendErrors = ["invalid", "tooLarge", "mediaType"] as const;

/** In v1 the path ends before the verb. */
const cloud = (v1Path: string): { v1: Served; dated: Served } => ({
  v1: { status: 202, by: "cloud", path: v1Path },
  dated: { status: 202, by: "cloud", since: "2022-06-01" },
});

const bodies: Difference = {
  what: "Success has no body, and in v1 octet-stream and MessagePack bodies are taken as well.",
  why: "The cloud's `ServiceResponse` says no more than the status and no SDK reads it; one reader of bodies serves every version.",
};
const strictJson: Difference = {
  what: "JSON is read strictly: comments and text after the object are 400, where the official emulator lets them pass.",
  why: "What a proxy or a log in between reads must be what is delivered.",
};
const harmless: Difference = {
  what: "400 for what some client could not read: nesting beyond 64 levels, numbers beyond a double, integers beyond 64 bits, half of a surrogate pair, an octet-stream record that is not exactly one Invocation.",
  why: "Passed on, it would end the connections of those clients; the official emulator disconnects every receiver of `1e400`.",
};
const manyArguments: Difference = {
  what: "More than 10 arguments are delivered; the official emulator answers 500.",
  why: "The limit is one of the emulator's .NET binder, not of the protocol.",
};
const unpublished: Difference = {
  what: "An `application/x-msgpack` body is the object of JSON bodies in MessagePack. Other members of that object, such as `rawBytes` and `rawOnly`, are passed over.",
  why: "The cloud lists the type without a layout; the two members were listed as read-only in 2022-06-01 and are gone since.",
};
const differences = [bodies, strictJson, harmless, manyArguments, unpublished];

/** What raw clients receive. */
const rawMessage: RequestBody = { forms: rawReader.forms, example: { type: "log", text: "hello" } };

async function send(call: Call, { forms, decode }: MessageReader, { hub, audience, except }: Delivery): Promise<Reply> {
  const { media, bytes } = await readBytes(call.request, forms, call.options.maxBodyBytes);
  const payload = decode(media, bytes);
  call.hubs.send(hub, { do: "send", audience, except, payload });
  return emptyReply(call.success);
}

type SendDefinition<P extends Parameters> = Omit<RouteDefinition<P>, "methods" | "body" | "errors" | "handle" | "send"> & {
  deliver(values: Values<P>): Delivery;
};

function sendRoute<const P extends Parameters>({ deliver, ...definition }: SendDefinition<P>, reader = callReader): Route {
  return route<P>({
    ...definition,
    methods: ["POST"],
    body: reader === callReader ? message : rawMessage,
    errors: sendErrors,
    send: { reader, deliver },
    handle: (call, values) => send(call, reader, deliver(values)),
  });
}

function delivery(at: HubAddress, audience: Audience, excluded?: readonly string[]): Delivery {
  const except = excluded === undefined || excluded.length === 0 ? undefined : { connections: excluded };
  return { hub: hubName(at), audience, except };
}

const everybody: Audience = { to: "all" };

const toAll = sendRoute({
  operation: "sendToAll",
  summary: "Send a message to every connection of a hub",
  paths: ["/hubs/{hub}/:send", "/hubs/{hub}"],
  parameters: { hub, application, excluded },
  served: cloud("/hubs/{hub}"),
  differences,
  deliver: (values) => delivery(values, everybody, values.excluded),
});

const toUser = sendRoute({
  operation: "sendToUser",
  summary: "Send a message to every connection of a user",
  paths: ["/hubs/{hub}/users/{user}/:send", "/hubs/{hub}/users/{user}"],
  parameters: { hub, application, user },
  served: cloud("/hubs/{hub}/users/{user}"),
  differences,
  deliver: (values) => delivery(values, { to: "users", ids: [values.user] }),
});

const toGroup = sendRoute({
  operation: "sendToGroup",
  summary: "Send a message to every connection in a group",
  paths: ["/hubs/{hub}/groups/{group}/:send", "/hubs/{hub}/groups/{group}"],
  parameters: { hub, application, group, excluded },
  served: cloud("/hubs/{hub}/groups/{group}"),
  differences,
  deliver: (values) => delivery(values, { to: "groups", ids: [values.group] }, values.excluded),
});

const toConnection = sendRoute({
  operation: "sendToConnection",
  summary: "Send a message to one connection; an unknown one is no error",
  paths: ["/hubs/{hub}/connections/{connection}/:send", "/hubs/{hub}/connections/{connection}"],
  parameters: { hub, application, connection },
  served: cloud("/hubs/{hub}/connections/{connection}"),
  differences,
  deliver: (values) => delivery(values, { to: "connections", ids: [values.connection] }),
});

const preview = { "v1-preview": { status: 202, by: "cloud" } } as const;
const obsolete: Difference = {
  what: "Still served; the cloud has withdrawn it.",
  why: "Old senders go on working with the connection string changed alone.",
};
const previewDifferences = [obsolete, ...differences];

const previewToAll = sendRoute({
  operation: "previewSendToAll",
  summary: "Send a message to every connection of a hub",
  paths: ["/hub/{hub}"],
  parameters: { hub },
  served: preview,
  differences: previewDifferences,
  deliver: (values) => delivery(values, everybody),
});

const previewToUser = sendRoute({
  operation: "previewSendToUser",
  summary: "Send a message to every connection of a user",
  paths: ["/hub/{hub}/user/{user}"],
  parameters: { hub, user },
  served: preview,
  differences: previewDifferences,
  deliver: (values) => delivery(values, { to: "users", ids: [values.user] }),
});

const previewToUsers = sendRoute({
  operation: "previewSendToUsers",
  summary: "Send a message to every connection of several users",
  paths: ["/hub/{hub}/users/{users}"],
  parameters: { hub, users },
  served: preview,
  differences: previewDifferences,
  deliver: (values) => delivery(values, { to: "users", ids: values.users }),
});

const previewToGroup = sendRoute({
  operation: "previewSendToGroup",
  summary: "Send a message to every connection in a group",
  paths: ["/hub/{hub}/group/{group}"],
  parameters: { hub, group },
  served: preview,
  differences: previewDifferences,
  deliver: (values) => delivery(values, { to: "groups", ids: [values.group] }),
});

const previewToGroups = sendRoute({
  operation: "previewSendToGroups",
  summary: "Send a message to every connection in several groups; who is in two of them receives two copies",
  paths: ["/hub/{hub}/groups/{groups}"],
  parameters: { hub, groups },
  served: preview,
  differences: previewDifferences,
  deliver: (values) => delivery(values, { to: "groups", ids: values.groups }),
});

/** In May 2020 the path ended before the noun. */
const raw = (v1Path: string): { "raw-v1": Served; raw: Served } => ({
  "raw-v1": { status: 202, by: "cloud", path: v1Path },
  raw: { status: 202, by: "cloud" },
});

const rawBodies: Difference = {
  what: "A JSON body is a text message too; any other type but text and octet-stream is 415. A text in another charset is sent in UTF-8. An empty body is an empty message.",
  why: "The specification lists `text/plain` and `application/octet-stream`; back ends call JSON by its name.",
};
const rawOnly: Difference = {
  what: "Reaches raw clients alone, and `/api` SignalR clients alone, also where both are in one hub.",
  why: "A raw message has no target, and a call of a method is no message that a raw client could read.",
};
const rawDifferences = [rawOnly, rawBodies];

const rawToAll = sendRoute(
  {
    operation: "rawSendToAll",
    summary: "Send a message to every raw client of a hub",
    paths: ["/hubs/{hub}/messages", "/hubs/{hub}"],
    parameters: { hub, excluded },
    served: raw("/hubs/{hub}"),
    differences: rawDifferences,
    deliver: (values) => delivery(values, everybody, values.excluded),
  },
  rawReader,
);

const rawToUser = sendRoute(
  {
    operation: "rawSendToUser",
    summary: "Send a message to every raw client of a user",
    paths: ["/hubs/{hub}/users/{user}/messages", "/hubs/{hub}/users/{user}"],
    parameters: { hub, user },
    served: raw("/hubs/{hub}/users/{user}"),
    differences: rawDifferences,
    deliver: (values) => delivery(values, { to: "users", ids: [values.user] }),
  },
  rawReader,
);

const rawToGroup = sendRoute(
  {
    operation: "rawSendToGroup",
    summary: "Send a message to every raw client in a group",
    paths: ["/hubs/{hub}/groups/{group}/messages", "/hubs/{hub}/groups/{group}"],
    parameters: { hub, group, excluded },
    served: raw("/hubs/{hub}/groups/{group}"),
    differences: rawDifferences,
    deliver: (values) => delivery(values, { to: "groups", ids: [values.group] }, values.excluded),
  },
  rawReader,
);

const rawToConnection = sendRoute(
  {
    operation: "rawSendToConnection",
    summary: "Send a message to one raw client; an unknown one is no error",
    paths: ["/hubs/{hub}/connections/{connection}/messages", "/hubs/{hub}/connections/{connection}"],
    parameters: { hub, connection },
    served: raw("/hubs/{hub}/connections/{connection}"),
    differences: rawDifferences,
    deliver: (values) => delivery(values, { to: "connections", ids: [values.connection] }),
  },
  rawReader,
);

export const sendRoutes: readonly Route[] = [
  toAll,
  toUser,
  toGroup,
  toConnection,
  previewToAll,
  previewToUser,
  previewToUsers,
  previewToGroup,
  previewToGroups,
  rawToAll,
  rawToUser,
  rawToGroup,
  rawToConnection,
];
