/** One binding as function.json or `app.*` states it. Text is not resolved yet (`%X%`, `{x}`). */
export interface BindingDefinition {
  readonly name: string;
  /** As written; compare without case. */
  readonly type: string;
  readonly direction: "in" | "out" | "inout";
  /** Everything else the app stated, under its own name. */
  readonly [property: string]: unknown;
}

/** When a failed invocation is tried again (function.json `retry`, v4 `retry`). */
export interface RetryPolicy {
  readonly strategy: "fixedDelay" | "exponentialBackoff";
  /** -1: without end. */
  readonly maxRetryCount: number;
  /** Milliseconds; with `fixedDelay`. */
  readonly delayInterval?: number;
  /** Milliseconds; with `exponentialBackoff`. */
  readonly minimumInterval?: number;
  /** Milliseconds; with `exponentialBackoff`. */
  readonly maximumInterval?: number;
}

/** "v3": function.json files; "v4": registered by code. One app has one model (reference functions-host §1.1). */
export type ProgrammingModelName = "v3" | "v4";

export interface FunctionDefinition {
  /** Unique in its app without case. */
  readonly name: string;
  readonly model: ProgrammingModelName;
  /** In the app's order. Exactly one is a trigger. */
  readonly bindings: readonly BindingDefinition[];
  /** Absolute: the function's folder (v3) or the app's root (v4). */
  readonly directory: string;
  /** Absolute: the module with the handler (v3) or the entry point that registered it (v4). */
  readonly scriptFile: string;
  /** The export that handles; undefined when it is chosen by rule, and in v4. */
  readonly entryPoint?: string;
  /** As written: true, or the name of a setting that is read as boolean. */
  readonly disabled?: boolean | string;
  readonly retry?: RetryPolicy;
}

/** Why a file or a function of the app cannot run. The other functions go on. */
export interface LoadProblem {
  /** Absent: it concerns the app as a whole. */
  readonly functionName?: string;
  /** Absolute path of the file at fault. */
  readonly file?: string;
  /** A sentence for the developer; for code that threw, with its stack. */
  readonly message: string;
}

/** The binding that starts the function: the one whose type ends with "Trigger". */
export function triggerOf(definition: FunctionDefinition): BindingDefinition {
  const trigger = definition.bindings.find(isTrigger);
  if (trigger === undefined) throw new Error(`The function "${definition.name}" has no trigger.`);
  return trigger;
}

export function isTrigger(binding: BindingDefinition): boolean {
  return binding.direction !== "out" && /trigger$/i.test(binding.type);
}
