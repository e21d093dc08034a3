import {
  type ClientEndpoint,
  type RawHandler,
  type Refusal,
  type TrustedProxies,
  targetOf,
  type UpgradeRequest,
  type UpgradeVerdict,
} from "@signalbox/transport";
import { requireRawAudience } from "../auth/audience.ts";
import { clientToken } from "../auth/bearer.ts";
import type { OwnHosts } from "../auth/own-hosts.ts";
import type { TokenPayload, TokenVerifier } from "../auth/token-verifier.ts";
import { parseRawQuery } from "../http/connect-query.ts";
import { forwardedFor } from "../http/forwarded.ts";
import { noRoom, orUnauthorized, type Room, refusals } from "../http/refusal.ts";
import { splitTarget } from "../http/target.ts";
import { defaultHub, hubNamePattern } from "../hub/hub-name.ts";
import { termsOf } from "./identity.ts";
import { ConnectingRawClient } from "./raw-client.ts";
import { type RawRoute, rawRoute } from "./raw-route.ts";
import { TextPool } from "./text-pool.ts";

/** Read anew at each request. */
interface RawDoorOptions extends Room {
  readonly ownHosts: OwnHosts;
  /** Peers whose `X-Forwarded-For` and certificate header are believed. */
  readonly trustedProxies: TrustedProxies;
  /** In which they say whose certificate they saw; lower-case. */
  readonly certificateHeader: string;
}

export interface RawDoorParts {
  readonly endpoint: Pick<ClientEndpoint, "upgradeRaw" | "size" | "negotiating">;
  readonly handler: RawHandler;
  readonly verifier: TokenVerifier;
  readonly options: () => RawDoorOptions;
}

/**
 * The door of clients that speak no SignalR: `/ws/client` (reference serverless-upstream §5.2).
 *
 *   request ─▶ path ─▶ hub ─▶ token, if any ─▶ room ─▶ certificate ─▶ endpoint, which asks the back end
 *              404     400         401       429, 503      400
 *
 * Who comes without a token is anonymous: the back end decides.
 */
export class RawDoor {
  readonly #parts: RawDoorParts;
  readonly #texts = new TextPool();

  constructor(parts: RawDoorParts) {
    this.#parts = parts;
  }

  /** Undefined when the path is not a raw client's. */
  fetch(request: Request): Response | undefined {
    const route = rawRoute(splitTarget(targetOf(request.url)).path);
    if (route === undefined) return undefined;
    return route === "nowhere" ? nothingThere() : refusals.notAWebSocket();
  }

  /** Undefined when the path is not a raw client's. */
  upgrade(request: UpgradeRequest): UpgradeVerdict | Promise<UpgradeVerdict> | undefined {
    const { path, query } = splitTarget(request.target);
    const route = rawRoute(path);
    if (route === undefined) return undefined;
    if (route === "nowhere") return { refuse: nothingThere() };
    return this.#upgrade(request, route, query);
  }

  #upgrade(request: UpgradeRequest, route: Exclude<RawRoute, string>, query: string): UpgradeVerdict | Promise<UpgradeVerdict> {
    const { endpoint, handler, options } = this.#parts;
    const asked = parseRawQuery(query);
    const hubName = oneHub(route.hub === undefined ? asked.hubs : [route.hub, ...asked.hubs]);
    if (typeof hubName !== "string") return hubName;
    const token = this.#authenticate(request, asked.accessToken, hubName);
    if ("refuse" in token) return token;
    const refuse = noRoom(endpoint, options());
    if (refuse !== undefined) return { refuse };
    const origin = this.#originOf(request);
    if ("refuse" in origin) return origin;
    const { payload } = token;
    const context = new ConnectingRawClient(
      {
        hub: this.#texts.share(hubName.toLowerCase()),
        hubName: this.#texts.share(hubName),
        query: this.#texts.share(asked.remaining),
        ...origin,
      },
      payload,
    );
    const terms = payload === undefined ? undefined : termsOf(payload);
    const expiresAt = terms?.expiresAt;
    return endpoint.upgradeRaw(
      { handler, context, ...(expiresAt === undefined ? undefined : { expiresAt }) },
      request.subprotocols,
    );
  }

  /** @returns the token's payload; undefined without a token */
  #authenticate(
    { headers }: UpgradeRequest,
    queryToken: string | undefined,
    hubName: string,
  ): { readonly payload: TokenPayload | undefined } | Refusal {
    const token = clientToken(headers, queryToken, true);
    if (token === undefined) {
      // Credentials that cannot be read must not turn into none.
      return headers.get("authorization") === null ? { payload: undefined } : { refuse: refusals.unauthorized() };
    }
    return orUnauthorized(() => {
      const payload = this.#parts.verifier.verify(token, true);
      requireRawAudience(payload, hubName.toLowerCase(), this.#parts.options().ownHosts, headers.get("host") ?? undefined);
      return { payload };
    });
  }

  /** Where the client comes from, and its certificate: as the TCP peer says when that is a trusted proxy. */
  #originOf(
    request: UpgradeRequest,
  ): { readonly forwardedFor: string; readonly certificateThumbprint: string | undefined } | Refusal {
    const { headers, peer, certificateThumbprint } = request;
    const { trustedProxies, certificateHeader } = this.#parts.options();
    const forwarded = forwardedFor(headers, peer, trustedProxies);
    if (!trustedProxies.has(peer.address)) return { forwardedFor: forwarded, certificateThumbprint };
    const claimed = thumbprintOf(headers.get(certificateHeader));
    if (claimed === "") return { refuse: refusals.badCertificate(certificateHeader) };
    return { forwardedFor: forwarded, certificateThumbprint: claimed ?? certificateThumbprint };
  }
}

function nothingThere(): Response {
  return refusals.notFound("/ws/client/hubs/{hub}");
}

/** One hub is meant, however often it is named. */
function oneHub([name = defaultHub, ...others]: readonly string[]): string | Refusal {
  if (others.some((other) => other.toLowerCase() !== name.toLowerCase())) {
    return { refuse: refusals.badHub("The hub must be named once only.") };
  }
  return name === defaultHub || hubNamePattern.test(name) ? name : { refuse: refusals.invalidHub(name) };
}

/** Hex, in upper case and without colons; undefined: the proxy saw no certificate; empty: no thumbprint. */
function thumbprintOf(value: string | null): string | undefined {
  if (!value) return undefined;
  const hex = value.replaceAll(":", "").toUpperCase();
  return /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(hex) ? hex : "";
}
