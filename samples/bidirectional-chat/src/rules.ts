import { ForbiddenError, type HubFilter, type SignalRInvocationContext } from "@signalbox/functions/serverless-hub";

export function isAdmin({ claims }: SignalRInvocationContext): boolean {
  return claims.admin?.toLowerCase() === "true";
}

/** People move themselves, admins anybody. The method's first argument is who is moved: a connection or a user. */
export const ownOrAdmin: HubFilter = (context) => {
  const [moved] = context.arguments;
  if (moved === context.connectionId || moved === context.userId || isAdmin(context)) return;
  throw new ForbiddenError("Only admins may move others.");
};
