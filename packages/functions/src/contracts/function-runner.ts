import type { BindingData } from "./binding.ts";
import type { InvocationResponse, TraceContext } from "./invocation.ts";
import type { TypedData } from "./typed-data.ts";

/**
 * One function call from trigger to outputs, used by the HTTP front and by every other trigger:
 *
 *   trigger ──▶ read inputs ──▶ AppHost.invoke ──▶ write outputs ──▶ response
 *                 ▲                                     │ fails
 *                 └───────── retry policy ◀─────────────┘
 *
 * Outputs of type `http` are not written but left in the response, in `outputs` or (`$return`) in `returnValue`.
 */
export interface FunctionRunner {
  /** Never rejects; every way to fail is `error` of the response. */
  run(functionName: string, call: FunctionCall): Promise<InvocationResponse>;
}

export interface FunctionCall {
  /** A UUID. Absent: the runner makes one. */
  readonly invocationId?: string;
  /** Value of the trigger binding. */
  readonly data: TypedData;
  /**
   * What the trigger tells besides its value: read by expressions of the other bindings, and given to the function as trigger metadata
   * (each member through `toTypedData`).
   */
  readonly bindingData: BindingData;
  /** Other binding data that expressions read and the function does not get. */
  readonly hiddenBindingData?: BindingData;
  readonly traceContext?: TraceContext;
  readonly signal?: AbortSignal;
  /** Why the function runs, as the log tells it. Default: called by the host's own doors. */
  readonly reason?: string;
  /** False: the retry policy is not applied. Default true. */
  readonly retry?: boolean;
}
