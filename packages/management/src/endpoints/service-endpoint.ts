import type { ConnectionString } from "@signalbox/protocol";
import type { TokenSource } from "../auth/token-source.ts";
import type { EndpointType } from "../options.ts";
import type { EndpointInfo } from "./endpoint-router.ts";

/** One endpoint of the service. */
export class ServiceEndpoint {
  readonly name: string;
  readonly type: EndpointType;
  readonly connection: ConnectionString;
  readonly tokens: TokenSource;
  /** Kept by the health monitor. */
  online = true;
  readonly #audienceBase: string;

  constructor(
    { name, type, connection }: { readonly name: string; readonly type: EndpointType; readonly connection: ConnectionString },
    tokens: (endpoint: ServiceEndpoint) => TokenSource,
  ) {
    this.name = name;
    this.type = type;
    this.connection = connection;
    const { protocol, hostname } = new URL(connection.endpoint);
    this.#audienceBase = `${protocol}//${hostname}`;
    this.tokens = tokens(this);
  }

  /** Where REST calls go, without a trailing slash. */
  get restBase(): string {
    return this.connection.serverEndpoint ?? this.connection.endpoint;
  }

  /**
   * The audience of a REST call, as the official SDKs build it (reference serverless-upstream §4.3): scheme and host of `Endpoint`, also when
   * the call goes to `ServerEndpoint`, without the port; and the documented form of the rest, the path without the query.
   */
  audience(path: string): string {
    return this.#audienceBase + path;
  }

  /** A snapshot. */
  get info(): EndpointInfo {
    return { name: this.name, type: this.type, endpoint: this.connection.endpoint, online: this.online };
  }

  is(info: EndpointInfo): boolean {
    return info.name === this.name && info.type === this.type && info.endpoint === this.connection.endpoint;
  }
}
