Object.defineProperty(exports, "__esModule", { value: true });
const functions_1 = require("@azure/functions");
const connectionInfo = functions_1.input.generic({ type: "signalRConnectionInfo", name: "connectionInfo", hubName: "chat" });
const messages = functions_1.output.generic({ type: "signalR", name: "messages", hubName: "chat" });
functions_1.app.http("negotiate", {
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [connectionInfo],
  handler: async (_request, context) => ({
    jsonBody: context.extraInputs.get(connectionInfo),
  }),
});
functions_1.app.generic("say", {
  trigger: functions_1.trigger.generic({
    type: "signalRTrigger",
    name: "invocation",
    hubName: "chat",
    category: "messages",
    event: "say",
    parameterNames: ["text"],
  }),
  extraOutputs: [messages],
  handler: async (invocation, context) => {
    const { ConnectionId } = invocation;
    context.extraOutputs.set(messages, { target: "said", arguments: [ConnectionId, context.triggerMetadata?.text] });
    return "thanks";
  },
});
