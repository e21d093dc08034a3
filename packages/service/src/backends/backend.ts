import type { ClientMessage, OpeningConnection, Payload, RawMessage, Refusal } from "@signalbox/transport";
import type { HubConnection, RawHubConnection } from "../hub/hub-connection.ts";

/**
 * Who hears what happens in a hub: webhooks (`upstream/`), app servers, an in-process hub. The hub calls, the backend answers by
 * commands; a backend never touches a socket. Calls for one connection come in the order the client caused them and never overlap with
 * `disconnected`, which is the last and comes exactly once for each `connected`. A backend that cannot keep up pauses the connection
 * (`connection.pause()`); nothing may be dropped. None of the calls may throw; what fails later is the backend's to report.
 */
export interface Backend {
  /** Who answers the hub handshake and keeps the connection alive. Asked when the connection opens; does not change afterwards. */
  readonly handshake: "service" | "backend";
  /**
   * Only where the backend answers handshakes, right before `connected`: the client's record, to be answered by `connection.answer`.
   */
  opening?(connection: OpeningConnection, request: Uint8Array): void;
  connected(connection: HubConnection): void;
  /** Types 1 to 5 and 7; where the backend answers handshakes also pings, and nothing has been decoded. Completions that answer an invocation of the hub itself have been taken out. */
  message(connection: HubConnection, message: ClientMessage): void;
  /** The client has other claims than before. */
  renewed?(connection: HubConnection): void;
  /** @param error undefined for a graceful end */
  disconnected(connection: HubConnection, error: string | undefined): void;
  /** Resolves when nothing is under way any more: the service is stopping. */
  drained(): Promise<void>;
}

/** What a back end gives to a raw client that it lets in. */
export interface Welcome {
  /** Who the client is; undefined: who its token says, if it has one. */
  readonly userId: string | undefined;
  /** Groups that it joins at once; valid names. */
  readonly groups: readonly string[];
  /** One of those the client offered; undefined: none. */
  readonly subprotocol: string | undefined;
  /** The first message it receives. */
  readonly first: Payload | undefined;
}

/**
 * Who hears of clients that speak no hub protocol. As `Backend`, but it is asked before a client is let in: `disconnected` comes exactly
 * once for each `connecting` that answered a welcome, also when the client was gone by then. Each message that was handed over is
 * delivered once and in order, or the connection is closed.
 */
export interface RawBackend {
  /**
   * @param connection cannot be reached yet
   * @param subprotocols offered by the client, in its order
   */
  connecting(connection: RawHubConnection, subprotocols: readonly string[]): Promise<Welcome | Refusal>;
  message(connection: RawHubConnection, message: RawMessage): void;
  disconnected(connection: RawHubConnection): void;
  drained(): Promise<void>;
}
