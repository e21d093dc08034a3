Object.defineProperty(exports, "__esModule", { value: true });
const functions_1 = require("@azure/functions");
functions_1.app.hook.preInvocation((context) => {
  context.hookData.started = Date.now();
});
