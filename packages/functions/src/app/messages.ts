import type { FunctionDefinition, LoadProblem, ProgrammingModelName } from "../contracts/function-definition.ts";
import type { InvocationRequest, InvocationResponse, LogEvent } from "../contracts/invocation.ts";

/**
 * What the host and the app's process tell each other.
 *
 *   host                      process
 *     │ load ────────────────▶ │  loading (before each file), log …
 *     │ ◀───────────────── loaded
 *     │ invoke ──────────────▶ │  log …
 *     │ ◀─────────────── response
 *     │ terminate ───────────▶ │  appTerminate hooks, then the process ends
 */
export type HostMessage =
  | LoadMessage
  | { readonly type: "invoke"; readonly request: InvocationRequest }
  | { readonly type: "terminate" };

export interface LoadMessage {
  readonly type: "load";
  /** Absolute; also the process's working directory. */
  readonly root: string;
  readonly hostVersion: string;
  /** False: its `.js` files are CommonJS, whatever a package.json of a folder above says. */
  readonly hasPackageFile: boolean;
  readonly entryPoints: readonly ScriptFile[];
  /** v3 functions, used when no entry point registers one by code. */
  readonly functions: readonly ScriptFunction[];
}

/** A module to load. */
export interface ScriptFile {
  /** Absolute. */
  readonly file: string;
  /** It is an ES module by its extension or by the `type` of the app's package.json. */
  readonly esm: boolean;
}

/** A function whose handler is an export of a module. */
export interface ScriptFunction {
  readonly definition: FunctionDefinition;
  readonly esm: boolean;
}

export type ProcessMessage =
  | { readonly type: "loading"; readonly file: string; readonly functionName?: string }
  | LoadedMessage
  | { readonly type: "log"; readonly event: LogEvent }
  | { readonly type: "response"; readonly response: InvocationResponse }
  /** An error that nobody caught; the process is about to end. */
  | { readonly type: "fatal"; readonly message: string; readonly functionName?: string }
  /** The app called `process.exit`, or has nothing left to do. */
  | { readonly type: "exit"; readonly code: number; readonly functionName?: string };

export interface LoadedMessage {
  readonly type: "loaded";
  readonly model: ProgrammingModelName;
  /** Names of the v3 functions whose handler was found. */
  readonly handlers: readonly string[];
  /** v4 functions, in the order of registration. */
  readonly registrations: readonly Registration[];
  readonly problems: readonly LoadProblem[];
  readonly httpUri?: string;
  readonly libraryVersion?: string;
}

/** A v4 function as the library registered it. */
export interface Registration {
  readonly name: string;
  /** By binding name. */
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly retryOptions?: Readonly<Record<string, unknown>>;
  /** Absolute path of the entry point that was loading. */
  readonly scriptFile: string;
}
