import type { Recipient } from "../endpoints/endpoint-router.ts";
import type { EndpointSet } from "../endpoints/endpoint-set.ts";
import type { HealthMonitor } from "../endpoints/health-monitor.ts";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { EndpointUnreachableError, RequestTimeoutError } from "../errors.ts";
import type { MessageEncoder } from "../rest/message-body.ts";
import type { RestCaller } from "../rest/rest-caller.ts";
import { type ApiVersion, pathOf, queryOf, type RestAnswer, type RestRequest } from "../rest/rest-request.ts";
import type { CallOptions } from "./hub-context.ts";

/** What all hubs of a client share. */
export interface HubServices {
  readonly rest: RestCaller;
  readonly endpoints: EndpointSet;
  readonly health: HealthMonitor;
  readonly encode: MessageEncoder;
  readonly application: string | undefined;
}

/** A call within a hub. */
export interface HubRequest extends Omit<RestRequest, "path" | "query"> {
  /** After the hub; encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Default: 2022-06-01. */
  readonly apiVersion?: ApiVersion;
}

/** Makes the calls of one hub, to every endpoint that has to do with them. */
export class HubCaller {
  readonly services: HubServices;
  readonly hub: string;
  readonly options: CallOptions;
  readonly #path: string;

  constructor(services: HubServices, hub: string, options: CallOptions) {
    this.services = services;
    this.hub = hub;
    this.options = options;
    this.#path = `/api/hubs${pathOf(hub.toLowerCase())}`;
  }

  /**
   * For what may concern every endpoint. Waits for all of them.
   * @returns false when all said no
   * @throws {SignalRServiceError} the first failure. That of an endpoint which cannot be reached is none while another one accepted: it is
   *   as offline as those that were left out.
   */
  async all(recipient: Recipient, request: HubRequest): Promise<boolean> {
    const endpoints = await this.endpoints(recipient);
    const resolved = this.#resolve(request);
    if (endpoints.length === 1) return (await this.#call(endpoints[0]!, resolved)) !== undefined;
    const outcomes = await Promise.allSettled(endpoints.map((endpoint) => this.#call(endpoint, resolved)));
    const answers = outcomes.filter((outcome) => outcome.status === "fulfilled");
    const failures = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason as unknown);
    const serious = answers.length > 0 ? failures.find((failure) => !isOutOfReach(failure)) : failures[0];
    if (serious !== undefined) throw serious;
    return answers.some(({ value }) => value !== undefined);
  }

  /**
   * For what concerns one connection, which is at one endpoint. The others are given up once that one has answered.
   * @returns undefined when all said no
   * @throws {SignalRServiceError} when none said yes and one failed
   */
  async any(recipient: Recipient, request: HubRequest): Promise<RestAnswer | undefined> {
    const endpoints = await this.endpoints(recipient);
    const resolved = this.#resolve(request);
    if (endpoints.length === 1) return this.#call(endpoints[0]!, resolved);
    const found = new AbortController();
    const { signal } = this.options;
    const options = { ...this.options, signal: signal === undefined ? found.signal : AbortSignal.any([signal, found.signal]) };
    const ask = async (endpoint: ServiceEndpoint) => (await this.#call(endpoint, resolved, options)) ?? Promise.reject(no);
    try {
      return await Promise.any(endpoints.map(ask));
    } catch (error) {
      const failure = (error as AggregateError).errors.find((reason) => reason !== no);
      if (failure !== undefined) throw failure;
      return undefined;
    } finally {
      found.abort();
    }
  }

  /** One endpoint. @returns undefined for a no */
  one(endpoint: ServiceEndpoint, request: HubRequest): Promise<RestAnswer | undefined> {
    return this.#call(endpoint, this.#resolve(request));
  }

  /** Goes on where an earlier answer said: at the same path of this endpoint. */
  follow(endpoint: ServiceEndpoint, nextLink: string): Promise<RestAnswer | undefined> {
    // Not its host: the token is for this endpoint only, and behind a proxy the service may know itself by another name.
    const { pathname, search } = new URL(nextLink, endpoint.restBase);
    const path = pathname.slice(Math.max(pathname.indexOf("/api/hubs/"), 0));
    return this.#call(endpoint, { method: "GET", path, query: search });
  }

  /** Those that a call to the recipient goes to. @throws {NoEndpointAvailableError} */
  endpoints(recipient: Recipient): Promise<readonly ServiceEndpoint[]> {
    return this.services.endpoints.forMessage(this.hub, recipient, this.options.endpoints);
  }

  #resolve({ apiVersion = "2022-06-01", ...request }: HubRequest): RestRequest {
    const { application } = this.services;
    return {
      ...request,
      path: this.#path + request.path,
      query: queryOf({ application: application?.toLowerCase(), "api-version": apiVersion, ...request.query }),
    };
  }

  async #call(endpoint: ServiceEndpoint, request: RestRequest, options = this.options): Promise<RestAnswer | undefined> {
    try {
      return await this.services.rest.call(endpoint, request, options);
    } catch (failure) {
      if (isOutOfReach(failure)) this.services.health.suspect(endpoint);
      throw failure;
    }
  }
}

const no = Symbol("no");

function isOutOfReach(failure: unknown): boolean {
  return (
    failure instanceof RequestTimeoutError || (failure instanceof EndpointUnreachableError && failure.status === undefined)
  );
}
