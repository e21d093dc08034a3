import { type SocketHandler, targetOf, type UpgradeRequest, type UpgradeVerdict } from "@signalbox/transport";
import { requireServerAudience } from "../auth/audience.ts";
import { bearerToken } from "../auth/bearer.ts";
import { userIdOf } from "../auth/claims.ts";
import type { OwnHosts } from "../auth/own-hosts.ts";
import type { TokenPayload, TokenVerifier } from "../auth/token-verifier.ts";
import type { ServerIdentity } from "../backends/app-servers/server-connection.ts";
import { parseConnectQuery } from "../http/connect-query.ts";
import { orUnauthorized, refusals } from "../http/refusal.ts";
import { splitTarget } from "../http/target.ts";
import { hubNamePattern, hubNameRule } from "../hub/hub-name.ts";

/** Read anew at each use. */
interface ServerDoorOptions {
  readonly ownHosts: OwnHosts;
  /** New connections are refused; those that exist go on. */
  readonly draining: boolean;
  /** Greatest WebSocket message, bytes. */
  readonly maxMessageBytes: number;
}

export interface ServerDoorParts {
  readonly verifier: TokenVerifier;
  readonly options: () => ServerDoorOptions;
  /** Whether the hub's mode has app servers at all. */
  readonly takesServers: (hub: string) => boolean;
  readonly accept: (identity: ServerIdentity) => SocketHandler;
}

/**
 * The door of app servers, `/server/?hub=` (reference hub-and-service-protocol §4.2):
 *
 *   request ─▶ path ─▶ WebSocket ─▶ token ─▶ hub ─▶ audience ─▶ mode ─▶ draining ─▶ the service protocol's own handshake
 *                        400         401      400      401        403      503
 */
export class ServerDoor {
  readonly #parts: ServerDoorParts;

  constructor(parts: ServerDoorParts) {
    this.#parts = parts;
  }

  /** Undefined when the path is not an app server's. */
  fetch(request: Request): Response | undefined {
    return isServerPath(splitTarget(targetOf(request.url)).path) ? refusals.webSocketRequired() : undefined;
  }

  /** Undefined when the path is not an app server's. */
  upgrade(request: UpgradeRequest): UpgradeVerdict | undefined {
    const { path, query } = splitTarget(request.target);
    return isServerPath(path) ? orUnauthorized(() => this.#upgrade(request, query)) : undefined;
  }

  #upgrade({ headers }: UpgradeRequest, query: string): UpgradeVerdict {
    const token = bearerToken(headers.get("authorization"));
    if (token === undefined) return { refuse: refusals.unauthorized() };
    const payload = this.#parts.verifier.verify(token, true);
    const [name = "", ...others] = parseConnectQuery(query).hubs;
    if (name === "" || others.length > 0 || !hubNamePattern.test(name)) {
      return { refuse: refusals.badHub(`The query parameter 'hub' must be given once; it ${hubNameRule}.`) };
    }
    const hub = name.toLowerCase();
    const { ownHosts, draining, maxMessageBytes } = this.#parts.options();
    requireServerAudience(payload, hub, ownHosts, headers.get("host") ?? undefined);
    if (!this.#parts.takesServers(hub)) return { refuse: refusals.serverless() };
    if (draining) return { refuse: refusals.draining() };
    const identity = { hub, serverId: serverIdOf(headers.get("x-asrs-server-id"), payload), userAgent: userAgentOf(headers) };
    return { accept: this.#parts.accept(identity), maxMessageBytes };
  }
}

function isServerPath(path: string): boolean {
  const lower = path.toLowerCase();
  return lower === "/server/" || lower === "/server";
}

/** SDKs say it twice, in a header and as the token's subject. Without it every connection counts as a server of its own. */
function serverIdOf(header: string | null, payload: TokenPayload): string {
  return header || userIdOf(payload) || crypto.randomUUID();
}

function userAgentOf(headers: UpgradeRequest["headers"]): string {
  return (headers.get("asrs-user-agent") ?? headers.get("user-agent") ?? "").slice(0, 200);
}
