import { basename, dirname } from "node:path";
import type { Registration } from "../messages.ts";
import { CoreSystemError } from "./core-errors.ts";
import type { CoreLogCategory, CoreLogLevel, CoreMetadata, FunctionCallback, ProgrammingModel } from "./core-types.ts";
import { Disposable } from "./disposable.ts";
import { type HookCallback, Hooks } from "./hooks.ts";

/** The version the module reports: the newest surface that `@azure/functions` 4 asks for (log hooks came with 3.10). */
const coreVersion = "3.10.1";

export interface RegisteredFunction {
  readonly metadata: CoreMetadata;
  readonly callback: FunctionCallback;
}

/** What the app's code told `@azure/functions-core`: functions, hooks, programming model. One per process. */
export class CoreModule {
  readonly hooks = new Hooks();
  readonly functions = new Map<string, RegisteredFunction>();
  readonly registrations: Registration[] = [];
  /** The entry point that is being loaded. */
  entryPoint: string | undefined;
  #model: ProgrammingModel | undefined;
  #locked = false;
  readonly #log: (level: CoreLogLevel, category: CoreLogCategory, message: string) => void;

  constructor(hostVersion: string, log: (level: CoreLogLevel, category: CoreLogCategory, message: string) => void) {
    this.#log = log;
    this.api.hostVersion = hostVersion;
  }

  get model(): ProgrammingModel {
    if (this.#model === undefined) throw new CoreSystemError("No programming model has been set.");
    return this.#model;
  }

  /** Functions can be neither registered nor disposed of afterwards. */
  lock(): void {
    this.#locked = true;
  }

  /** What `require("@azure/functions-core")` answers. */
  readonly api = {
    version: coreVersion,
    hostVersion: "",
    registerFunction: (metadata: CoreMetadata, callback: FunctionCallback) => this.#register(metadata, callback),
    registerHook: (name: string, callback: HookCallback) => this.hooks.register(name, callback),
    setProgrammingModel: (model: ProgrammingModel) => {
      if (this.#model !== undefined) {
        this.#log("debug", "system", `Setting Node.js programming model to "${model.name}" version "${model.version}"`);
      }
      this.#model = model;
    },
    getProgrammingModel: () => this.#model,
    log: (level: CoreLogLevel, category: CoreLogCategory, message: string) => this.#log(level, category, message),
    Disposable,
  };

  #register(metadata: CoreMetadata, callback: FunctionCallback): Disposable {
    if (this.#locked) throw new CoreSystemError("A function can only be registered during app startup.");
    const { name } = metadata;
    if (this.functions.has(name)) throw new CoreSystemError(`A function with id "${name}" has already been registered.`);
    const file = this.entryPoint ?? "";
    this.functions.set(name, {
      callback,
      metadata: { functionId: name, ...metadata, scriptFile: basename(file), directory: dirname(file) },
    });
    const registration: Registration = {
      name,
      // What the host is told must be data; an app may have put anything there.
      bindings: JSON.parse(JSON.stringify(metadata.bindings)),
      scriptFile: file,
      ...(metadata.retryOptions === undefined ? {} : { retryOptions: metadata.retryOptions }),
    };
    this.registrations.push(registration);
    return new Disposable(() => {
      if (this.#locked) throw new CoreSystemError("A function can only be disposed during app startup.");
      this.functions.delete(name);
      this.registrations.splice(this.registrations.indexOf(registration), 1);
    });
  }
}
