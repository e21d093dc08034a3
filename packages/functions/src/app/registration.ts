import { ConfigError } from "../config/config-error.ts";
import type { BindingDefinition, FunctionDefinition, RetryPolicy } from "../contracts/function-definition.ts";
import { checkDefinition } from "./function-rules.ts";
import type { Registration } from "./messages.ts";

/**
 * The definition of a function that code registered.
 *
 * @param root absolute path of the app
 * @throws {ConfigError} when it cannot run
 */
export function toDefinition({ name, bindings, retryOptions, scriptFile }: Registration, root: string): FunctionDefinition {
  const definition: FunctionDefinition = {
    name,
    model: "v4",
    bindings: Object.entries(bindings).map(([bindingName, members]) => toBinding(bindingName, members)),
    directory: root,
    scriptFile,
    ...(retryOptions === undefined ? {} : { retry: toRetryPolicy(retryOptions) }),
  };
  checkDefinition(definition);
  return definition;
}

function toBinding(name: string, members: Readonly<Record<string, unknown>>): BindingDefinition {
  const { type, direction } = members;
  if (typeof type !== "string" || type === "") throw new ConfigError([`The binding "${name}" has no type.`]);
  return { ...members, name, type, direction: direction === "out" || direction === "inout" ? direction : "in" };
}

function toRetryPolicy(options: Readonly<Record<string, unknown>>): RetryPolicy {
  const { retryStrategy, maxRetryCount } = options;
  if (retryStrategy !== "fixedDelay" && retryStrategy !== "exponentialBackoff") {
    throw new ConfigError([`The retry strategy must be "fixedDelay" or "exponentialBackoff", not "${retryStrategy}".`]);
  }
  if (typeof maxRetryCount !== "number" || !Number.isInteger(maxRetryCount) || maxRetryCount < -1) {
    throw new ConfigError([`The retry option maxRetryCount must be a whole number of at least -1, not "${maxRetryCount}".`]);
  }
  return {
    strategy: retryStrategy,
    maxRetryCount,
    ...interval(options, "delayInterval"),
    ...interval(options, "minimumInterval"),
    ...interval(options, "maximumInterval"),
  };
}

/** The library states an interval as `{seconds}`. */
function interval<Name extends string>(options: Readonly<Record<string, unknown>>, name: Name): { [key in Name]?: number } {
  const seconds = (options[name] as { readonly seconds?: number } | null | undefined)?.seconds;
  return (typeof seconds === "number" ? { [name]: seconds * 1000 } : {}) as { [key in Name]?: number };
}
