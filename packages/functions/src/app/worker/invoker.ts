import type { InvocationRequest, InvocationResponse } from "../../contracts/invocation.ts";
import type { TypedData } from "../../contracts/typed-data.ts";
import { describeError } from "./core-errors.ts";
import type { CoreModule, RegisteredFunction } from "./core-module.ts";
import type { CoreInvocationContext, CoreLogCategory, CoreLogLevel, CoreRequest, CoreResponse } from "./core-types.ts";
import { hookContext } from "./hooks.ts";
import { invocationScope } from "./invocation-scope.ts";
import { toInvocationResponse } from "./rpc-response.ts";

export type InvocationLog = (level: CoreLogLevel, category: CoreLogCategory, message: string) => void;

/**
 * One invocation, as the Functions worker runs it (reference functions-host §1.4):
 *
 *   getInvocationModel ─▶ getArguments ─▶ preInvocation hooks ─▶ invokeFunction ─▶ postInvocation hooks ─▶ getResponse
 *                                                                    │ throws            ▲ may clear or set the error
 *                                                                    └───────────────────┘
 *
 * Never rejects: what fails is `error` of the response.
 */
export async function runInvocation(
  core: CoreModule,
  { metadata, callback }: RegisteredFunction,
  request: InvocationRequest,
  log: InvocationLog,
): Promise<InvocationResponse> {
  const { invocationId } = request;
  return await invocationScope.run({ invocationId, functionName: metadata.name }, async () => {
    try {
      return toInvocationResponse(invocationId, await run(core, { metadata, callback }, request, log));
    } catch (error) {
      return { invocationId, outputs: {}, error: { failure: "function", ...describeError(error) } };
    }
  });
}

async function run(
  core: CoreModule,
  { metadata, callback }: RegisteredFunction,
  request: InvocationRequest,
  log: InvocationLog,
): Promise<CoreResponse> {
  const { hooks } = core;
  const hookData: Record<string, unknown> = {};
  let invocationContext: unknown;
  const context: CoreInvocationContext = {
    invocationId: request.invocationId,
    request: toCoreRequest(request, metadata.functionId ?? metadata.name, Object.keys(metadata.bindings)),
    metadata,
    state: undefined,
    log(level, category, message) {
      const entry = { level, message };
      if (hooks.has("log")) runLogHooks(core, hookData, invocationContext, category, entry, log);
      log(entry.level, category, entry.message);
    },
  };

  const model = await core.model.getInvocationModel(context);
  const invocation = await model.getArguments();
  invocationContext = invocation.context;
  const shared = { hookData, appHookData: hooks.appHookData, invocationContext };

  let { inputs } = invocation;
  let handler = callback;
  if (hooks.has("preInvocation")) {
    const before = hookContext(shared, { inputs, functionCallback: handler });
    await inState(context, "preInvocationHooks", () => hooks.run("preInvocation", before));
    inputs = before.inputs;
    handler = before.functionCallback;
  }

  let result: unknown = null;
  let error: unknown = null;
  await inState(context, "invocation", async () => {
    try {
      result = await model.invokeFunction(invocationContext, inputs, handler);
    } catch (thrown) {
      error = thrown ?? new Error("Unknown error");
    }
  });

  if (hooks.has("postInvocation")) {
    const after = hookContext(shared, { inputs, result, error });
    await inState(context, "postInvocationHooks", () => hooks.run("postInvocation", after));
    ({ result, error } = after);
  }
  if (error !== null && error !== undefined) throw error;
  return await model.getResponse(invocationContext, result);
}

async function inState(
  context: CoreInvocationContext,
  state: CoreInvocationContext["state"],
  step: () => Promise<void>,
): Promise<void> {
  context.state = state;
  try {
    await step();
  } finally {
    context.state = undefined;
  }
}

let insideLogHook = false;

/** A hook that logs is not called for its own lines; one that throws loses nothing but itself. */
function runLogHooks(
  core: CoreModule,
  hookData: object,
  invocationContext: unknown,
  category: CoreLogCategory,
  entry: { level: CoreLogLevel; message: string },
  log: InvocationLog,
): void {
  if (insideLogHook) return;
  insideLogHook = true;
  const context = { level: entry.level, message: entry.message, category, invocationContext };
  try {
    core.hooks.runNow("log", hookContext({ hookData, appHookData: core.hooks.appHookData }, context));
    entry.level = context.level;
    entry.message = context.message;
  } catch (error) {
    log("error", "system", `A log hook failed: ${describeError(error).message}`);
  } finally {
    insideLogHook = false;
  }
}

/** The app receives its inputs in the order in which it stated the bindings. */
function toCoreRequest(request: InvocationRequest, functionId: string, order: readonly string[]): CoreRequest {
  const inputData = order
    .filter((name) => Object.hasOwn(request.inputs, name))
    .map((name) => ({ name, data: withBuffers(request.inputs[name] as TypedData) }));
  const triggerMetadata: Record<string, TypedData> = {};
  for (const [name, data] of Object.entries(request.triggerMetadata)) triggerMetadata[name] = withBuffers(data);
  const { traceContext, retryContext } = request;
  return {
    invocationId: request.invocationId,
    functionId,
    inputData,
    triggerMetadata,
    traceContext: {
      traceParent: traceContext?.traceParent ?? "",
      traceState: traceContext?.traceState ?? "",
      attributes: traceContext?.attributes ?? {},
    },
    retryContext: retryContext ?? null,
  };
}

/** The Functions RPC gives bytes as buffers, and apps use that (`toString("utf8")`). */
function withBuffers(data: TypedData): TypedData {
  if (data.bytes !== undefined) return { bytes: asBuffer(data.bytes) };
  if (data.stream !== undefined) return { stream: asBuffer(data.stream) };
  if (data.http?.body !== undefined) return { http: { ...data.http, body: withBuffers(data.http.body) } };
  if (data.collectionBytes !== undefined) return { collectionBytes: { bytes: data.collectionBytes.bytes.map(asBuffer) } };
  if (data.modelBindingData !== undefined)
    return { modelBindingData: { ...data.modelBindingData, content: asBuffer(data.modelBindingData.content) } };
  return data;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
