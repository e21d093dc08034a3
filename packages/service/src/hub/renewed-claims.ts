import { inboundClaimTypes, nameIdentifier } from "../auth/claim-types.ts";
import type { Claim } from "../auth/claims.ts";
import type { Client } from "./hub-connection.ts";

/** Of the token itself, not of whom it speaks of. */
const ofToken = new Set(["aud", "exp", "iat", "nbf", "iss"]);
const expiry = new Set(["asrs.s.coae", "asrs.s.aeo"]);

export interface Renewal {
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly claims?: readonly Claim[];
}

/**
 * What a client's claims are after a renewal (see `RenewCommand`): an SDK makes the client's next token of them, so what spoke to the
 * service must be among them, and who the client is.
 * @returns undefined when the new claims name another user
 */
export function renewedClaims({ userId, claims }: Client, renewal: Renewal): readonly Claim[] | undefined {
  const given = renewal.claims?.map(({ type, value }) => ({ type: inboundClaimTypes.get(type) ?? type, value }));
  const user = given?.find(isUser)?.value;
  if (user !== undefined && user !== (userId ?? "")) return undefined;
  const own =
    given === undefined ? claims : claims.filter((claim) => isReserved(claim) || (user === undefined && isUser(claim)));
  const all = [...own, ...(given ?? []).filter((claim) => !isReserved(claim))];
  if (renewal.expiresAt === undefined) return all;
  const seconds = String(Math.floor(renewal.expiresAt / 1000));
  return [
    ...all.filter(({ type }) => !expiry.has(type)),
    { type: "asrs.s.coae", value: "true" },
    { type: "asrs.s.aeo", value: seconds },
  ];
}

const isUser = ({ type }: Claim) => type === nameIdentifier;
const isReserved = ({ type }: Claim) => type.startsWith("asrs.s.") || ofToken.has(type);
