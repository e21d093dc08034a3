import type { BindingDefinition, FunctionDefinition } from "./function-definition.ts";
import type { FunctionRunner } from "./function-runner.ts";
import type { LogLevel } from "./invocation.ts";
import type { TypedData } from "./typed-data.ts";

/** Values that expressions like `{headers.x-ms-client-principal-id}` and `{id}` read (reference functions-host §2.1). */
export type BindingData = Readonly<Record<string, unknown>>;

/** The app's settings: environment over local.settings.json. */
export interface AppSettings {
  get(name: string): string | undefined;
  /** Everything, as the app's process receives it in its environment. */
  entries(): Readonly<Record<string, string>>;
}

/** Something a binding needs is missing or wrong. The message is for the developer and names the setting or property. */
export class BindingError extends Error {
  override readonly name = "BindingError";
}

/** What a binding knows at start-up. */
export interface IndexingContext {
  readonly functionName: string;
  readonly settings: AppSettings;
  /**
   * Replaces `%X%`; leaves `{x}`.
   * @throws {BindingError} for a setting that is not there
   */
  resolveSettings(text: string): string;
}

/** What a binding knows of one invocation. */
export interface BindingContext extends IndexingContext {
  readonly invocationId: string;
  readonly bindingData: BindingData;
  /** Aborted when the invocation's caller has gone or its time is over. */
  readonly signal: AbortSignal;
  log(level: LogLevel, message: string): void;
  /**
   * Replaces `%X%` and `{x}`.
   * @throws {BindingError} for a name that is not there
   */
  resolve(text: string): string;
}

interface BindingKind {
  /** As in function.json; compared without case. */
  readonly type: string;
  /**
   * Called once for each binding of this type at start-up.
   * @throws {BindingError} when the function cannot work; it is then listed with this message, the others go on
   */
  check?(definition: BindingDefinition, context: IndexingContext): void | Promise<void>;
}

export interface InputBinding extends BindingKind {
  /** @throws {BindingError} and whatever the source throws: the invocation fails */
  read(definition: BindingDefinition, context: BindingContext): Promise<TypedData>;
}

export interface OutputBinding extends BindingKind {
  /**
   * Called for outputs that have a value (never for `{}`), after the function succeeded, in the definition's order, each after the other.
   *
   * @throws {BindingError} and whatever the target throws: the invocation fails
   */
  write(definition: BindingDefinition, value: TypedData, context: BindingContext): Promise<void>;
}

export interface Trigger extends BindingKind {
  /** Begins to call `host.runner` whenever the trigger fires. Throws only for what `check` would have thrown. */
  start(definition: FunctionDefinition, host: TriggerHost): Running | Promise<Running>;
}

/** What a trigger gets from the host. */
export interface TriggerHost extends IndexingContext {
  readonly runner: FunctionRunner;
  log(level: LogLevel, message: string): void;
}

export interface Running {
  /** True: it fires when somebody calls in, by a webhook, and not by itself. */
  readonly isCalled?: boolean;
  /** No call starts afterwards; resolves when those under way have ended. */
  stop(): Promise<void>;
}

/**
 * A trigger that is fired over HTTP at `/runtime/webhooks/<extension>`, for example "signalr". The HTTP front checks the key (system key
 * `<extension>_extension` or master) and then asks.
 */
export interface Webhook {
  readonly extension: string;
  handle(request: Request): Promise<Response>;
}
