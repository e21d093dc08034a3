import { NoEndpointAvailableError } from "../errors.ts";
import type { EndpointInfo, EndpointRouter, Recipient } from "./endpoint-router.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import type { ServiceEndpoint } from "./service-endpoint.ts";

export type EndpointFilter = (endpoint: EndpointInfo) => boolean;

/** The endpoints of an application, and which of them takes part in what. One endpoint alone always takes part, online or not. */
export class EndpointSet {
  readonly all: readonly ServiceEndpoint[];
  readonly #router: EndpointRouter;
  readonly #health: HealthMonitor;

  constructor(all: readonly ServiceEndpoint[], router: EndpointRouter, health: HealthMonitor) {
    this.all = all;
    this.#router = router;
    this.#health = health;
  }

  /**
   * At least one.
   * @throws {NoEndpointAvailableError}
   */
  async forMessage(hub: string, recipient: Recipient, filter?: EndpointFilter): Promise<readonly ServiceEndpoint[]> {
    const candidates = this.allowed(filter);
    if (this.all.length === 1) return candidates;
    await this.#health.ready();
    const chosen = this.#router.messageEndpoints(infosOf(candidates), hub, recipient);
    const endpoints = candidates.filter((endpoint) => endpoint.online && chosen.some((info) => endpoint.is(info)));
    if (endpoints.length === 0) throw unavailable(candidates, "for the call");
    return endpoints;
  }

  /** @throws {NoEndpointAvailableError} */
  async forClient(hub: string, userId: string | undefined, filter?: EndpointFilter): Promise<ServiceEndpoint> {
    const candidates = this.allowed(filter);
    if (this.all.length === 1) return candidates[0]!;
    await this.#health.ready();
    const chosen = this.#router.negotiateEndpoint(infosOf(candidates), hub, { userId });
    const endpoint = chosen && candidates.find((endpoint) => endpoint.is(chosen));
    if (endpoint === undefined) throw unavailable(candidates, "for the client");
    return endpoint;
  }

  /**
   * Those that the caller admits, online or not; at least one.
   * @throws {NoEndpointAvailableError}
   */
  allowed(filter: EndpointFilter | undefined): readonly ServiceEndpoint[] {
    if (filter === undefined) return this.all;
    const endpoints = this.all.filter((endpoint) => filter(endpoint.info));
    if (endpoints.length === 0) throw new NoEndpointAvailableError("The call is restricted to endpoints that do not exist.");
    return endpoints;
  }
}

function infosOf(endpoints: readonly ServiceEndpoint[]): readonly EndpointInfo[] {
  return endpoints.map((endpoint) => endpoint.info);
}

function unavailable(candidates: readonly ServiceEndpoint[], purpose: string): NoEndpointAvailableError {
  const states = candidates.map(({ info }) => `${info.name || info.endpoint} is ${info.online ? "online" : "offline"}`);
  return new NoEndpointAvailableError(`No endpoint is available ${purpose}: ${states.join(", ")}.`);
}
