import { groupNamePattern } from "../hub/group-name.ts";
import { defaultHub, hubNamePattern, hubNameRule } from "../hub/hub-name.ts";
import type { Query } from "./query.ts";
import { invalid } from "./rest-error.ts";

/** A part of the path, or a query parameter: where it stands, what it may be, how it is read. */
export interface Parameter<T> {
  /** As written in the specification; in a query found in any letter case. */
  readonly name: string;
  readonly in: "path" | "query";
  readonly description: string;
  readonly required: boolean;
  /** JSON Schema, for the OpenAPI document. */
  readonly schema: object;
  /** @throws {RestError} 400 naming what is wrong */
  read(path: Readonly<Record<string, string>>, query: Query): T;
}

const streamPattern = /^(?!\s+$)[^\n]{1,100}$/;

/** @throws {RestError} 400 */
export function checkGroup(group: string): string {
  if (groupNamePattern.test(group)) return group;
  throw invalid("Invalid group name. A group name should be between 1 and 1024 characters long and not blank.", "group");
}

function inPath(name: string, description: string, schema: object, check: (value: string) => string): Parameter<string> {
  return {
    name,
    in: "path",
    description,
    required: true,
    schema: { type: "string", ...schema },
    read: (path) => check(path[name]!),
  };
}

const asIs = (value: string) => value;

const namedHub = inPath("hub", "Name of the hub, in any letter case.", { pattern: hubNamePattern.source }, (value) => {
  if (value === defaultHub) return defaultHub;
  if (!hubNamePattern.test(value)) throw invalid(`Invalid hub name. A hub name ${hubNameRule}.`, "hub");
  return value.toLowerCase();
});
/**
 * Lower-case: hub names are case-insensitive (reference serverless-upstream §4.2). A path without one, of raw WebSockets, means the
 * default hub.
 */
export const hub: Parameter<string> = {
  ...namedHub,
  read: (path, query) => (path.hub === undefined ? defaultHub : namedHub.read(path, query)),
};
export const user = inPath("user", "User id.", { minLength: 1 }, asIs);
export const closedUser = inPath("user", "User id.", { minLength: 1, maxLength: 1024 }, (value) => {
  if (value.length > 1024) throw invalid("Invalid user id. It should be between 1 and 1024 characters long.", "user");
  return value;
});
export const group = inPath("group", "Name of the group.", { pattern: groupNamePattern.source }, checkGroup);
export const connection = inPath("connection", "Connection id.", { minLength: 1 }, asIs);
export const stream = inPath(
  "stream",
  "Id of the stream: the invocation id under which the client asked for it.",
  { pattern: streamPattern.source },
  (value) => {
    if (streamPattern.test(value)) return value;
    throw invalid("Invalid stream id. A stream id should be between 1 and 100 characters long and not blank.", "stream");
  },
);

function listInPath(name: string, description: string, check: (value: string) => string): Parameter<readonly string[]> {
  const read = (path: Readonly<Record<string, string>>) => path[name]!.split(",").map((item) => check(item.trim()));
  return { name, in: "path", description, required: true, schema: { type: "string" }, read };
}

const notBlank = (value: string) => {
  if (value === "") throw invalid("An item of the list is empty.", "users");
  return value;
};

export const users = listInPath("users", "User ids, separated by commas.", notBlank);
export const groups = listInPath("groups", "Names of groups, separated by commas.", checkGroup);

function inQuery<T>(name: string, description: string, schema: object, parse: (text: string | undefined) => T): Parameter<T> {
  const key = name.toLowerCase();
  return { name, in: "query", description, required: false, schema, read: (_, query) => parse(query.first(key)) };
}

const text = (name: string, description: string) =>
  inQuery(name, description, { type: "string" }, (value) => value || undefined);

function integer(name: string, description: string, minimum: number, maximum: number, byDefault?: number) {
  const schema = { type: "integer", minimum, maximum, ...(byDefault === undefined ? {} : { default: byDefault }) };
  return inQuery(name, description, schema, (value) => {
    if (value === undefined || value === "") return byDefault;
    const number = Number(value);
    if (!/^[+-]?\d{1,10}$/.test(value) || number < minimum || number > maximum) {
      throw invalid(`The value '${value}' is not valid: ${name} is a whole number from ${minimum} to ${maximum}.`, name);
    }
    return number;
  });
}

const maxInt32 = 2_147_483_647;

/** Lower-case. Put in front of the hub's name: `{application}_{hub}`. */
export const application = inQuery(
  "application",
  "Name of the application: the hub is then `{application}_{hub}`.",
  { type: "string", pattern: hubNamePattern.source },
  (value) => {
    if (!value) return undefined;
    if (!hubNamePattern.test(value))
      throw invalid(`Invalid application name. An application name ${hubNameRule}.`, "application");
    return value.toLowerCase();
  },
);
export const excluded: Parameter<readonly string[]> = {
  name: "excluded",
  in: "query",
  description: "Connection id to leave out; may be given many times.",
  required: false,
  schema: { type: "array", items: { type: "string" } },
  read: (_, query) => query.all("excluded"),
};
export const reason = text("reason", "Shown to the client as the error of its close message.");
export const ttl = integer(
  "ttl",
  "Seconds the user stays in the group. Absent: at most a year. 0: only the connections the user has now join.",
  0,
  maxInt32,
);
export const userId = text("userId", "User id of the client; absent: an anonymous client.");
export const minutesToExpire = integer("minutesToExpire", "Life of the token.", 1, maxInt32, 60);
export const filter = text(
  "filter",
  "Which connections: an OData filter over `userId`, `connectionId` and `groups`. Absent: all.",
);
export const completed = inQuery("completed", "This item is the last one.", { type: "boolean", default: false }, (value) => {
  const word = value?.toLowerCase() ?? "";
  if (word === "true" || word === "false" || word === "") return word === "true";
  throw invalid(`The value '${value}' is not valid: completed is true or false.`, "completed");
});
export const completionReason = text("reason", "The stream ends with this error; absent: it ends well.");
export const completionError = text("error", "The same as `reason`; this is what the Management SDK sends.");
export const maxPageSize = integer("maxpagesize", "Greatest number of items in one answer.", 1, 200, 200);
export const top = integer("top", "Greatest number of items over all pages; absent: all.", 1, maxInt32);
export const continuationToken = text("continuationToken", "Where to go on: taken from a `nextLink`.");
