import { createRequire } from "node:module";
import { basename } from "node:path";
import type { LoadProblem } from "../../contracts/function-definition.ts";
import type { LoadedMessage, LoadMessage, ProcessMessage, ScriptFunction } from "../messages.ts";
import { errorText, loadErrorText } from "./core-errors.ts";
import type { CoreModule } from "./core-module.ts";
import { findHandler, loadScript } from "./script-loader.ts";

/** What the Functions worker offers to a library (reference functions-host §1.4). */
const capabilities = {
  RawHttpBodyBytes: "true",
  RpcHttpTriggerMetadataRemoved: "true",
  RpcHttpBodyOnly: "true",
  IgnoreEmptyValuedRpcHttpHeaders: "true",
  UseNullableValueDictionaryForHttp: "true",
  WorkerStatus: "true",
  TypedDataCollection: "true",
  HandlesWorkerTerminateMessage: "true",
};

/**
 * Loads the app's entry points and, when none of them registered a function, the scripts of its function.json files. A file that fails is
 * a problem of its own; the others are loaded. Never rejects.
 */
export async function loadApp(
  core: CoreModule,
  plan: LoadMessage,
  send: (message: ProcessMessage) => void,
): Promise<LoadedMessage> {
  const problems: LoadProblem[] = [];
  // The model of apps without a library of their own; `app.*` of version 4 replaces it.
  createRequire(import.meta.url)("azure-functions-v3").setup();

  for (const entryPoint of plan.entryPoints) {
    core.entryPoint = entryPoint.file;
    send({ type: "loading", file: entryPoint.file });
    try {
      await loadScript(entryPoint);
    } catch (error) {
      const message = `The entry point "${basename(entryPoint.file)}" could not be loaded: ${loadErrorText(error)}`;
      problems.push({ file: entryPoint.file, message });
    }
  }
  core.entryPoint = undefined;

  const byCode = core.functions.size > 0;
  const handlers: string[] = [];
  if (!byCode) {
    for (const script of plan.functions) {
      const problem = await loadFunction(core, script, send);
      if (problem === undefined) handlers.push(script.definition.name);
      else problems.push(problem);
    }
  }
  const registrations = [...core.registrations];
  core.lock();

  try {
    await core.hooks.run("appStart", core.hooks.appContext({ functionAppDirectory: plan.root }));
  } catch (error) {
    problems.push({ message: `An appStart hook failed: ${errorText(error)}` });
  }
  const { model } = core;
  let httpUri: string | undefined;
  try {
    httpUri = (await model.getCapabilities?.({ ...capabilities }))?.HttpUri;
  } catch (error) {
    problems.push({ message: `The library could not state its capabilities: ${errorText(error)}` });
  }
  return {
    type: "loaded",
    model: byCode ? "v4" : "v3",
    handlers,
    registrations,
    problems,
    libraryVersion: model.version,
    ...(httpUri === undefined ? {} : { httpUri }),
  };
}

async function loadFunction(
  core: CoreModule,
  { definition, esm }: ScriptFunction,
  send: (message: ProcessMessage) => void,
): Promise<LoadProblem | undefined> {
  const { name, scriptFile: file, entryPoint, directory } = definition;
  send({ type: "loading", file, functionName: name });
  try {
    const callback = findHandler(await loadScript({ file, esm }), entryPoint);
    // A map, not an object of the definition's: the library writes converters into it.
    const bindings = Object.fromEntries(definition.bindings.map((binding) => [binding.name, { ...binding }]));
    core.functions.set(name, {
      callback,
      metadata: {
        name,
        functionId: name,
        directory,
        scriptFile: file,
        bindings,
        ...(entryPoint === undefined ? {} : { entryPoint }),
      },
    });
    return undefined;
  } catch (error) {
    return { functionName: name, file, message: `The function "${name}" could not be loaded: ${loadErrorText(error)}` };
  }
}
