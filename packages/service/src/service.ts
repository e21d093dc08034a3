import { setTimeout as sleep } from "node:timers/promises";
import { ClientEndpoint, CloseReasons, type Listener, type ListenerHandler, listen } from "@signalbox/transport";
import type { Logger } from "pino";
import { createAdminDoor } from "./admin/admin-door.ts";
import { OwnHosts } from "./auth/own-hosts.ts";
import { createTokenVerifier } from "./auth/token-verifier.ts";
import { AppServersBackend } from "./backends/app-servers/app-servers-backend.ts";
import { Backends } from "./backends/backends.ts";
import type { UpstreamOptions } from "./backends/upstream/options.ts";
import { UpstreamBackend } from "./backends/upstream/upstream-backend.ts";
import { ClientDoor } from "./clients/client-door.ts";
import { readCertificate } from "./config/certificate.ts";
import { connectionStringOf, publicEndpoint } from "./config/endpoint.ts";
import type { Settings } from "./config/settings.ts";
import { Hubs } from "./hub/hubs.ts";
import { createRestDoor } from "./rest/rest-door.ts";
import { ServerDoor } from "./servers/server-door.ts";
import type { MembershipStore } from "./store/membership-store.ts";
import { memoryStore } from "./store/memory-store.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import { Metrics } from "./telemetry/metrics.ts";

/** A running service. */
export interface Service {
  readonly port: number;
  readonly adminPort: number;
  /** Addresses bound for clients and REST. */
  readonly hosts: readonly string[];
  /** The base URL that clients and back ends use: the setting `endpoint`, or the address bound. */
  readonly url: string;
  readonly connectionString: string;
  /** Takes over what may change while running; the rest waits for the next start. */
  reload(settings: Settings): void;
  /**
   * Health turns unready, new connections are refused, clients are closed in slices with permission to reconnect, upstream calls under
   * way finish; all within `drain.deadline`. The same promise however often it is called.
   */
  drain(): Promise<void>;
  /** Ends what is left at once and frees ports and data file. */
  stop(): Promise<void>;
}

/**
 * Starts the service: store, hubs, upstream, doors, listeners, in this order, so that the first request finds everything in place.
 * @throws {ListenError} when an address cannot be bound
 * @throws {StoreError} when the data file cannot be used
 * @throws {SettingsError} when a certificate file cannot be used
 */
export async function startService(initial: Settings, { log }: { readonly log: Logger }): Promise<Service> {
  let current = derived(initial);
  let draining: Promise<void> | undefined;
  const isDraining = () => draining !== undefined;
  const keys = () => current.keys;
  const onError = (error: unknown) => log.error({ err: error }, "A request failed unexpectedly.");

  const tls = readCertificate(initial.tls);
  const store: MembershipStore = initial.inMemory ? memoryStore : new SqliteStore(initial.data);
  const verifier = createTokenVerifier({ keys, clockSkewSeconds: () => current.settings.tokens.clockSkew / 1000 });
  const metrics: Metrics = new Metrics({
    hubs: () => hubs.all(),
    connections: () => endpoint.size,
    servers: () => appServers.hubs(),
    draining: isDraining,
  });
  const upstream = new UpstreamBackend({ options: () => current.upstream, keys, log, observer: metrics });
  const nobody = new UpstreamBackend({ options: () => ({ ...current.upstream, templates: [] }), keys, log });
  const appServers = new AppServersBackend({
    options: () => current.appServers,
    hubs: () => hubs,
    findClient: (hub, token) => endpoint.find(hub, token),
    log,
    onMigrated: () => metrics.migrated(),
  });
  const backends = new Backends({ mode: (hub) => current.modeOf(hub), appServers, upstream, nobody });
  const hubs = new Hubs(
    store,
    (client) => backends.of(client),
    metrics,
    (error) => log.error({ err: error }, "Memberships that ran out stay in the data file for now."),
  );
  const endpoint = new ClientEndpoint({ limits: () => current.settings.clients, onError });

  const clients = new ClientDoor({
    endpoint,
    handler: hubs,
    verifier,
    options: () => ({
      ownHosts: current.ownHosts,
      corsOrigins: current.settings.cors.origins,
      maxConnections: current.settings.clients.maxConnections,
      draining: isDraining(),
      allowsStatefulReconnect: (client) => backends.allowsStatefulReconnect(client),
    }),
  });
  const servers = new ServerDoor({
    verifier,
    options: () => ({
      ownHosts: current.ownHosts,
      draining: isDraining(),
      maxMessageBytes: current.settings.servers.maxMessageBytes,
    }),
    takesServers: (hub) => backends.takesServers(hub),
    accept: (identity) => appServers.accept(identity),
  });
  const rest = createRestDoor({
    hubs,
    verifier,
    keys,
    log,
    ownHosts: () => current.ownHosts,
    options: () => ({
      maxBodyBytes: current.settings.rest.maxBodyBytes,
      invokeTimeout: current.settings.rest.invokeTimeout,
      endpoint: current.settings.endpoint,
      corsOrigins: current.settings.cors.origins,
      draining: isDraining(),
    }),
  });
  const admin = createAdminDoor({ metrics, draining: isDraining });
  const noUpgrade = () => ({ refuse: new Response(null, { status: 404 }) });

  const serve = (where: { port: number; host?: string | undefined; tls?: typeof tls }, handler: ListenerHandler) =>
    listen({
      port: where.port,
      ...(where.host === undefined ? {} : { host: where.host }),
      ...(where.tls === undefined ? {} : { tls: where.tls }),
      maxHeaderBytes: initial.rest.maxHeaderBytes,
      maxMessageBytes: Math.max(2 * initial.clients.maxMessageBytes, initial.servers.maxMessageBytes),
      handler: { ...handler, onError },
    });

  const listeners: Listener[] = [];
  const release = async () => {
    await endpoint.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
    appServers.stop();
    hubs.stop();
    store.close();
  };
  try {
    // One after the other: what is open when the next fails must be known, to be closed again.
    listeners.push(
      await serve(
        { port: initial.port, host: initial.ip, tls },
        {
          hot: (request) => rest.hot(request),
          fetch: (request, peer) => clients.fetch(request, peer) ?? servers.fetch(request) ?? rest.fetch(request, peer),
          upgrade: (request) => clients.upgrade(request) ?? servers.upgrade(request) ?? noUpgrade(),
        },
      ),
    );
    listeners.push(await serve({ port: initial.adminPort }, { fetch: admin.fetch, upgrade: noUpgrade }));
  } catch (error) {
    await release();
    throw error;
  }
  const [main, adminListener] = listeners as [Listener, Listener];

  async function drain(): Promise<void> {
    const { sliceSize, pause, deadline } = current.settings.drain;
    appServers.announceDrain();
    const finished = endpoint
      .closeAll(CloseReasons.drain, { slice: sliceSize, pauseMs: pause })
      .then(() => Promise.all([upstream.drained(), appServers.drained()]));
    await Promise.race([finished, sleep(deadline, undefined, { ref: false })]);
  }

  return {
    port: main.port,
    adminPort: adminListener.port,
    hosts: main.hosts,
    url: publicEndpoint(initial, main.port),
    connectionString: connectionStringOf(initial, main.port),
    reload(settings) {
      current = derived(settings);
      log.level = settings.log.level;
    },
    drain() {
      draining ??= drain();
      return draining;
    },
    stop: release,
  };
}

/** What is made of the settings once, not for each request. */
function derived(settings: Settings) {
  const { primary, secondary } = settings.accessKeys;
  const { timeout, responseLimit, concurrency, maxWaiting, maxRedirects, closeOnRefusedConnect, retries, templates } =
    settings.upstream;
  const upstream: UpstreamOptions = {
    templates,
    timeoutMs: timeout,
    responseLimitBytes: responseLimit,
    concurrencyPerEndpoint: concurrency,
    waitingPerEndpoint: maxWaiting,
    maxRedirects,
    closeOnRefusedConnect,
    retry: {
      attempts: 1 + retries.attempts,
      baseDelayMs: retries.baseDelay,
      maxDelayMs: retries.maxDelay,
      messages: retries.messages,
    },
  };
  return {
    settings,
    keys: secondary === undefined ? [primary] : [primary, secondary],
    appServers: { limits: settings.servers, maxClients: settings.clients.maxConnections, ...settings.servers },
    modeOf: (hub: string) => settings.modes[hub] ?? settings.mode,
    ownHosts: new OwnHosts(settings.endpoint === undefined ? [] : [settings.endpoint]),
    upstream,
  };
}
