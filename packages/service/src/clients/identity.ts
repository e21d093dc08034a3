import type { Admission } from "@signalbox/transport";
import { type Claim, claimsOf, userIdOf } from "../auth/claims.ts";
import { serviceClaimsOf } from "../auth/service-claims.ts";
import type { TokenPayload } from "../auth/token-verifier.ts";

/** What a token says about the client that carries it. */
export interface Identity {
  readonly userId: string | undefined;
  readonly claims: readonly Claim[];
  readonly admission: Pick<Admission, "transports" | "limits" | "expiresAt">;
}

/** Negotiate, connect and every poll carry the same token: read once while the verifier remembers it. */
const identities = new WeakMap<TokenPayload, Identity>();

export function identityOf(payload: TokenPayload): Identity {
  let identity = identities.get(payload);
  if (identity === undefined) {
    identity = readIdentity(payload);
    identities.set(payload, identity);
  }
  return identity;
}

function readIdentity(payload: TokenPayload): Identity {
  const claims = claimsOf(payload);
  const { transports, handshakeTimeout, pollInterval, expiresAt } = serviceClaimsOf(payload);
  const limits = {
    ...(handshakeTimeout === undefined ? undefined : { handshakeTimeout }),
    ...(pollInterval === undefined ? undefined : { pollInterval }),
  };
  return {
    userId: userIdOf(claims),
    claims,
    admission: {
      ...(transports === undefined ? undefined : { transports }),
      ...(Object.keys(limits).length === 0 ? undefined : { limits }),
      ...(expiresAt === undefined ? undefined : { expiresAt }),
    },
  };
}
