import { noExpiry, tokenClaims } from "@signalbox/protocol";
import { inboundClaimTypes, nameIdentifier } from "../auth/claim-types.ts";
import type { Claim } from "../auth/claims.ts";
import type { RenewCommand } from "./command.ts";
import type { Client } from "./hub-connection.ts";

const expiry = new Set(["asrs.s.coae", "asrs.s.aeo"]);

/**
 * What a client's claims are after a renewal (see `RenewCommand`): an SDK makes the client's next token of them, so what spoke to the
 * service must be among them, and who the client is.
 * @returns undefined when the new claims name another user
 */
export function renewedClaims(
  { userId, claims }: Client,
  renewal: Pick<RenewCommand, "expiresAt" | "claims">,
): readonly Claim[] | undefined {
  const given = renewal.claims?.map(({ type, value }) => ({ type: inboundClaimTypes.get(type) ?? type, value }));
  const user = given?.find(isUser)?.value;
  // An app may name users otherwise (`asrs.s.uid`) than this claim does.
  if (user !== undefined && user !== (userId ?? "") && !claims.some((claim) => isUser(claim) && claim.value === user)) {
    return undefined;
  }
  const own =
    given === undefined ? claims : claims.filter((claim) => isReserved(claim) || (user === undefined && isUser(claim)));
  const all = [...own, ...(given ?? []).filter((claim) => !isReserved(claim))];
  if (renewal.expiresAt === undefined) return all;
  const others = all.filter(({ type }) => !expiry.has(type));
  if (renewal.expiresAt >= noExpiry) return others;
  const seconds = String(Math.floor(renewal.expiresAt / 1000));
  return [...others, { type: "asrs.s.coae", value: "true" }, { type: "asrs.s.aeo", value: seconds }];
}

const isUser = ({ type }: Claim) => type === nameIdentifier;
const isReserved = ({ type }: Claim) => type.startsWith("asrs.s.") || tokenClaims.has(type);
