import type { ConnectionClaim, HubContext, RefreshedAccess } from "@signalbox/management";
import type { BindingContext } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { negotiateOptions, resolved } from "./negotiate-options.ts";

const nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const defaultLifetime = 60 * 60_000;

/**
 * A new token for the client that is connected under `connectionToken`, whose connection stays. With claims of an `idToken` it has these
 * from now on; one that is to be closed when its authentication expires gets as long again.
 *
 * The extension's first version asks nobody who may do this (Azure/azure-sdk-for-net, `SignalRRefreshInputBinding.cs` at 1a7d340); its
 * next one wants the request's token verified, which only .NET apps can arrange, and gives all others null. Here the connection must be
 * the one of `userId`, which names who asks.
 * @returns null for a client that gives no token or is another user's
 */
export async function refresh(
  hub: HubContext,
  definition: BindingDefinition,
  context: BindingContext,
): Promise<RefreshedAccess | null> {
  const connectionToken = resolved(definition, context, "connectionToken");
  if (connectionToken === undefined) return null;
  const { userId, claims = {}, lifetimeMs = defaultLifetime } = negotiateOptions(definition, context);
  const known = await hub.connectionClaims(connectionToken);
  if (userOf(known) !== userId) {
    context.log(
      "warning",
      `The connection that "${definition.name}" was to refresh is not the one of its userId: nothing was refreshed.`,
    );
    return null;
  }
  return hub.refreshAuthentication(connectionToken, {
    lifetimeMs,
    ...(known.some(({ type }) => type === "asrs.s.aeo") ? { expiresAt: Date.now() + lifetimeMs } : {}),
    ...(Object.keys(claims).length > 0
      ? { claims: { ...(userId === undefined ? {} : { [nameIdentifier]: userId }), ...claims } }
      : {}),
  });
}

/** Whom the service takes the client for. */
function userOf(claims: readonly ConnectionClaim[]): string | undefined {
  const id = claims.find(({ type }) => type === "asrs.s.uid") ?? claims.find(({ type }) => type === nameIdentifier);
  return id?.value || undefined;
}
