import type { HubCallerContext } from "./caller-context.ts";

/** One call of a hub method on its way through the filters. */
export interface HubInvocation {
  readonly context: HubCallerContext;
  /** The instance that the method will be called on. */
  readonly hub: object;
  readonly methodName: string;
  readonly arguments: readonly unknown[];
  /** Of the message, not of HTTP: where clients put their trace context. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Wraps calls of hub methods and the two ends of a connection. The first of a list is the outermost; those of the server stand before
 * those of the hub (reference hub-and-service-protocol §3.2). Filters may change arguments, results and errors, or not call `next`.
 */
export interface HubFilter {
  /** @param next calls the method, with other arguments when given */
  invokeMethod?(invocation: HubInvocation, next: (args?: readonly unknown[]) => Promise<unknown>): unknown;
  onConnected?(context: HubCallerContext, next: () => Promise<void>): void | Promise<void>;
  onDisconnected?(context: HubCallerContext, error: Error | undefined, next: () => Promise<void>): void | Promise<void>;
}

/** The innermost call with all filters around it; the call itself when there are none. */
export function withFilters<T>(
  filters: readonly HubFilter[],
  apply: (filter: HubFilter, next: () => Promise<T>) => T | Promise<T>,
  innermost: () => T | Promise<T>,
): T | Promise<T> {
  let next = innermost;
  for (const filter of filters.toReversed()) {
    const inner = next;
    next = () => apply(filter, async () => inner());
  }
  return next();
}
