import type { Client } from "../hub/hub-connection.ts";
import type { AppServersBackend } from "./app-servers/app-servers-backend.ts";
import type { Backend } from "./backend.ts";

/** Who serves the clients of a hub, in the terms of the cloud service; `auto` is ours. */
export const serviceModes = ["auto", "default", "classic", "serverless"] as const;
export type ServiceMode = (typeof serviceModes)[number];

export interface BackendsParts {
  /** Of a hub, by its lower-case name. Read when a client or a server comes. */
  readonly mode: (hub: string) => ServiceMode;
  readonly appServers: AppServersBackend;
  readonly upstream: Backend;
  /** Tells nobody, and answers invocations with an error: what `classic` is without a server. */
  readonly nobody: Backend;
}

/**
 * Which backend a client gets when it opens (reference serverless-upstream §1.8, hub-and-service-protocol §4, §7.18):
 *
 *                   a server takes clients     no server
 *     serverless    –  (403 for servers)       upstream
 *     default       app servers                app servers, which close it
 *     classic       app servers                nobody
 *     auto          app servers                upstream
 *
 * A client whose app server sent it here wants that server and no other backend: in `classic` and `auto`, too, it is closed when none is
 * connected, and comes back until one is.
 */
export class Backends {
  readonly #parts: BackendsParts;

  constructor(parts: BackendsParts) {
    this.#parts = parts;
  }

  of(client: Client): Backend {
    const { mode, appServers, upstream, nobody } = this.#parts;
    const choice = mode(client.hub);
    if (choice === "serverless") return upstream;
    if (choice === "default" || appServers.takesClients(client.hub) || cameFromServer(client)) return appServers;
    return choice === "classic" ? nobody : upstream;
  }

  /** @param hub lower-case */
  takesServers(hub: string): boolean {
    return this.#parts.mode(hub) !== "serverless";
  }

  /** Whether whoever stands behind the client lets it use stateful reconnect. */
  allowsStatefulReconnect(client: Client): boolean {
    const { appServers } = this.#parts;
    return this.of(client) !== appServers || appServers.allowsStatefulReconnects(client.hub);
  }
}

/** The SDK's negotiate adds these to the URL (reference hub-and-service-protocol §4.3); tokens made elsewhere come without. */
function cameFromServer({ query }: Client): boolean {
  return query.includes("asrs_request_id=") || query.includes("asrs.op=");
}
