import { type ClaimEntry, tokenClaims } from "@signalbox/protocol";
import { defaultUserId, type HubUser } from "../hub/caller-context.ts";

/*
 * Claims in tokens of clients (reference hub-and-service-protocol §4.3). Those of users get a prefix, so that no service mistakes them for its
 * own or the token's, nor gives them .NET's long names: the hub reads what `authenticate` said.
 */

const servicePrefix = "asrs.s.";
const userPrefix = "asrs.u.";

export function userClaims(user: HubUser | undefined, userId: string | undefined): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  if (userId !== undefined) claims[`${servicePrefix}uid`] = userId;
  for (const [name, value] of Object.entries(user?.claims ?? {})) claims[userPrefix + name] = value;
  if (user?.expiresAt !== undefined) {
    claims[`${servicePrefix}coae`] = "true";
    // Whole seconds; rounded down, a client would come back again and again until the time has really come.
    claims[`${servicePrefix}aeo`] = String(Math.ceil(user.expiresAt.getTime() / 1_000));
  }
  return claims;
}

/** As service messages carry claims: a claim with several values is several. */
export function claimEntries(claims: Readonly<Record<string, unknown>>): readonly ClaimEntry[] {
  return Object.entries(claims).flatMap(([type, values]) => [values].flat().map((value) => ({ type, value: String(value) })));
}

/** Who the service says a client is; undefined for nobody. */
export function userOf(entries: readonly ClaimEntry[]): HubUser | undefined {
  const claims = new Map<string, string | string[]>();
  let id: string | undefined;
  for (const { type, value } of entries) {
    if (type === `${servicePrefix}uid`) id = value;
    if (type.startsWith(servicePrefix) || tokenClaims.has(type)) continue;
    const name = type.startsWith(userPrefix) ? type.slice(userPrefix.length) : type;
    const known = claims.get(name);
    claims.set(name, known === undefined ? value : [known, value].flat());
  }
  if (id === undefined && claims.size === 0) return undefined;
  const user = { claims: Object.fromEntries(claims) };
  return { ...user, ...optionalId(id ?? defaultUserId(user)) };
}

function optionalId(id: string | undefined): { readonly id?: string } {
  return id === undefined ? {} : { id };
}
