import type { TypedData } from "./typed-data.ts";

/** One call of a function, ready for the app: everything is resolved, no binding is read later. */
export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionName: string;
  /** By binding name: the trigger's value and every input (`{}` for null). The app receives them in the definition's order. */
  readonly inputs: Readonly<Record<string, TypedData>>;
  /** What v3 reads as `context.bindingData`, v4 as `context.triggerMetadata`. Names as the binding gave them; the libraries change case. */
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext?: TraceContext;
  /** Present from the first retry on. */
  readonly retryContext?: RetryContext;
}

/** W3C trace context. */
export interface TraceContext {
  readonly traceParent?: string;
  readonly traceState?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface RetryContext {
  /** 1 for the first retry. */
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception?: { readonly message: string; readonly stackTrace?: string };
}

export interface InvocationResponse {
  readonly invocationId: string;
  /** By binding name, without `$return`; what the function left undefined is absent. An HTTP output holds `http`. */
  readonly outputs: Readonly<Record<string, TypedData>>;
  /** Value for the binding `$return`, or of a function without such a binding its plain result. */
  readonly returnValue?: TypedData;
  /** Present: the invocation failed, and outputs mean nothing. */
  readonly error?: InvocationError;
}

/**
 * - `function`: it threw, rejected, or returned what cannot be passed on
 * - `binding`: an input could not be read or an output not be written
 * - `timeout`: it took longer than allowed; the app's process was ended
 * - `crashed`: the app's process ended while it ran (also `process.exit`, or another function's time-out)
 * - `unavailable`: there is no such function, or the app is not running (stopped, failed to load, being restarted for too long)
 * - `cancelled`: the caller gave up by its signal; the function may still run to its end
 */
export type InvocationFailure = "function" | "binding" | "timeout" | "crashed" | "unavailable" | "cancelled";

export interface InvocationError {
  readonly failure: InvocationFailure;
  /** The thrown error's own name, for example "TypeError". */
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";

/** One line of log. */
export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /**
   * - `user`: `context.log`
   * - `console`: `console.*`, or bytes the app's process wrote to its standard output and error
   * - `system`: the libraries and the host
   * - `customMetric`: as the library logs them
   */
  readonly category: "user" | "console" | "system" | "customMetric";
  readonly message: string;
  /** Present inside an invocation. */
  readonly functionName?: string;
  readonly invocationId?: string;
}

export type Log = (event: LogEvent) => void;
