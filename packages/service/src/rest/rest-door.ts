import {
  allowOrigin,
  type BodyReader,
  type HotReply,
  type HotRequest,
  isPreflight,
  type Peer,
  preflightAnswer,
} from "@signalbox/transport";
import type { Logger } from "pino";
import type { OwnHosts } from "../auth/own-hosts.ts";
import type { TokenVerifier } from "../auth/token-verifier.ts";
import { newestVersion, type Version } from "./api-version.ts";
import { Authentication } from "./authentication.ts";
import { HotSends } from "./hot-sends.ts";
import { openApiDocument } from "./openapi.ts";
import { Query } from "./query.ts";
import { emptyReply, errorReply, type Reply, refusal } from "./reply.ts";
import { RestRequest } from "./request.ts";
import { invalid, RestError } from "./rest-error.ts";
import { type RestHubs, type RestOptions, type Route, settleVersion } from "./route.ts";
import { routeTable } from "./route-table.ts";
import { type Match, RouteTree } from "./route-tree.ts";
import { splitTarget } from "./target.ts";

export interface RestDoorOptions {
  readonly hubs: RestHubs;
  /** The id of the connection that a client knows by this token. @param hub lower-case */
  readonly connectionOf: (hub: string, token: string) => string | undefined;
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
  /** Takes good POST sends to a hub, users, groups or a connection; undefined for everything else, which then goes to `fetch`. */
  hot(request: HotRequest): HotReply | BodyReader | undefined;
  /** Takes everything below `/api`; other paths are 404. */
  fetch(request: Request, peer?: Peer): Promise<Response>;
}

export function createRestDoor(options: RestDoorOptions): RestDoor {
  const tree = new RouteTree(routeTable);
  const authentication = new Authentication(options.verifier, options.ownHosts);
  const sends = new HotSends({ ...options, tree, authentication });
  let document: string | undefined;
  const openApi = () => {
    document ??= JSON.stringify(openApiDocument(routeTable));
    return document;
  };

  /** The path is served and the method allowed; what may still fail is token, version, parameters, body, and the command itself. */
  async function answer(route: Route, { leaf, path }: Match, request: RestRequest, rawQuery: string): Promise<Reply> {
    if (!route.open) {
      const admitted = authentication.admit(request, undefined);
      if ("status" in admitted) return admitted;
    }
    const query = new Query(rawQuery);
    const served = route.served[leaf.family]!;
    let version: Version = leaf.family === "dated" ? newestVersion : leaf.family;
    try {
      // Health must not depend on it.
      if (!route.open) version = settleVersion(route, leaf.family, query);
      return await route.answerTo(
        {
          version,
          success: served.status,
          request,
          query,
          options: options.options(),
          hubs: options.hubs,
          connectionOf: options.connectionOf,
          keys: options.keys,
          openApi,
        },
        path,
      );
    } catch (error) {
      if (error instanceof RestError) return refusal(error, route.operation, version, options.log);
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
    hot: (request) => sends.take(request),

    async fetch(request) {
      const origin = request.headers.get("origin");
      if (origin === null) return toResponse(request, await dispatch(new RestRequest(request)));
      const response = isPreflight(request)
        ? preflightAnswer(request)
        : toResponse(request, await dispatch(new RestRequest(request)));
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
