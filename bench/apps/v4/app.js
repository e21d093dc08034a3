const { app, output } = require("@azure/functions");

// The routes are those of the service's REST interface, so that the same requests go to either.
app.post("plain", {
  route: "v1/hubs/{hub}/groups/{group}",
  handler: async (request) => {
    const { target } = await request.json();
    return { status: target === undefined ? 400 : 202 };
  },
});

const messages = output.generic({ type: "signalR", hubName: "bench" });

app.post("send", {
  route: "v1/hubs/{hub}/users/{user}",
  extraOutputs: [messages],
  handler: async (request, context) => {
    const message = await request.json();
    context.extraOutputs.set(messages, { ...message, userId: request.params.user });
    return { status: 202 };
  },
});
