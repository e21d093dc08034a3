import { Socket } from "node:net";
import type { LogEvent } from "../../contracts/invocation.ts";
import { Channel } from "../channel.ts";
import type { HostMessage, LoadMessage, ProcessMessage } from "../messages.ts";
import { loadApp } from "./app-loader.ts";
import { captureConsole } from "./console-capture.ts";
import { errorText } from "./core-errors.ts";
import { CoreModule } from "./core-module.ts";
import type { CoreLogCategory, CoreLogLevel } from "./core-types.ts";
import { provideCoreModule, takeForCommonJs } from "./interception.ts";
import { type InvocationScope, invocationScope } from "./invocation-scope.ts";
import { runInvocation } from "./invoker.ts";

/** Entry of the app's process. Its working directory is the app's root, its environment the app's settings, descriptor 3 the channel. */

const pipe = new Socket({ fd: 3, readable: true, writable: true });
const channel = new Channel<HostMessage, ProcessMessage>(pipe, receive);
let core: CoreModule | undefined;
let terminating = false;

// Without its host the app has no purpose.
pipe.on("close", () => process.exit(0));
// The host decides when the app ends, also when a terminal sends the signal to both.
process.on("SIGINT", () => {});
process.on("uncaughtExceptionMonitor", (error) => {
  channel.send({ type: "fatal", message: errorText(error), ...functionName() });
});
process.on("exit", (code) => {
  if (!terminating) channel.send({ type: "exit", code, ...functionName() });
});
captureConsole((level, message) => emit(level, "console", message));

function receive(message: HostMessage): void {
  if (message.type === "load") void load(message);
  else if (message.type === "invoke") void invoke(message);
  else void terminate();
}

async function load(message: LoadMessage): Promise<void> {
  core = new CoreModule(message.hostVersion, log);
  provideCoreModule(core.api);
  if (!message.hasPackageFile) takeForCommonJs(message.root);
  channel.send(await loadApp(core, message, (progress) => channel.send(progress)));
}

async function invoke({ request }: Extract<HostMessage, { type: "invoke" }>): Promise<void> {
  const { invocationId } = request;
  const registered = core?.functions.get(request.functionName);
  if (core === undefined || registered === undefined) {
    const message = `The function "${request.functionName}" is not loaded.`;
    channel.send({
      type: "response",
      response: { invocationId, outputs: {}, error: { failure: "unavailable", name: "Error", message } },
    });
    return;
  }
  const scope = { invocationId, functionName: registered.metadata.name };
  const response = await runInvocation(core, registered, request, (level, category, text) => log(level, category, text, scope));
  try {
    channel.sendSoon({ type: "response", response });
  } catch (error) {
    const message = `The result cannot be passed on: ${String(error)}`;
    channel.send({
      type: "response",
      response: { invocationId, outputs: {}, error: { failure: "function", name: "TypeError", message } },
    });
  }
}

async function terminate(): Promise<void> {
  terminating = true;
  try {
    await core?.hooks.run("appTerminate", core.hooks.appContext());
  } catch (error) {
    emit("error", "system", `An appTerminate hook failed: ${errorText(error)}`);
  }
  await channel.flushed();
  process.exit(0);
}

function log(level: CoreLogLevel, category: CoreLogCategory, message: string, scope?: InvocationScope): void {
  if (level !== "none") emit(level, category, message, scope);
}

function emit(
  level: LogEvent["level"],
  category: LogEvent["category"],
  message: string,
  scope = invocationScope.getStore(),
): void {
  channel.send({ type: "log", event: { time: Date.now(), level, category, message: String(message), ...scope } });
}

function functionName(): { functionName?: string } {
  const scope = invocationScope.getStore();
  return scope === undefined ? {} : { functionName: scope.functionName };
}
