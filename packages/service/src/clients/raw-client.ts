import { type Claim, claimsOf, userIdOf } from "../auth/claims.ts";
import type { TokenPayload } from "../auth/token-verifier.ts";
import type { RawClient } from "../hub/hub-connection.ts";

const noClaims: readonly Claim[] = [];

type Facts = Pick<RawClient, "hub" | "hubName" | "query" | "forwardedFor" | "certificateThumbprint">;

/** A client without hub protocol, as its request describes it. Writes claims when an upstream is told: most clients idle. */
export class ConnectingRawClient implements RawClient {
  readonly hub: string;
  readonly hubName: string;
  readonly query: string;
  readonly forwardedFor: string;
  readonly certificateThumbprint: string | undefined;
  userId: string | undefined;
  readonly #payload: TokenPayload | undefined;

  /** @param payload of its token; undefined: it has none */
  constructor({ hub, hubName, query, forwardedFor, certificateThumbprint }: Facts, payload: TokenPayload | undefined) {
    this.hub = hub;
    this.hubName = hubName;
    this.query = query;
    this.forwardedFor = forwardedFor;
    this.certificateThumbprint = certificateThumbprint;
    this.userId = payload && userIdOf(payload);
    this.#payload = payload;
  }

  get isAnonymous(): boolean {
    return this.#payload === undefined;
  }

  get claims(): readonly Claim[] {
    return this.#payload === undefined ? noClaims : claimsOf(this.#payload);
  }
}
