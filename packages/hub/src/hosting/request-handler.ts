import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type ListenerHandler, type NodeDoor, nodeDoor } from "@signalbox/transport";
import type { HubRoutes } from "./hub-routes.ts";
import { targetOf } from "./target.ts";

/**
 * The hubs as a part of somebody else's server: a request listener of `node:http`, which is also what Express calls middleware and
 * what a Fastify hook can call, with the two others that are needed beside it.
 */
export interface RequestHandler {
  /** Answers requests for hubs; hands all others to `next`, or without it answers 404. */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: Error) => void): void;
  /**
   * For the server's `upgrade` event.
   * @returns false when the path is no hub's: the socket is untouched then, and somebody else's
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Web-standard requests, such as Hono's, but for upgrades. Undefined when the path is no hub's. */
  readonly fetch: (request: Request, peer?: { readonly address: string }) => Response | Promise<Response> | undefined;
}

export function requestHandler(routes: HubRoutes, handler: ListenerHandler, maxMessageBytes: number): RequestHandler {
  let door: NodeDoor | undefined;
  // Loaded by the first client, so that Bun's own server does without it.
  const withDoor = (use: (door: NodeDoor) => void, failed: (error: unknown) => void): void => {
    if (door !== undefined) use(door);
    else
      nodeDoor({ handler, maxMessageBytes })
        .then((loaded) => {
          door ??= loaded;
          use(door);
        })
        .catch(failed);
  };
  const handle = (request: IncomingMessage, response: ServerResponse, next?: (error?: Error) => void): void => {
    // Express cuts the place where it is mounted off `url`.
    const target = (request as { originalUrl?: string }).originalUrl ?? request.url ?? "/";
    if (routes.has(target)) {
      request.url = target;
      withDoor(
        (loaded) => loaded.request(request, response),
        (error) => (next === undefined ? response.destroy() : next(error as Error)),
      );
    } else if (next !== undefined) next();
    else response.writeHead(404).end();
  };
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    if (request.headers.upgrade?.toLowerCase() !== "websocket" || !routes.has(request.url ?? "/")) return false;
    withDoor(
      (loaded) => loaded.upgrade(request, socket, head),
      () => socket.destroy(),
    );
    return true;
  };
  const fetch: RequestHandler["fetch"] = (request, peer = { address: "" }) =>
    routes.fetch(request, targetOf(request.url), peer);
  return Object.assign(handle, { upgrade, fetch });
}
