import type { AnyClient } from "@signalbox/protocol";
import { hubProtocols } from "@signalbox/protocol";
import { createEndpoint } from "./endpoints/create-endpoint.ts";
import { defaultRouter } from "./endpoints/default-router.ts";
import type { EndpointInfo } from "./endpoints/endpoint-router.ts";
import { EndpointSet } from "./endpoints/endpoint-set.ts";
import { HealthMonitor } from "./endpoints/health-monitor.ts";
import { InvalidArgumentError } from "./errors.ts";
import { createHubContext } from "./hub/create-hub-context.ts";
import type { HubServices } from "./hub/hub-caller.ts";
import type { HubContext } from "./hub/hub-context.ts";
import { requireHubName } from "./hub/names.ts";
import type { EndpointOptions, ServiceClientOptions } from "./options.ts";
import { createRestCaller } from "./rest/create-rest-caller.ts";
import { encodeAsFrames, encodeAsJson } from "./rest/message-body.ts";
import { isHealthy } from "./rest/service-requests.ts";

/**
 * The service, whether Signalbox or Azure SignalR Service, as a back end sees it. One for the life of a process is enough: it keeps tokens
 * and, with several endpoints, watches their health.
 */
export class ServiceClient implements Disposable {
  readonly #services: HubServices;

  private constructor(services: HubServices) {
    this.#services = services;
  }

  /**
   * @param connectionString of one endpoint, or of several that serve one application
   * @throws {ConnectionStringError}
   * @throws {InvalidArgumentError} for options that make no sense
   * @throws {AuthenticationError} for a connection string with a Microsoft Entra identity when no credential is given
   */
  static fromConnectionString(
    connectionString: string | readonly (string | EndpointOptions)[],
    options: ServiceClientOptions = {},
  ): ServiceClient {
    const rest = createRestCaller(options);
    const given = typeof connectionString === "string" ? [connectionString] : connectionString;
    if (given.length === 0) throw new InvalidArgumentError("There is no endpoint: pass a connection string.");
    const endpoints = given.map((item) =>
      createEndpoint(typeof item === "string" ? { connectionString: item } : item, options.credential, rest),
    );
    const health = new HealthMonitor(endpoints, isHealthy(rest), options.health);
    const { application } = options;
    return new ServiceClient({
      rest,
      health,
      endpoints: new EndpointSet(endpoints, options.router ?? defaultRouter, health),
      encode: options.protocols === undefined ? encodeAsJson : encodeAsFrames(requireProtocols(options.protocols)),
      application: application ? requireHubName("application", application) : undefined,
    });
  }

  /** In the order given, with what is known of their health. */
  get endpoints(): readonly EndpointInfo[] {
    return this.#services.endpoints.all.map(({ info }) => info);
  }

  /**
   * @param name in any letter case; the hubs `Chat` and `chat` are one
   * @throws {InvalidArgumentError}
   */
  hub<TClient extends object = AnyClient>(name: string): HubContext<TClient> {
    // Types narrow what may be sent; what is sent is the same.
    return createHubContext(this.#services, requireHubName("hub", name)) as unknown as HubContext<TClient>;
  }

  /** Asks every endpoint for its health, once. */
  async checkHealth({ signal }: { readonly signal?: AbortSignal } = {}): Promise<readonly EndpointInfo[]> {
    await this.#services.health.check(signal);
    return this.endpoints;
  }

  /** Ends the watch over several endpoints. It keeps no process alive, so that this is needed only where clients come and go. */
  close(): void {
    this.#services.health.stop();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function requireProtocols<T extends string>(protocols: readonly T[]): readonly T[] {
  const unknown = protocols.find((name) => !hubProtocols.has(name));
  if (protocols.length > 0 && unknown === undefined) return protocols;
  const names = [...hubProtocols.keys()].join(", ");
  throw new InvalidArgumentError(`protocols must name some of ${names}${unknown === undefined ? "" : `, not ${unknown}`}.`);
}
