import type { TypedData } from "../../contracts/typed-data.ts";

/**
 * The types of `@azure/functions-core`, the module that every version of `@azure/functions` talks to and that is never installed: the host
 * provides it (reference functions-host §1.4).
 */
export type CoreLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type CoreLogCategory = "user" | "system" | "customMetric";

export type FunctionCallback = (...args: unknown[]) => unknown;

export interface CoreMetadata {
  name: string;
  functionId?: string;
  directory?: string;
  scriptFile?: string;
  entryPoint?: string;
  bindings: Record<string, Record<string, unknown>>;
  retryOptions?: Record<string, unknown>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(capabilities: Record<string, string>): Record<string, string> | Promise<Record<string, string>>;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<CoreResponse>;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: CoreRequest;
  readonly metadata: CoreMetadata;
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: CoreLogLevel, category: CoreLogCategory, message: string): void;
}

export interface CoreRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: Readonly<Record<string, unknown>>;
  readonly retryContext: unknown;
}

export interface CoreResponse {
  readonly outputData?: readonly { readonly name: string; readonly data?: TypedData | null }[] | null;
  readonly returnValue?: TypedData | null;
}
