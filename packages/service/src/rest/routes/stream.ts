import { messageForms, readItem } from "../message.ts";
import { application, completed, completionError, completionReason, connection, hub, stream } from "../parameter.ts";
import { emptyReply } from "../reply.ts";
import { RestError } from "../rest-error.ts";
import { type Difference, execute, type Route, route, type Served } from "../route.ts";

const served: { dated: Served } = { dated: { status: 202, by: "cloud", since: "2024-12-01" } };

const unknownConnection: Difference = {
  what: "404 for an unknown connection.",
  why: "So a generator learns that nobody listens any more; the cloud's answer is not published.",
};

function gone(connectionId: string): RestError {
  return new RestError("connectionUnknownForCommand", `There is no connection '${connectionId}'.`);
}

const sendItem = route({
  operation: "sendStreamItem",
  summary: "Send an item of a stream that a client asked for",
  methods: ["POST"],
  paths: ["/hubs/{hub}/connections/{connection}/streams/{stream}/:send"],
  parameters: { hub, application, connection, stream, completed },
  body: { forms: messageForms, example: { progress: 40 } },
  served,
  errors: ["invalid", "tooLarge", "mediaType", "connectionUnknownForCommand"],
  differences: [unknownConnection],
  async handle(call, values) {
    const item = await readItem(call.request, call.options.maxBodyBytes, values.stream);
    const at = { connection: values.connection, stream: values.stream };
    const isKnown = await execute(call, values, { do: "stream item", ...at, item });
    if (!isKnown) throw gone(values.connection);
    if (values.completed) await execute(call, values, { do: "stream complete", ...at });
    return emptyReply(call.success);
  },
});

const complete = route({
  operation: "completeStream",
  summary: "End a stream that a client asked for, well or with an error",
  methods: ["POST"],
  paths: ["/hubs/{hub}/connections/{connection}/streams/{stream}/:complete"],
  parameters: { hub, application, connection, stream, reason: completionReason, error: completionError },
  served,
  errors: ["invalid", "connectionUnknownForCommand"],
  differences: [
    unknownConnection,
    {
      what: "The error may be given as `error` or as `reason`.",
      why: "The Management SDK sends the one, the specification names the other.",
    },
  ],
  async handle(call, values) {
    const error = values.reason ?? values.error;
    const isKnown = await execute(call, values, {
      do: "stream complete",
      connection: values.connection,
      stream: values.stream,
      ...(error === undefined ? {} : { error }),
    });
    if (!isKnown) throw gone(values.connection);
    return emptyReply(call.success);
  },
});

export const streamRoutes: readonly Route[] = [sendItem, complete];
