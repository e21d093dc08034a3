import type { HotRequest } from "@signalbox/transport";
import { requireRestAudience } from "../auth/audience.ts";
import { bearerChallenge, bearerToken } from "../auth/bearer.ts";
import type { OwnHosts } from "../auth/own-hosts.ts";
import { TokenError, type TokenPayload, type TokenVerifier } from "../auth/token-verifier.ts";
import type { TextReply } from "./reply.ts";

/** A caller that was let in. */
export interface Pass {
  readonly authorization: string;
  /** The `Host` header that made the token's audience one of this service; undefined when the audience was known without it. */
  readonly host: string | undefined;
  readonly ownHosts: OwnHosts;
  readonly payload: TokenPayload;
}

/** Whether a caller may call what it calls: its token is good, and for this URL. */
export class Authentication {
  readonly #verifier: TokenVerifier;
  readonly #ownHosts: () => OwnHosts;

  /** @param ownHosts names that a token's audience may carry; read at each use */
  constructor(verifier: TokenVerifier, ownHosts: () => OwnHosts) {
    this.#verifier = verifier;
    this.#ownHosts = ownHosts;
  }

  /**
   * @param known what an earlier request for the same target was let in with. A back end sends with one token for long, so all that is
   *     left to do is to see that it is the same one and still good.
   * @returns a pass, the known one when it served; or the 401
   */
  admit(request: HotRequest, known: Pass | undefined): Pass | TextReply {
    const authorization = request.header("authorization");
    const ownHosts = this.#ownHosts();
    if (
      known !== undefined &&
      known.authorization === authorization &&
      known.ownHosts === ownHosts &&
      // Each header costs Bun a call out of the engine, so this one is read only when something depends on it.
      (known.host === undefined || known.host === request.header("host")) &&
      this.#verifier.stillHolds(known.payload)
    )
      return known;
    const token = bearerToken(authorization);
    if (authorization === undefined || token === undefined) return unauthorized(undefined);
    try {
      const payload = this.#verifier.verify(token);
      const host = requireRestAudience(payload, request.target, ownHosts, request.header("host"));
      return { authorization, host, ownHosts, payload };
    } catch (error) {
      if (error instanceof TokenError) return unauthorized(error);
      throw error;
    }
  }
}

function unauthorized(error: TokenError | undefined): TextReply {
  return { status: 401, headers: { "WWW-Authenticate": bearerChallenge(error) } };
}
