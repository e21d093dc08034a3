import type { Connection, HeaderReader, Peer } from "@signalbox/transport";
import type { Claim } from "../auth/claims.ts";

/** Who the client is and how it came, fixed when it connected. */
export interface Client {
  /** Lower-case name under which commands find the hub. */
  readonly hub: string;
  /** The hub's name as this client spelled it: patterns, URLs and headers of the upstream use this one. */
  readonly hubName: string;
  readonly userId: string | undefined;
  /** In the order of the token, arrays expanded, names as .NET maps them. */
  readonly claims: readonly Claim[];
  /** The raw query of the connect request with its leading `?`, without `access_token` and `id`; empty when nothing is left. */
  readonly query: string;
  /** How the client came. There while the connection opens, until `forgetRequest`: most clients idle, and headers take room. */
  readonly request?: ClientRequest | undefined;
  forgetRequest?(): void;
}

/** The request by which a client connected. */
export interface ClientRequest {
  readonly headers: HeaderReader;
  readonly peer: Peer;
}

/** A client inside its hub. */
export interface HubConnection {
  readonly id: string;
  readonly client: Client;
  readonly connection: Connection;
}
