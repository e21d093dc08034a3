import type { CompletionMessage } from "@signalbox/protocol";
import type { HubClient } from "../dispatch/hub-client.ts";

/** Who a message is for. */
export type Audience =
  | { readonly to: "all"; readonly except?: readonly string[] }
  | { readonly to: "connection"; readonly id: string }
  | { readonly to: "connections"; readonly ids: readonly string[] }
  | { readonly to: "group"; readonly name: string; readonly except?: readonly string[] }
  | { readonly to: "groups"; readonly names: readonly string[] }
  | { readonly to: "user"; readonly id: string }
  | { readonly to: "users"; readonly ids: readonly string[] };

/**
 * Who knows the connections of a hub: this process itself, or the service (reference hub-and-service-protocol §3.6). Sends of one caller to
 * one connection arrive in the order of the calls.
 */
export interface HubLifetime {
  /** The connection can be reached from here on. */
  add(client: HubClient): void;
  /** It has left, of all its groups as well; whoever waits for its answer learns so. */
  remove(client: HubClient): void;
  /**
   * @param caller in whose call this is sent: what it sends keeps its order
   * @returns undefined when the message is on its way already
   * @throws {ProtocolError} for arguments that cannot be carried
   */
  send(audience: Audience, target: string, args: readonly unknown[], caller?: HubClient): Promise<void> | undefined;
  /** @returns what the client's method returned; rejects as `Invoker.invoke` says */
  invoke(
    connectionId: string,
    target: string,
    args: readonly unknown[],
    signal?: AbortSignal,
    caller?: HubClient,
  ): Promise<unknown>;
  /** A client's completion that belongs to none of its uploads. @param record its framed bytes */
  complete(client: HubClient, completion: CompletionMessage, record: Uint8Array): void;
  join(connectionId: string, group: string): Promise<void> | undefined;
  leave(connectionId: string, group: string): Promise<void> | undefined;
}
