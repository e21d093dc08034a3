import { readQuestion } from "../message.ts";
import { application, connection, hub } from "../parameter.ts";
import { jsonReply, type Reply } from "../reply.ts";
import { RestError } from "../rest-error.ts";
import { execute, type Route, route } from "../route.ts";
import { message } from "./send.ts";

const commonProtocols = new Set(["json", "messagepack"]);

const invoke = route({
  operation: "invokeConnection",
  summary: "Call a method of a client and wait for its result",
  methods: ["POST"],
  paths: ["/hubs/{hub}/connections/{connection}/:invoke"],
  parameters: { hub, application, connection },
  body: message,
  answer: "ClientInvocationResponse",
  served: { dated: { status: 200, by: "cloud", since: "2024-12-01" } },
  errors: ["invalid", "tooLarge", "mediaType", "connectionUnknownForCommand", "clientFailed", "clientTimeout", "clientLeft"],
  differences: [
    {
      what: "A caller whose `Accept` names JSON or everything (`*/*`) gets JSON; one that sends no `Accept`, or asks for `application/octet-stream`, gets the client's completion record as it is, with `X-Protocol` naming its protocol.",
      why: "The Management SDK reads `X-Protocol` and the record; how the cloud chooses is not published.",
    },
    {
      what: "A client's error, its silence and its leaving are 424 with a code of their own (in the record form a client's error is part of the record).",
      why: "The cloud's codes are not published. SDKs repeat sends that were answered with more than 500, which would call the client again.",
    },
  ],
  async handle(call, values) {
    const payload = await readQuestion(call.request, call.options.maxBodyBytes);
    const answer = await execute(call, values, {
      do: "invoke",
      connection: values.connection,
      payload,
      timeout: call.options.invokeTimeout,
    });
    switch (answer.outcome) {
      case "no connection":
        throw new RestError("connectionUnknownForCommand", `There is no connection '${values.connection}'.`);
      case "disconnected":
        throw new RestError("clientLeft", `The connection '${values.connection}' ended before it answered.`);
      case "timeout":
        throw new RestError("clientTimeout", `The client did not answer within ${call.options.invokeTimeout / 1000} s.`);
      case "completed": {
        const protocol = { "X-Protocol": answer.protocol };
        if (wantsRecord(call.request.header("accept"))) return recordReply(answer.record, protocol);
        if (answer.error !== undefined) throw new RestError("clientFailed", answer.error);
        return jsonReply(
          {
            ...("result" in answer ? { result: answer.result } : {}),
            ...(commonProtocols.has(answer.protocol) ? {} : { protocol: answer.protocol }),
          },
          protocol,
        );
      }
    }
  },
});

function recordReply(record: Uint8Array, protocol: Readonly<Record<string, string>>): Reply {
  return { status: 200, headers: { "Content-Type": "application/octet-stream", ...protocol }, body: record };
}

function wantsRecord(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const types = accept.split(",").map((range) => range.split(";", 1)[0]!.trim().toLowerCase());
  const takesJson = types.some((type) => type === "application/json" || type === "*/*" || type === "application/*");
  return !takesJson && types.includes("application/octet-stream");
}

export const invokeRoutes: readonly Route[] = [invoke];
