import type { Admission } from "@signalbox/transport";
import { type Claim, claimsOf, userIdOf } from "../auth/claims.ts";
import { serviceClaimsOf } from "../auth/service-claims.ts";
import type { TokenPayload } from "../auth/token-verifier.ts";
import type { Client, ClientRequest } from "../hub/hub-connection.ts";

/** A client as its token describes it. Keeps the payload and writes the claims when an upstream is told: most clients idle. */
export class TokenClient implements Client {
  readonly hub: string;
  readonly hubName: string;
  readonly query: string;
  readonly userId: string | undefined;
  readonly #payload: TokenPayload;
  #request: ClientRequest | undefined;
  #renewed: readonly Claim[] | undefined = undefined;

  constructor({ hub, hubName, query, request }: Pick<Client, "hub" | "hubName" | "query" | "request">, payload: TokenPayload) {
    this.hub = hub;
    this.hubName = hubName;
    this.query = query;
    this.userId = userIdOf(payload);
    this.#payload = payload;
    this.#request = request;
  }

  get request(): ClientRequest | undefined {
    return this.#request;
  }

  forgetRequest(): void {
    this.#request = undefined;
  }

  get claims(): readonly Claim[] {
    return this.#renewed ?? claimsOf(this.#payload);
  }

  renewClaims(claims: readonly Claim[]): void {
    this.#renewed = claims;
  }
}

/** What a token says about how its client may be connected. */
export function termsOf(payload: TokenPayload): Pick<Admission, "transports" | "limits" | "expiresAt"> {
  const { transports, handshakeTimeout, pollInterval, expiresAt } = serviceClaimsOf(payload);
  const limits = {
    ...(handshakeTimeout === undefined ? undefined : { handshakeTimeout }),
    ...(pollInterval === undefined ? undefined : { pollInterval }),
  };
  return {
    ...(transports === undefined ? undefined : { transports }),
    ...(handshakeTimeout === undefined && pollInterval === undefined ? undefined : { limits }),
    ...(expiresAt === undefined ? undefined : { expiresAt }),
  };
}
