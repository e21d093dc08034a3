import type { TokenCredential } from "@signalbox/protocol";

/** How long clients of this server are kept with it, when they come back. */
export type StickyMode = "Disabled" | "Preferred" | "Required";

/** What happens to clients when the server closes: they are closed, awaited, or moved to another server. */
export type GracefulShutdown = "Off" | "WaitForClientsClose" | "MigrateClients";

/** One service instance. */
export interface ServiceEndpoint {
  readonly connectionString: string;
  /** For logs and routers; default: the endpoint's URL. */
  readonly name?: string | undefined;
  /** Secondary endpoints get clients only while no primary one is there, but messages always. Default: primary. */
  readonly type?: "primary" | "secondary" | undefined;
}

/** The service behind which the hubs stand. Times in milliseconds. */
export interface ServiceOptions {
  readonly endpoints: string | ServiceEndpoint | readonly (string | ServiceEndpoint)[];
  /** For connection strings without an access key (`AuthType=azure`): any credential of `@azure/identity`. */
  readonly credential?: TokenCredential | undefined;
  /** 2: connections to each endpoint for each hub. What one turn of the event loop sends leaves as a write for each of them. */
  readonly connections?: number | undefined;
  /** Twice that: so many at most, when the service asks for more. */
  readonly maxConnections?: number | undefined;
  /** Keeps the hubs of several applications apart that use one service. */
  readonly applicationName?: string | undefined;
  /** Disabled. */
  readonly sticky?: StickyMode | undefined;
  /** Off. */
  readonly gracefulShutdown?: GracefulShutdown | undefined;
  /** 30,000: how long `close` waits for clients. */
  readonly shutdownTimeout?: number | undefined;
  /** 3,600,000: how long a client may take from negotiate to connect. */
  readonly accessTokenLifetime?: number | undefined;
  /** Seconds that an idle poll of a client waits at the service, 1 to 300. */
  readonly maxPollIntervalInSeconds?: number | undefined;
  /** Picks the endpoint for a client that negotiates; default: a random one of the primaries that are connected. */
  readonly router?: ((endpoints: readonly EndpointState[]) => EndpointState | undefined) | undefined;
}

/** An endpoint as a router sees it. */
export interface EndpointState {
  readonly name: string;
  readonly type: "primary" | "secondary";
  readonly isConnected: boolean;
  /** Clients connected to it for this hub, as the service last said. */
  readonly clients: number;
}
