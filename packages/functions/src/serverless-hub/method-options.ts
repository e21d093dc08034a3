import type { HubFilter } from "./filter.ts";
import type { SignalRInvocationContext } from "./invocation-context.ts";
import type { ParameterSchema } from "./parameters.ts";
import type { ServerlessHub } from "./serverless-hub.ts";

export interface MethodOptions<TArguments extends readonly unknown[] = readonly unknown[]> {
  /** Run after those of the class, in order. */
  readonly filters?: readonly HubFilter[];
  /** One for each argument after the context; more arguments are refused. */
  readonly parameters?: { readonly [K in keyof TArguments]: ParameterSchema<TArguments[K]> };
}

/** Names of a hub's own public methods. */
type OwnMethod<THub> = {
  [K in Exclude<keyof THub, keyof ServerlessHub>]: THub[K] extends (...args: never[]) => unknown ? K : never;
}[Exclude<keyof THub, keyof ServerlessHub>];

type ArgumentsOf<TMethod> = TMethod extends (context: SignalRInvocationContext, ...args: infer TArguments) => unknown
  ? TArguments
  : never;

/** What `static methods` of a hub says of its methods; false: clients cannot call it. */
export type HubMethods<THub> = { readonly [K in OwnMethod<THub>]?: false | MethodOptions<ArgumentsOf<THub[K]>> };

/** Names of methods that clients could call although they do not take the context first. */
type Misfit<THub, TClass> = {
  [K in OwnMethod<THub>]: THub[K] extends (context: SignalRInvocationContext, ...args: never[]) => unknown
    ? never
    : TClass extends { readonly methods: { readonly [P in K]: false } }
      ? never
      : K;
}[OwnMethod<THub>];

/** Nothing for a hub whose methods take the context first; else what a compiler's message shows. */
export type FittingHub<TClass extends abstract new (...args: never) => unknown> = [
  Misfit<InstanceType<TClass>, TClass>,
] extends [never]
  ? unknown
  : { readonly "methods that do not take a SignalRInvocationContext first": Misfit<InstanceType<TClass>, TClass> };

/** What decorators said of methods. */
const decorated = new WeakMap<object, MethodOptions | false>();

export function decorate(method: object, change: (before: MethodOptions) => MethodOptions | false): void {
  const before = decorated.get(method);
  if (before !== false) decorated.set(method, change(before ?? {}));
}

export function decorationOf(method: object): MethodOptions | false | undefined {
  return decorated.get(method);
}
