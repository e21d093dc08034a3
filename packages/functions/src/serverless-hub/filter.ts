import { claimValue } from "./claim-type.ts";
import type { SignalRInvocationContext } from "./invocation-context.ts";

/**
 * Runs before a method of a hub; what it throws is the method's failure: the client is refused (`onConnected`), or its invocation fails with
 * that message.
 */
export type HubFilter = (context: SignalRInvocationContext) => void | Promise<void>;

/** The client may not do that. */
export class ForbiddenError extends Error {
  override readonly name = "ForbiddenError";
}

/**
 * A filter that passes clients whose token has the claim, named as in the token (`role`) or as the service names it (the long URI).
 * @param allowed values it may have; none: any. They are compared to the letter, true and false in any letter case, as tokens come from
 * makers that write `true` and from those that write `True`.
 */
export function requireClaim(type: string, ...allowed: readonly (string | number | boolean)[]): HubFilter {
  return ({ claims }) => {
    const value = claimValue(claims, type);
    if (value === undefined) throw new ForbiddenError(`The claim "${type}" is required.`);
    if (allowed.length > 0 && !allowed.some((candidate) => isEqual(candidate, value))) {
      throw new ForbiddenError(`The claim "${type}" does not allow this.`);
    }
  };
}

function isEqual(allowed: string | number | boolean, value: string): boolean {
  return typeof allowed === "boolean" ? value.toLowerCase() === String(allowed) : value === String(allowed);
}
