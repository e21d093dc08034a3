import type { EndpointInfo } from "./endpoints/endpoint-router.ts";
import type { HubContext } from "./hub/hub-context.ts";
import type { EndpointOptions, ServiceClientOptions } from "./options.ts";
import type { AnyClient } from "./typed-client.ts";

/** The service, whether Signalbox or Azure SignalR Service, as a back end sees it. */
export class ServiceClient {
  /**
   * @param connectionString of one endpoint, or several of one application
   * @throws {ConnectionStringError}
   * @throws {InvalidArgumentError}
   * @throws {AuthenticationError} for a connection string with a Microsoft Entra identity when no credential is given
   */
  static fromConnectionString(
    connectionString: string | readonly (string | EndpointOptions)[],
    options: ServiceClientOptions = {},
  ): ServiceClient {
    throw new Error(`${connectionString}${options}`);
  }
  get endpoints(): readonly EndpointInfo[] {
    return [];
  }
  hub<TClient extends object = AnyClient>(name: string): HubContext<TClient> {
    throw new Error(name);
  }
  checkHealth(options: { readonly signal?: AbortSignal } = {}): Promise<readonly EndpointInfo[]> {
    throw new Error(String(options));
  }
  close(): void {}
}
