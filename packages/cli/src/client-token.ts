import { clientAudience, signToken } from "@signalbox/protocol";
import type { TargetService } from "./target-service.ts";

export interface ClientIdentity {
  readonly user?: string;
  /** Further claims; a name that occurs more than once becomes an array. */
  readonly claims?: readonly (readonly [name: string, value: string])[];
}

/**
 * A token with which a client connects to a hub, as an app's negotiate makes it (reference serverless-upstream §6.2, §6.3).
 * @param lifetime seconds
 */
export function clientToken(
  service: TargetService,
  hub: string,
  { user, claims = [] }: ClientIdentity,
  lifetime: number,
): string {
  const now = Math.floor(Date.now() / 1000);
  const grouped = Map.groupBy(claims, ([name]) => name);
  const own = [...grouped].map(([name, pairs]) => [name, pairs.length === 1 ? pairs[0]![1] : pairs.map(([, value]) => value)]);
  const payload = {
    ...Object.fromEntries(own),
    ...(user === undefined ? {} : { nameid: user }),
    nbf: now,
    exp: now + lifetime,
    aud: clientAudience(service, hub),
  };
  return signToken(payload, { key: service.accessKey });
}
