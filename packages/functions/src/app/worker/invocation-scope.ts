import { AsyncLocalStorage } from "node:async_hooks";

/** The invocation whose code is running. */
export interface InvocationScope {
  readonly invocationId: string;
  readonly functionName: string;
}

export const invocationScope = new AsyncLocalStorage<InvocationScope>();
