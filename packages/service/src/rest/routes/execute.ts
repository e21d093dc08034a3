import type { Command } from "../../hub/command.ts";
import type { Predicate } from "../../hub/filter/expression.ts";
import { FilterError, parseFilter } from "../../hub/filter/filter.ts";
import { readBody } from "../body.ts";
import { callPayload, readCall } from "../message.ts";
import { checkGroup, filter, hub } from "../parameter.ts";
import { emptyReply } from "../reply.ts";
import { invalid } from "../rest-error.ts";
import { executeAll, type Route, route } from "../route.ts";

const executeCommands = route({
  operation: "execute",
  summary: "Carry out commands, in order, for every connection that passes a filter",
  methods: ["POST"],
  paths: ["/hubs/{hub}/:execute"],
  parameters: { hub, filter },
  body: {
    forms: ["json"],
    schema: "Commands",
    example: [
      { type: "JoinGroup", group: "winners" },
      { type: "SendMessage", message: { target: "won", arguments: [100] } },
    ],
  },
  served: { dated: { status: 202, by: "cloud", since: "2023-07-01" } },
  errors: ["invalid", "tooLarge", "mediaType"],
  differences: [
    {
      what: "Every command is checked before the first is carried out; what is carried out is not taken back.",
      why: "The cloud speaks of a transaction and publishes no more.",
    },
    {
      what: "The filter is the OData subset that Azure Web PubSub documents, without `length(groups)`.",
      why: "The cloud's specification shows one example and no grammar; counting groups would cost every connection.",
    },
  ],
  async handle(call, values) {
    const matches = readFilter(values.filter);
    const body = await readBody(call.request, ["json"], call.options.maxBodyBytes, "Commands in request body are required.");
    if (!Array.isArray(body.value)) throw invalid("The body must be an array of commands.");
    const commands = body.value.map((value, index) => readCommand(value, matches, `[${index}]`));
    await executeAll(call, values, commands);
    return emptyReply(call.success);
  },
});

const everyone: Predicate = () => true;

/** @throws {RestError} 400 */
export function readFilter(text: string | undefined): Predicate {
  if (text === undefined) return everyone;
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof FilterError) throw invalid(`Invalid filter: ${error.message}`, "filter");
    throw error;
  }
}

function readCommand(value: unknown, matches: Predicate, at: string): Command {
  if (typeof value !== "object" || value === null) throw invalid(`The command at ${at} is not an object.`, at);
  const { type, message, group, reason } = value as Readonly<Record<string, unknown>>;
  switch (typeof type === "string" ? type.toLowerCase() : undefined) {
    case "sendmessage":
      return { do: "send", audience: { to: "all" }, filter: matches, payload: callPayload(readCall(message)) };
    case "joingroup":
      return { do: "join", group: readGroup(group, at), member: { filter: matches } };
    case "leavegroup":
      return { do: "leave", group: readGroup(group, at), member: { filter: matches } };
    case "closeconnection":
      return { do: "close", audience: { to: "all" }, filter: matches, ...readReason(reason, at) };
    default:
      throw invalid(`The type of the command at ${at} is not SendMessage, JoinGroup, LeaveGroup or CloseConnection.`, at);
  }
}

function readGroup(group: unknown, at: string): string {
  if (typeof group !== "string") throw invalid(`The command at ${at} needs a group.`, at);
  return checkGroup(group);
}

function readReason(reason: unknown, at: string): { reason?: string } {
  if (reason === undefined || reason === null || reason === "") return {};
  if (typeof reason !== "string") throw invalid(`The reason of the command at ${at} is not a text.`, at);
  return { reason };
}

export const executeRoutes: readonly Route[] = [executeCommands];
