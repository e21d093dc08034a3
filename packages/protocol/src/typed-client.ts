/** A client of which nothing is known: any target, any arguments. */
export type AnyClient = { readonly [target: string]: (...args: unknown[]) => unknown };

type AnyMethod = (...args: never[]) => unknown;

/** Names of the methods that a client of this type has. */
export type TargetOf<TClient extends object> = Extract<
  { [K in keyof TClient]: TClient[K] extends AnyMethod ? K : never }[keyof TClient],
  string
>;

export type ArgumentsOf<TClient extends object, K extends TargetOf<TClient>> = TClient[K] extends (
  ...args: infer TArguments extends readonly unknown[]
) => unknown
  ? TArguments
  : never;

/** What the client's method answers, without its promise. */
export type ResultOf<TClient extends object, K extends TargetOf<TClient>> = TClient[K] extends (
  ...args: never[]
) => infer TResult
  ? Awaited<TResult>
  : never;

/** True for a client whose methods are not known by name. */
export type IsUntyped<TClient extends object> = string extends keyof TClient ? true : false;
