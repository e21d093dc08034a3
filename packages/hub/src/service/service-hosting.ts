import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import {
  MigrationLevel,
  type OpenConnectionMessage,
  pingValue,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import {
  type AdoptedConnection,
  ClientEndpoint,
  CloseReasons,
  type ConnectionHandler,
  type UpgradeVerdict,
} from "@signalbox/transport";
import { HubClient } from "../dispatch/hub-client.ts";
import { ClientRequest } from "../hosting/client-request.ts";
import type { Hosting, Visitor } from "../hosting/hosting.ts";
import { limitsOf } from "../hosting/limits.ts";
import { refreshed, refuseRefresh, tokenLifetime } from "../hosting/refresh.ts";
import { targetOf } from "../hosting/target.ts";
import { checkServiceOptions } from "../option-checks.ts";
import type { ErrorListener, HubOptions } from "../options.ts";
import { redirect } from "./client-access.ts";
import { EndpointLinks, type EndpointOwner } from "./endpoint-links.ts";
import { findHeld, renewHeld } from "./held-client.ts";
import { ForwardedHeaders, RelayedClients } from "./relayed-clients.ts";
import { ServiceLifetime } from "./service-lifetime.ts";
import type { ServiceLink } from "./service-link.ts";
import type { GracefulShutdown, ServiceEndpoint, ServiceOptions } from "./service-options.ts";
import { claimEntries, userClaims, userOf } from "./user-claims.ts";

/** One for each process (reference hub-and-service-protocol §4.2). */
const serverId = `${hostname()}_${randomUUID().replaceAll("-", "")}`;

/** The value of the `fin` ping (§4.6). */
const finishModes: Readonly<Record<GracefulShutdown, 0 | 1 | 2>> = { Off: 0, MigrateClients: 1, WaitForClientsClose: 2 };

/** Milliseconds: how long `start` waits for a service that does not answer, and `stop` for its farewell. */
const patience = 5_000;

const closing = { slice: 100, pauseMs: 20 };

/**
 * The clients of a hub are connected to the service (reference hub-and-service-protocol §4.1): negotiate sends them there, and they come back
 * as messages on the server connections.
 */
export class ServiceHosting implements Hosting, EndpointOwner {
  readonly lifetime: ServiceLifetime;
  readonly #hub: string;
  readonly #options: HubOptions;
  readonly #service: ServiceOptions;
  readonly #handlerOf: () => ConnectionHandler;
  readonly #report: ErrorListener;
  readonly #endpoints: readonly EndpointLinks[];
  readonly #clients = new RelayedClients((message) => this.#adopt(message));
  readonly #connections: ClientEndpoint;

  /**
   * @param hubName of the class
   * @throws {ConnectionStringError | TypeError} for a connection string that cannot be used
   */
  constructor(
    hubName: string,
    options: HubOptions,
    service: string | ServiceOptions,
    handlerOf: () => ConnectionHandler,
    report: ErrorListener,
  ) {
    this.#options = options;
    this.#handlerOf = handlerOf;
    this.#report = report;
    this.#service = typeof service === "string" ? { endpoints: service } : service;
    checkServiceOptions(this.#service);
    const { applicationName, credential, gracefulShutdown, connections = 2, maxConnections = 2 * connections } = this.#service;
    this.#hub = (applicationName ? `${applicationName}_${hubName}` : hubName).toLowerCase();
    const links = {
      hub: this.#hub,
      serverId,
      connections,
      maxConnections,
      migrationLevel: gracefulShutdown === "MigrateClients" ? MigrationLevel.ShutdownOnly : MigrationLevel.Off,
      allowStatefulReconnects: options.allowStatefulReconnects === true,
    };
    this.#endpoints = endpointsOf(this.#service).map((endpoint) => new EndpointLinks(endpoint, credential, links, this));
    this.lifetime = new ServiceLifetime(this.#endpoints, this.#clients, serverId);
    // The service watches over the clients' transports; a slow server connection must not count as a slow client.
    const limits = {
      ...limitsOf(options),
      maxPendingBytes: Number.POSITIVE_INFINITY,
      sendTimeout: Number.POSITIVE_INFINITY,
      reconnectWindow: 0,
    };
    this.#connections = new ClientEndpoint({ limits: () => limits, onError: (error) => report(error, "serving a connection") });
  }

  async start(): Promise<void> {
    const starting = Promise.all(this.#endpoints.map((endpoint) => endpoint.start()));
    await Promise.race([starting, delay(patience, undefined, { ref: false })]);
  }

  async stop(): Promise<void> {
    const { gracefulShutdown = "Off", shutdownTimeout = 30_000 } = this.#service;
    const waits = gracefulShutdown !== "Off";
    const signal = AbortSignal.timeout(waits ? shutdownTimeout : patience);
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.finish(finishModes[gracefulShutdown], signal)));
    while (waits && this.#connections.size > 0 && !signal.aborted) await delay(20);
    await Promise.race([this.#connections.closeAll(CloseReasons.stopped, closing), delay(patience, undefined, { ref: false })]);
    await this.#connections.stop();
    for (const endpoint of this.#endpoints) endpoint.stop();
  }

  async negotiate({ client, expiresAt }: Visitor, request: Request): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const endpoint = this.#route();
    if (endpoint === undefined) return new Response("The hub is not connected to the service.", { status: 500 });
    const access = await this.#accessTo(endpoint, client, request);
    if (access === undefined) return new Response("The user has too many claims for an access token.", { status: 413 });
    return Response.json({ negotiateVersion: 0, ...access, ...tokenLifetime(expiresAt), availableTransports: [] });
  }

  async refresh({ client, expiresAt }: Visitor, connectionToken: string, request: Request): Promise<Response> {
    try {
      const held = await findHeld(this.#endpoints, this.lifetime.acks, connectionToken);
      if (held === undefined) return refuseRefresh("connection_not_found");
      if (userOf(held.claims)?.id !== client.userIdentifier) return refuseRefresh("permission_change_rejected");
      const access = await this.#accessTo(held.endpoint, client, request);
      if (access === undefined) return refuseRefresh("token_too_large");
      const claims = claimEntries(userClaims(client.user, client.userIdentifier));
      if (!(await renewHeld(held, this.lifetime.acks, connectionToken, claims, expiresAt)))
        return refuseRefresh("connection_not_found");
      return refreshed(expiresAt, { accessToken: access.accessToken });
    } catch (error) {
      this.#report(error, "refreshing a client's token");
      return refuseRefresh("internal_server_error");
    }
  }

  /** @returns undefined when the token would be longer than the service takes */
  async #accessTo({ connection, identity }: EndpointLinks, { user, userIdentifier }: HubClient, request: Request) {
    const { sticky = "Disabled", accessTokenLifetime = 3_600_000, maxPollIntervalInSeconds } = this.#service;
    const terms = {
      hub: this.#hub,
      serverId,
      sticky,
      detailedErrors: this.#options.enableDetailedErrors === true,
      transports: this.#options.transports,
      handshakeTimeout: this.#options.handshakeTimeout,
      maxPollIntervalInSeconds,
      endpointCount: this.#endpoints.length,
      lifetime: accessTokenLifetime,
    };
    return redirect(connection, await identity.clientKey(), terms, userClaims(user, userIdentifier), targetOf(request.url));
  }

  handle(): Response {
    return new Response("Clients of this hub are connected to the service; they negotiate first.", { status: 404 });
  }

  upgrade(): UpgradeVerdict {
    return { refuse: this.handle() };
  }

  /** What one message goes wrong with, such as the option `userId`, must not cost the link, and with it all its clients. */
  message(link: ServiceLink, message: ServiceMessage): void {
    try {
      this.#handle(link, message);
    } catch (error) {
      this.#report(error, "handling a message of the service");
      if (message.type !== ServiceMessageType.OpenConnection) return;
      const { connectionId } = message;
      link.send({ type: ServiceMessageType.CloseConnection, connectionId, error: "", headers: new Map() });
    }
  }

  #handle(link: ServiceLink, message: ServiceMessage): void {
    switch (message.type) {
      case ServiceMessageType.OpenConnection:
        this.#clients.open(link, message);
        break;
      case ServiceMessageType.ConnectionData:
        this.#clients.data(message);
        break;
      case ServiceMessageType.CloseConnection:
        this.#clients.close(message);
        break;
      case ServiceMessageType.UpdateConnectionClaims:
        this.#clients.find(message.connectionId)?.renewUser(userOf(message.claims));
        break;
      case ServiceMessageType.ConnectionReconnect:
        this.#clients.restarted(message.connectionId);
        break;
      case ServiceMessageType.ConnectionFlowControl:
        this.#clients.flowControl(link, message);
        break;
      case ServiceMessageType.Ack:
        this.lifetime.acks.receive(message);
        break;
      case ServiceMessageType.ClientInvocation:
        this.lifetime.routed(message);
        break;
      case ServiceMessageType.ClientCompletion:
        this.lifetime.completed(message);
        break;
      case ServiceMessageType.ErrorCompletion:
        this.lifetime.failed(message);
        break;
      case ServiceMessageType.ServiceMapping:
        this.lifetime.mapped(message);
        break;
      case ServiceMessageType.Ping: {
        const instanceId = pingValue(message, "offline");
        if (instanceId === undefined) break;
        this.#clients.instanceLost(instanceId);
        this.lifetime.instanceLost(instanceId);
        break;
      }
    }
  }

  drained(link: ServiceLink): void {
    this.#clients.drained(link);
  }

  keepAlive(link: ServiceLink): readonly string[] {
    return ["#clientInHub", String(this.#clients.size), "#client", String(this.#clients.sizeOf(link))];
  }

  lost(link: ServiceLink): void {
    this.#clients.lost(link);
    this.lifetime.lost();
  }

  onError(error: unknown, doing: string): void {
    this.#report(error, doing);
  }

  /** Where a client that negotiates now is to go. */
  #route(): EndpointLinks | undefined {
    if (this.#service.router !== undefined) return this.#service.router(this.#endpoints) as EndpointLinks | undefined;
    const connected = this.#endpoints.filter(({ isConnected }) => isConnected);
    const primary = connected.filter(({ type }) => type === "primary");
    const candidates = primary.length > 0 ? primary : connected;
    return candidates[Math.floor(Math.random() * candidates.length)];
  }

  #adopt(message: OpenConnectionMessage): AdoptedConnection {
    const { claims, queryString = "", connectionId } = message;
    const headers = new ForwardedHeaders(message.headers);
    const path = new URLSearchParams(queryString).get("asrs.op") ?? "/";
    const [address = ""] = (headers.get("x-forwarded-for") ?? "").split(",");
    const request = new ClientRequest("GET", path + queryString, headers, { address: address.trim() });
    const user = userOf(claims);
    const { userId = (known) => known?.id } = this.#options;
    const client = new HubClient(user, user?.id ?? userId(user, request), request, true);
    const { enableDetailedErrors = false } = this.#options;
    return this.#connections.adopt(
      { scope: "", handler: this.#handlerOf(), context: client, detailedErrors: enableDetailedErrors },
      connectionId,
    );
  }
}

function endpointsOf({ endpoints }: ServiceOptions): readonly ServiceEndpoint[] {
  const list = typeof endpoints === "string" || !Array.isArray(endpoints) ? [endpoints] : endpoints;
  return (list as readonly (string | ServiceEndpoint)[]).map((endpoint) =>
    typeof endpoint === "string" ? { connectionString: endpoint } : endpoint,
  );
}
