import {
  type Admission,
  allowOrigin,
  type ClientEndpoint,
  type ConnectionHandler,
  type HeaderReader,
  isPreflight,
  type Peer,
  preflightAnswer,
  type Refusal,
  targetOf,
  type UpgradeRequest,
  type UpgradeVerdict,
} from "@signalbox/transport";
import { requireClientAudience } from "../auth/audience.ts";
import { clientToken } from "../auth/bearer.ts";
import type { OwnHosts } from "../auth/own-hosts.ts";
import type { TokenPayload, TokenVerifier } from "../auth/token-verifier.ts";
import { type ConnectQuery, parseConnectQuery } from "../http/connect-query.ts";
import { noRoom, orUnauthorized, type Room, refusals } from "../http/refusal.ts";
import { splitTarget } from "../http/target.ts";
import type { Client, ClientRequest } from "../hub/hub-connection.ts";
import { hubNamePattern } from "../hub/hub-name.ts";
import { type ClientRoute, clientRoute } from "./client-route.ts";
import { TokenClient, termsOf } from "./identity.ts";
import { TextPool } from "./text-pool.ts";

/** Read anew at each request. */
export interface ClientDoorOptions extends Room {
  readonly ownHosts: OwnHosts;
  /** Web origins in lower case that may read answers, or `*` for any. */
  readonly corsOrigins: readonly string[];
  /** Whether whoever will stand behind the client agrees to stateful reconnect; absent: always. */
  readonly allowsStatefulReconnect?: (client: Client) => boolean;
}

export interface ClientDoorParts {
  readonly endpoint: Pick<ClientEndpoint, "negotiate" | "handle" | "upgrade" | "size" | "negotiating">;
  readonly handler: ConnectionHandler;
  readonly verifier: TokenVerifier;
  readonly options: () => ClientDoorOptions;
}

/**
 * The door of SignalR clients: `/client/` and `/client/negotiate`.
 *
 *   request ─▶ path ─▶ token ─▶ method ─▶ hub ─▶ audience ─▶ room for a new one ─▶ endpoint
 *              404      401      405      400      401          429, 503
 *
 * Every request is checked in full, also those of a connection that exists: a poll with an expired token is refused, while an open
 * WebSocket or event stream lives on (reference serverless-upstream §1.2). Browsers may read every answer (`cors.ts`).
 */
export class ClientDoor {
  readonly #endpoint: ClientDoorParts["endpoint"];
  readonly #handler: ConnectionHandler;
  readonly #verifier: TokenVerifier;
  readonly #options: () => ClientDoorOptions;
  readonly #texts = new TextPool();

  constructor({ endpoint, handler, verifier, options }: ClientDoorParts) {
    this.#endpoint = endpoint;
    this.#handler = handler;
    this.#verifier = verifier;
    this.#options = options;
  }

  /** Undefined when the path is not a client's. */
  fetch(request: Request, peer: Peer): Response | Promise<Response> | undefined {
    const { path, query } = splitTarget(targetOf(request.url));
    const route = clientRoute(path);
    if (route === undefined) return undefined;
    const answer = this.#answer(request, peer, route, query);
    const origin = request.headers.get("origin");
    if (origin === null) return answer;
    const { corsOrigins } = this.#options();
    return answer instanceof Promise
      ? answer.then((settled) => allowOrigin(settled, origin, corsOrigins))
      : allowOrigin(answer, origin, corsOrigins);
  }

  /** Undefined when the path is not a client's. */
  upgrade(request: UpgradeRequest): UpgradeVerdict | undefined {
    const { path, query } = splitTarget(request.target);
    const route = clientRoute(path);
    if (route === undefined) return undefined;
    const verdict = this.#upgrade(request, route, query);
    if ("refuse" in verdict) allowOrigin(verdict.refuse, request.headers.get("origin"), this.#options().corsOrigins);
    return verdict;
  }

  #answer(request: Request, peer: Peer, route: ClientRoute, query: string): Response | Promise<Response> {
    if (isPreflight(request)) return preflightAnswer(request);
    if (route === "nowhere") return refusals.notFound();
    const asked = parseConnectQuery(query);
    const token = this.#authenticate(request.headers, asked, false);
    if ("refuse" in token) return token.refuse;
    const allowed = route === "negotiate" ? "POST" : "GET, POST, DELETE";
    if (!allowed.split(", ").includes(request.method)) return refusals.wrongMethod(allowed);
    const admission = this.#admit(token.payload, asked, { headers: request.headers, peer });
    if ("refuse" in admission) return admission.refuse;
    if (route === "connect") return this.#endpoint.handle(admission, request);
    return this.#noRoom() ?? this.#endpoint.negotiate(admission, request);
  }

  #upgrade(request: UpgradeRequest, route: ClientRoute, query: string): UpgradeVerdict {
    if (route === "nowhere") return { refuse: refusals.notFound() };
    const asked = parseConnectQuery(query);
    const token = this.#authenticate(request.headers, asked, true);
    if ("refuse" in token) return token;
    if (route === "negotiate") return { refuse: refusals.wrongMethod("POST") };
    const admission = this.#admit(token.payload, asked, request);
    if ("refuse" in admission) return admission;
    const refuse = asked.hasId ? undefined : this.#noRoom();
    return refuse === undefined ? this.#endpoint.upgrade(admission, request) : { refuse };
  }

  #authenticate(headers: HeaderReader, asked: ConnectQuery, isUpgrade: boolean): { readonly payload: TokenPayload } | Refusal {
    const token = clientToken(headers, asked.accessToken, isUpgrade);
    if (token === undefined) return { refuse: refusals.unauthorized() };
    // With the WebSocket a client has no further use for its token; polls and posts bring it again.
    return orUnauthorized(() => ({ payload: this.#verifier.verify(token, isUpgrade) }));
  }

  #admit(payload: TokenPayload, asked: ConnectQuery, request: ClientRequest): Admission | Refusal {
    const [hubName = "", ...others] = asked.hubs;
    if (hubName === "") return { refuse: refusals.badHub("The query parameter 'hub' is required.") };
    if (others.length > 0) return { refuse: refusals.badHub("The query parameter 'hub' must be given once only.") };
    if (!hubNamePattern.test(hubName)) return { refuse: refusals.invalidHub(hubName) };
    const hub = this.#texts.share(hubName.toLowerCase());
    return orUnauthorized(() => {
      requireClientAudience(payload, hub, this.#options().ownHosts, request.headers.get("host") ?? undefined);
      const query = this.#texts.share(asked.remaining);
      const context = new TokenClient({ hub, hubName: this.#texts.share(hubName), query, request }, payload);
      const admission = { scope: hub, handler: this.#handler, context, ...termsOf(payload) };
      const mayReturn = this.#options().allowsStatefulReconnect?.(context) !== false;
      return mayReturn ? admission : { ...admission, limits: { ...admission.limits, reconnectWindow: 0 } };
    });
  }

  #noRoom(): Response | undefined {
    return noRoom(this.#endpoint, this.#options());
  }
}
