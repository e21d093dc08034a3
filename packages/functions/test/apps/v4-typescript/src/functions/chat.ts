import { app, type HttpRequest, type HttpResponseInit, type InvocationContext, input, output, trigger } from "@azure/functions";

const connectionInfo = input.generic({ type: "signalRConnectionInfo", name: "connectionInfo", hubName: "chat" });
const messages = output.generic({ type: "signalR", name: "messages", hubName: "chat" });

app.http("negotiate", {
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [connectionInfo],
  handler: async (_request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => ({
    jsonBody: context.extraInputs.get(connectionInfo),
  }),
});

interface Invocation {
  ConnectionId: string;
}

app.generic("say", {
  trigger: trigger.generic({
    type: "signalRTrigger",
    name: "invocation",
    hubName: "chat",
    category: "messages",
    event: "say",
    parameterNames: ["text"],
  }),
  extraOutputs: [messages],
  handler: async (invocation: unknown, context: InvocationContext): Promise<string> => {
    const { ConnectionId } = invocation as Invocation;
    context.extraOutputs.set(messages, { target: "said", arguments: [ConnectionId, context.triggerMetadata?.text] });
    return "thanks";
  },
});
