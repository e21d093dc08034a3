import type { LifetimeContext } from "../clients/proxies.ts";
import type { HubLifetime } from "../hosting/lifetime.ts";
import type { Observation } from "../hosting/observation.ts";
import type { HubCallerContext } from "../hub/caller-context.ts";
import type { HubFilter } from "../hub/filter.ts";
import type { HubInstance } from "../hub/hub.ts";
import type { HubType } from "../hub/hub-type.ts";

/** Everything about one mapped hub that its dispatcher needs. */
export interface HubRuntime {
  readonly type: HubType;
  readonly filters: readonly HubFilter[];
  readonly lifetime: HubLifetime;
  readonly context: LifetimeContext;
  readonly observation: Observation | undefined;
  readonly detailedErrors: boolean;
  /** How many non-streaming calls of one client run at once. */
  readonly maximumParallelInvocations: number;
  /** Items of an upload that may wait. */
  readonly streamBufferCapacity: number;
  create(): HubInstance;
  /** What methods threw, and our own defects. @param doing a few words on what failed */
  onError(error: unknown, doing: string, context?: HubCallerContext): void;
}
