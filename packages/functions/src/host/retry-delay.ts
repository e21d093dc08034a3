import type { RetryPolicy } from "../contracts/function-definition.ts";

const defaultMinimum = 1_000;
const defaultMaximum = 30_000;

/**
 * The pause before a retry, in milliseconds: always the same, or twice as long each time between the policy's limits.
 * @param retry 1 for the first
 */
export function retryDelay(policy: RetryPolicy, retry: number): number {
  if (policy.strategy === "fixedDelay") return policy.delayInterval ?? 0;
  const minimum = policy.minimumInterval ?? defaultMinimum;
  return Math.min(minimum * 2 ** Math.min(retry - 1, 30), policy.maximumInterval ?? defaultMaximum);
}
