import type { Connection, HeaderReader, Peer, SignalRConnection } from "@signalbox/transport";
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
  /** The client's token was renewed while it stays connected. There where clients have tokens that can be. */
  renewClaims?(claims: readonly Claim[]): void;
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
export interface HubConnection<C extends Connection = SignalRConnection> {
  readonly id: string;
  readonly client: Client;
  readonly connection: C;
}

/** A client that speaks no hub protocol. */
export interface RawClient extends Client {
  /** The upstream may name it when the client connects; it does not change afterwards. */
  userId: string | undefined;
  /** True when nobody has vouched for it yet: it came without a token. */
  readonly isAnonymous: boolean;
  /** The addresses it came by, its own first. */
  readonly forwardedFor: string;
  /** Of the certificate it showed, hex; undefined: none. */
  readonly certificateThumbprint: string | undefined;
}

/** A raw client, in its hub or on its way there. */
export interface RawHubConnection extends HubConnection<Connection> {
  readonly client: RawClient;
}
