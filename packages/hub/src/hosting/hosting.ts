import type { UpgradeRequest, UpgradeVerdict } from "@signalbox/transport";
import type { HubClient } from "../dispatch/hub-client.ts";
import type { HubLifetime } from "./lifetime.ts";

/** A client that has been let in. */
export interface Visitor {
  readonly client: HubClient;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/** Where the clients of one mapped hub are connected: to this process, or to the service. */
export interface Hosting {
  readonly lifetime: HubLifetime;
  /** Resolves when clients can be served. */
  start(): Promise<void>;
  /** No new clients; ends those there are, with permission to come back. */
  stop(): Promise<void>;
  /** `POST {path}/negotiate`. */
  negotiate(visitor: Visitor, request: Request): Response | Promise<Response>;
  /**
   * `POST {path}/refresh`.
   * @param visitor who the client says it is now
   * @param connectionToken of the connection it has
   */
  refresh(visitor: Visitor, connectionToken: string, request: Request): Response | Promise<Response>;
  /** Everything else that is no upgrade. */
  handle(visitor: Visitor, request: Request): Response | Promise<Response>;
  upgrade(visitor: Visitor, request: UpgradeRequest): UpgradeVerdict;
}
