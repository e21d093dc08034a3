import type { Audience, SendCommand } from "../../hub/command.ts";
import { readBody } from "../body.ts";
import { callPayload, readCall } from "../message.ts";
import { application, checkGroup, hub } from "../parameter.ts";
import { emptyReply } from "../reply.ts";
import { invalid } from "../rest-error.ts";
import { executeAll, type Route, route } from "../route.ts";
import { readFilter } from "./execute.ts";

const sendBatch = route({
  operation: "sendBatch",
  summary: "Send several messages, each to its own audience",
  methods: ["POST"],
  paths: ["/hubs/{hub}/:sendBatch"],
  parameters: { hub, application },
  body: {
    forms: ["json"],
    schema: "Batch",
    example: [
      { to: "all", target: "tick", arguments: [1] },
      { to: { users: ["ann", "bob"] }, target: "mail", arguments: [] },
      { to: { groups: ["red"] }, excluded: ["connection-id"], filter: "startswith(userId, 'a')", target: "goal" },
    ],
  },
  served: { dated: { status: 202, by: "signalbox", since: "2022-06-01" } },
  errors: ["invalid", "tooLarge", "mediaType"],
  differences: [
    {
      what: "Not in the cloud.",
      why: "One request for many messages costs the sender and the service far less than one each. All are checked before the first is sent; they are sent in order.",
    },
  ],
  async handle(call, values) {
    const body = await readBody(call.request, ["json"], call.options.maxBodyBytes, "Messages in request body are required.");
    if (!Array.isArray(body.value)) throw invalid("The body must be an array of messages.");
    const sends = body.value.map((value, index) => readSend(value, `[${index}]`));
    await executeAll(call, values, sends);
    return emptyReply(call.success);
  },
});

function readSend(value: unknown, at: string): SendCommand {
  if (typeof value !== "object" || value === null) throw invalid(`The message at ${at} is not an object.`, at);
  const { to, excluded, filter } = value as Readonly<Record<string, unknown>>;
  if (filter !== undefined && filter !== null && typeof filter !== "string")
    throw invalid(`The filter at ${at} is not a text.`, at);
  return {
    do: "send",
    audience: readAudience(to, at),
    ...(excluded === undefined || excluded === null ? {} : { except: { connections: readTexts(excluded, `${at}.excluded`) } }),
    ...(filter ? { filter: readFilter(filter) } : {}),
    payload: callPayload(readCall(value)),
  };
}

function readAudience(to: unknown, at: string): Audience {
  if (to === "all") return { to };
  const [kind, ...more] = typeof to === "object" && to !== null ? Object.entries(to) : [];
  if (kind === undefined || more.length > 0) throw wrongAudience(at);
  const ids = readTexts(kind[1], `${at}.to.${kind[0]}`);
  switch (kind[0]) {
    case "users":
    case "connections":
      return { to: kind[0], ids };
    case "groups":
      return { to: "groups", ids: ids.map(checkGroup) };
    default:
      throw wrongAudience(at);
  }
}

function wrongAudience(at: string) {
  return invalid(`The audience at ${at}.to is not "all" or an object with one of users, groups, connections.`, at);
}

function readTexts(value: unknown, at: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string" && item !== "")) {
    throw invalid(`${at} must be an array of texts that are not empty.`, at);
  }
  return value;
}

export const batchRoutes: readonly Route[] = [sendBatch];
