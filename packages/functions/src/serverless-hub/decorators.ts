import type { HubFilter } from "./filter.ts";
import type { SignalRInvocationContext } from "./invocation-context.ts";
import { decorate, type MethodOptions } from "./method-options.ts";
import type { ParameterSchema } from "./parameters.ts";
import type { HubClass } from "./serverless-hub.ts";

// Standard ECMAScript decorators, for compilers that translate them. Each says what a static member of the hub says without one.

type Method = (...args: never[]) => unknown;

/** The name of the setting that holds the connection string; as `static connectionSetting`. */
export function signalRConnection(setting: string): (hub: HubClass, context: ClassDecoratorContext) => void {
  return (hub) => define(hub, "connectionSetting", setting);
}

/** Filters of a class or of a method, the first one first; as `static filters`, or `filters` in `static methods`. */
export function filter(
  ...filters: readonly HubFilter[]
): (target: HubClass | Method, context: ClassDecoratorContext | ClassMethodDecoratorContext) => void {
  return (target) => {
    if ("connectionSetting" in target) define(target, "filters", [...filters, ...target.filters]);
    else decorate(target, (options) => ({ ...options, filters: [...filters, ...(options.filters ?? [])] }));
  };
}

/** Schemas of the arguments after the context, compared with the method's types by the compiler; as `parameters` in `static methods`. */
export function parameters<const T extends readonly unknown[]>(
  ...schemas: { readonly [K in keyof T]: ParameterSchema<T[K]> }
): (method: (context: SignalRInvocationContext, ...args: [...T]) => unknown, context: ClassMethodDecoratorContext) => void {
  return (method) => decorate(method, (options) => ({ ...options, parameters: schemas as MethodOptions["parameters"] }));
}

/** Clients cannot call the method; as `false` in `static methods`. */
export function hidden(method: Method, _: ClassMethodDecoratorContext): void {
  decorate(method, () => false);
}

function define(hub: HubClass, name: "connectionSetting" | "filters", value: unknown): void {
  Object.defineProperty(hub, name, { value, enumerable: true, configurable: true, writable: true });
}
