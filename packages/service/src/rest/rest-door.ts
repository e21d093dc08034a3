import type { HotReply, HotRequest, Peer } from "@signalbox/transport";
import type { Logger } from "pino";
import { requireRestAudience } from "../auth/audience.ts";
import { bearerChallenge, bearerToken } from "../auth/bearer.ts";
import type { OwnHosts } from "../auth/own-hosts.ts";
import { TokenError, type TokenVerifier } from "../auth/token-verifier.ts";
import { allowOrigin, isPreflight, preflightAnswer } from "../clients/cors.ts";
import { datedVersion, isSince, newestVersion, type Version } from "./api-version.ts";
import { openApiDocument } from "./openapi.ts";
import { Query } from "./query.ts";
import { emptyReply, errorReply, type Reply } from "./reply.ts";
import { FetchedRequest, type RestRequest } from "./request.ts";
import { invalid, RestError } from "./rest-error.ts";
import type { RestHubs, RestOptions, Route } from "./route.ts";
import { routeTable } from "./route-table.ts";
import { type Match, RouteTree } from "./route-tree.ts";
import { isPlain, splitTarget } from "./target.ts";

export interface RestDoorOptions {
  readonly hubs: RestHubs;
  readonly verifier: TokenVerifier;
  /** Names that a token's audience may carry. Read at each use. */
  readonly ownHosts: () => OwnHosts;
  /** Access keys, primary first; `:generateToken` signs with the primary one. Read at each use. */
  readonly keys: () => readonly string[];
  /** Read at each use. */
  readonly options: () => RestOptions;
  readonly log: Logger;
}

/** The REST data plane: authenticates, decodes, translates into commands, answers. */
export interface RestDoor {
  /** Takes POST sends to a hub, user, group or connection; undefined for everything else, which then goes to `fetch`. */
  hot(request: HotRequest): Promise<HotReply> | undefined;
  /** Takes everything below `/api`; other paths are 404. */
  fetch(request: Request, peer?: Peer): Promise<Response>;
}

export function createRestDoor(options: RestDoorOptions): RestDoor {
  const tree = new RouteTree(routeTable);
  let document: string | undefined;
  const openApi = () => {
    document ??= JSON.stringify(openApiDocument(routeTable));
    return document;
  };

  /** The path is served and the method allowed; what may still fail is token, version, parameters, body, and the command itself. */
  async function answer(route: Route, { leaf, path }: Match, request: RestRequest, rawQuery: string): Promise<Reply> {
    if (!route.open) {
      const refusal = authenticate(request);
      if (refusal !== undefined) return refusal;
    }
    const query = new Query(rawQuery);
    const served = route.served[leaf.family]!;
    let version: Version = leaf.family === "dated" ? newestVersion : leaf.family;
    try {
      // Health must not depend on it.
      if (leaf.family === "dated" && !route.open) version = settleVersion(route, query);
      return await route.answerTo(
        {
          version,
          success: served.status,
          request,
          query,
          options: options.options(),
          hubs: options.hubs,
          keys: options.keys,
          openApi,
        },
        path,
      );
    } catch (error) {
      if (error instanceof RestError) {
        options.log.debug(
          { operation: route.operation, status: error.status, code: error.code, reason: error.message },
          "REST request refused",
        );
        return errorReply(error, version);
      }
      throw error;
    }
  }

  function authenticate(request: RestRequest): Reply | undefined {
    const token = bearerToken(request.header("authorization"));
    if (token === undefined) return unauthorized(undefined);
    try {
      requireRestAudience(options.verifier.verify(token), request.target, options.ownHosts(), request.header("host"));
      return undefined;
    } catch (error) {
      if (error instanceof TokenError) return unauthorized(error);
      throw error;
    }
  }

  async function dispatch(request: RestRequest): Promise<Reply> {
    const { segments, query } = splitTarget(request.target);
    if (segments === undefined) return errorReply(invalid("The path is not valid percent-encoded UTF-8."), newestVersion);
    const match = tree.find(segments);
    if (match === undefined) return emptyReply(404);
    const route = match.leaf.routes.get(request.method);
    if (route === undefined) return { status: 405, headers: { Allow: match.leaf.allow } };
    return answer(route, match, request, query);
  }

  return {
    hot(request) {
      const { method, target } = request;
      if (method !== "POST" || !isPlain(target) || request.header("origin") !== undefined) return undefined;
      const { segments, query } = splitTarget(target);
      const match = segments && tree.find(segments);
      const route = match?.leaf.routes.get("POST");
      if (match === undefined || route?.hot !== true) return undefined;
      return answer(route, match, request, query) as Promise<HotReply>;
    },

    async fetch(request) {
      const origin = request.headers.get("origin");
      if (origin === null) return toResponse(request, await dispatch(new FetchedRequest(request)));
      const response = isPreflight(request)
        ? preflightAnswer(request)
        : toResponse(request, await dispatch(new FetchedRequest(request)));
      return allowOrigin(response, origin, options.options().corsOrigins ?? []);
    },
  };
}

function toResponse({ method }: Request, { status, headers, body }: Reply): Response {
  const sent = method === "HEAD" ? null : (body ?? null);
  return new Response(
    sent as string | Uint8Array<ArrayBuffer> | null,
    headers === undefined ? { status } : { status, headers },
  );
}

/** @throws {RestError} when there is no such version or the route is younger */
function settleVersion(route: Route, query: Query): Version {
  const asked = query.first("api-version");
  const version = datedVersion(asked || undefined);
  if (version === undefined) throw new RestError("unknownVersion", `The API version '${asked}' is not known.`, "api-version");
  const since = route.served.dated!.since!;
  if (isSince(version, since)) return version;
  throw new RestError("notInVersion", `This route came with API version ${since}.`, "api-version");
}

function unauthorized(error: TokenError | undefined): Reply {
  return { status: 401, headers: { "WWW-Authenticate": bearerChallenge(error) } };
}
