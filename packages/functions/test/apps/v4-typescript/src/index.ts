import { app } from "@azure/functions";

app.hook.preInvocation((context) => {
  context.hookData.started = Date.now();
});
