import type { HubCallerContext } from "./caller-context.ts";

/** What a method expects of one argument: any schema that follows Standard Schema 1, such as those of zod, valibot and arktype. */
export interface ParameterSchema<T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<T> | Promise<Checked<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type Checked<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** What applies to one method of a hub; all of it optional. */
export interface MethodOptions {
  /** The name that clients call, when it is not the method's own. */
  readonly name?: string;
  /** Whether this caller may call the method. */
  readonly authorize?: (context: HubCallerContext) => boolean | Promise<boolean>;
  /** Schemas of the arguments, those of upload streams left out: what a client sends is checked before the method sees it. */
  readonly parameters?: readonly ParameterSchema[];
  /** How many arguments at the end may be left out. Arguments with a default value may always be. */
  readonly optional?: number;
  /** Positions of the parameters that are upload streams. Absent: streams follow the other arguments. */
  readonly streams?: readonly number[];
  /** True: the method streams, and calls that expect a single result are refused without running it. Known by itself of generators. */
  readonly streaming?: boolean;
}
