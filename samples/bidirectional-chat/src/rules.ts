import type { HttpRequestUser } from "@azure/functions";
import { ForbiddenError, type HubFilter, type SignalRInvocationContext } from "@signalbox/functions/serverless-hub";

const roleTypes = ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];

/** Whether App Service authentication says that somebody has the role `admin`. */
export function hasAdminRole({ claimsPrincipalData: { claims } }: HttpRequestUser): boolean {
  return Array.isArray(claims) && claims.some(({ typ, val }) => roleTypes.includes(typ) && val === "admin");
}

export function isAdmin({ claims }: SignalRInvocationContext): boolean {
  return claims.admin?.toLowerCase() === "true";
}

/** People move themselves, admins anybody. The method's first argument is who is moved: a connection or a user. */
export const ownOrAdmin: HubFilter = (context) => {
  const [moved] = context.arguments;
  if (moved === context.connectionId || moved === context.userId || isAdmin(context)) return;
  throw new ForbiddenError("Only admins may move others.");
};
