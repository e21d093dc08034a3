import type { Hub } from "./hub.ts";
import type { MethodOptions, ParameterSchema } from "./method-options.ts";

type AnyMethod = (...args: never[]) => unknown;

/** Names of the methods that clients can call, as far as the compiler can tell: options that hide or rename them it does not see. */
export type MethodName<THub> = {
  [K in Exclude<keyof THub, keyof Hub>]: K extends `_${string}` | symbol | number
    ? never
    : THub[K] extends AnyMethod
      ? K
      : never;
}[Exclude<keyof THub, keyof Hub>] &
  string;

/** The methods of a hub as clients can call them. */
export type HubMethods<THub> = { readonly [K in MethodName<THub>]: THub[K] };

/** The type of a hub's `static methods`: names and schemas are compared with the methods. */
export type HubMethodOptions<THub> = {
  readonly [K in MethodName<THub>]?:
    | false
    | (Omit<MethodOptions, "parameters"> & {
        readonly parameters?: THub[K] extends (...args: infer TArguments) => unknown
          ? Schemas<WithoutStreams<TArguments>>
          : never;
      });
};

type Schemas<T extends readonly unknown[]> = { readonly [K in keyof Required<T>]: ParameterSchema<Required<T>[K]> };

type WithoutStreams<T extends readonly unknown[]> = T extends readonly [infer First, ...infer Rest]
  ? First extends AsyncIterable<unknown>
    ? WithoutStreams<Rest>
    : [First, ...WithoutStreams<Rest>]
  : T;
