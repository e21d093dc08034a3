import { setTimeout as sleep } from "node:timers/promises";
import {
  ClientEndpoint,
  CloseReasons,
  type Listener,
  type ListenerHandler,
  type ListenerOptions,
  listen,
  TrustedProxies,
} from "@signalbox/transport";
import type { Logger } from "pino";
import { createAdminDoor } from "./admin/admin-door.ts";
import { OwnHosts } from "./auth/own-hosts.ts";
import { createTokenVerifier } from "./auth/token-verifier.ts";
import { AppServersBackend } from "./backends/app-servers/app-servers-backend.ts";
import { Backends } from "./backends/backends.ts";
import { Announcer, type AnnouncerParts } from "./backends/upstream/announcer.ts";
import type { UpstreamObserver } from "./backends/upstream/observer.ts";
import type { UpstreamOptions } from "./backends/upstream/options.ts";
import { RawUpstream } from "./backends/upstream/raw-upstream.ts";
import { RecentCalls } from "./backends/upstream/recent-calls.ts";
import { findTemplate } from "./backends/upstream/template.ts";
import { templateId } from "./backends/upstream/template-id.ts";
import { TemplateSet } from "./backends/upstream/template-set.ts";
import { UntakenEvents } from "./backends/upstream/untaken-events.ts";
import { UpstreamBackend } from "./backends/upstream/upstream-backend.ts";
import { ClientDoor } from "./clients/client-door.ts";
import { RawDoor } from "./clients/raw-door.ts";
import { readCertificate } from "./config/certificate.ts";
import { adminEndpoint, adminIsSecure, connectionStringOf, publicEndpoint } from "./config/endpoint.ts";
import type { Settings } from "./config/settings.ts";
import type { UpstreamTemplate } from "./config/upstream-template.ts";
import { Hubs } from "./hub/hubs.ts";
import { RawClients } from "./hub/raw-clients.ts";
import { createRestDoor } from "./rest/rest-door.ts";
import { ServerDoor } from "./servers/server-door.ts";
import { inMemoryStore } from "./store/memory-store.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import type { Store } from "./store/store.ts";
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
  /** The base URL of the dashboard, health and metrics. */
  readonly adminUrl: string;
  /** Where events go now, first match first. */
  readonly templates: readonly UpstreamTemplate[];
  /** True: templates saved on the dashboard take the place of those in the settings. */
  readonly templatesAreSaved: boolean;
  /**
   * Takes over what may change while running; the rest waits for the next start.
   * @param origins as at the start; absent: where settings come from has not changed
   */
  reload(settings: Settings, origins?: ReadonlyMap<string, string>): void;
  /**
   * Adds an upstream template behind all others until the service stops; the dashboard shows it and edits it not.
   * @param origin who adds it, for people
   */
  appendTemplate(template: UpstreamTemplate, origin: string): void;
  /**
   * Health turns unready, new connections are refused, clients are closed in slices with permission to reconnect, upstream calls under
   * way finish; all within `drain.deadline`. The same promise however often it is called.
   */
  drain(): Promise<void>;
  /** Ends what is left at once and frees ports and data file. */
  stop(): Promise<void>;
}

export interface ServiceParts {
  readonly log: Logger;
  /** For each setting that a source gave, the name of the source, as `loadSettings` tells it; the dashboard shows it. */
  readonly origins?: ReadonlyMap<string, string>;
}

/**
 * Starts the service: store, hubs, upstream, doors, listeners, in this order, so that the first request finds everything in place.
 * @throws {ListenError} when an address cannot be bound
 * @throws {StoreError} when the data file cannot be used
 * @throws {SettingsError} when a certificate file cannot be used
 */
export async function startService(initial: Settings, { log, origins = new Map() }: ServiceParts): Promise<Service> {
  let draining: Promise<void> | undefined;
  const isDraining = () => draining !== undefined;
  const keys = () => current.keys;
  const onError = (error: unknown) => log.error({ err: error }, "A request failed unexpectedly.");

  const tls = readCertificate(initial.tls);
  const store: Store = initial.inMemory ? inMemoryStore() : new SqliteStore(initial.data);
  const given = ({ upstream }: Settings, from: typeof origins) => ({
    templates: upstream.templates,
    origin: from.get("upstream.templates"),
  });
  const templates = orClose(store, () => new TemplateSet(store.templates, given(initial, origins)));
  const instanceId = crypto.randomUUID();
  const deadInstances = orClose(store, () => store.instances.begin(instanceId, Date.now()));
  const calls = new RecentCalls();
  const untaken = new UntakenEvents();
  let current = derived(initial, templates.inForce);
  templates.onChange(() => {
    current = derived(current.settings, templates.inForce);
    calls.keepOnly(new Set(templates.inForce.map(templateId)));
    untaken.forget((event) => findTemplate(templates.inForce, event) !== undefined);
  });
  const verifier = createTokenVerifier({ keys, clockSkewSeconds: () => current.settings.tokens.clockSkew / 1000 });
  const metrics: Metrics = new Metrics({
    hubs: () => hubs.all(),
    connections: () => endpoint.size,
    servers: () => appServers.hubs(),
    draining: isDraining,
  });
  const observer: UpstreamObserver = {
    onCall(call) {
      metrics.onCall(call);
      calls.onCall(call);
    },
    onUntaken: (event) => untaken.onUntaken(event),
  };
  const announcing: AnnouncerParts = { options: () => current.upstream, keys, log, observer };
  const announcer = new Announcer(announcing);
  const upstream = new UpstreamBackend(announcing, announcer);
  const rawUpstream = new RawUpstream(announcing, announcer);
  const silent: AnnouncerParts = { options: () => ({ ...current.upstream, templates: [] }), keys, log };
  const nobody = new UpstreamBackend(silent, new Announcer(silent));
  const connectionOf = (hub: string, token: string) => endpoint.find(hub, token)?.id;
  const appServers = new AppServersBackend({
    instanceId,
    deadInstances,
    options: () => current.appServers,
    hubs: () => hubs,
    connectionOf,
    log,
    onMigrated: () => metrics.migrated(),
  });
  const backends = new Backends({ mode: (hub) => current.modeOf(hub), appServers, upstream, nobody });
  const hubs = new Hubs(
    store.memberships,
    (client) => backends.of(client),
    metrics,
    (error) => log.error({ err: error }, "Memberships that ran out stay in the data file for now."),
  );
  const endpoint = new ClientEndpoint({ limits: () => current.settings.clients, onError });

  const room = () => ({ maxConnections: current.settings.clients.maxConnections, draining: isDraining() });
  const clients = new ClientDoor({
    endpoint,
    handler: hubs,
    verifier,
    options: () => ({
      ...room(),
      ownHosts: current.ownHosts,
      corsOrigins: current.settings.cors.origins,
      allowsStatefulReconnect: (client) => backends.allowsStatefulReconnect(client),
    }),
  });
  const rawClients = new RawDoor({
    endpoint,
    handler: new RawClients(hubs, rawUpstream),
    verifier,
    options: () => ({
      ...room(),
      ownHosts: current.ownHosts,
      trustedProxies: current.trustedProxies,
      certificateHeader: current.settings.proxies.certificateHeader,
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
    connectionOf,
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
  const admin = createAdminDoor({
    metrics,
    draining: isDraining,
    access: () => ({ token: current.settings.adminToken, ip: initial.adminIp, hosts: current.settings.adminHosts }),
    upstream: { templates, calls, untaken, durable: store.durable, options: () => current.upstream, keys },
    onError,
  });
  const noUpgrade = () => ({ refuse: new Response(null, { status: 404 }) });

  const serve = (
    where: { port: number; host?: string | undefined; tls?: ListenerOptions["tls"] | undefined },
    handler: ListenerHandler,
  ) =>
    listen({
      port: where.port,
      ...(where.host === undefined ? {} : { host: where.host }),
      ...(where.tls && { tls: where.tls }),
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
    try {
      store.instances.end(instanceId);
    } catch (error) {
      log.error({ err: error }, "App servers will be told that this instance died.");
    }
    store.close();
  };
  try {
    // One after the other: what is open when the next fails must be known, to be closed again.
    listeners.push(
      await serve(
        { port: initial.port, host: initial.ip, tls: tls && { ...tls, requestCertificate: initial.tls.requestCertificate } },
        {
          hot: (request) => rest.hot(request),
          fetch: (request, peer) =>
            clients.fetch(request, peer) ?? rawClients.fetch(request) ?? servers.fetch(request) ?? rest.fetch(request, peer),
          upgrade: (request) =>
            clients.upgrade(request) ?? rawClients.upgrade(request) ?? servers.upgrade(request) ?? noUpgrade(),
        },
      ),
    );
    listeners.push(
      await serve(
        { port: initial.adminPort, host: initial.adminIp, tls: adminIsSecure(initial) ? tls : undefined },
        { fetch: admin.fetch, upgrade: noUpgrade },
      ),
    );
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
      .then(() => Promise.all([upstream.drained(), rawUpstream.drained(), appServers.drained()]));
    await Promise.race([finished, sleep(deadline, undefined, { ref: false })]);
  }

  return {
    port: main.port,
    adminPort: adminListener.port,
    hosts: main.hosts,
    url: publicEndpoint(initial, main.port),
    connectionString: connectionStringOf(initial, main.port),
    adminUrl: adminEndpoint(initial, adminListener.port),
    get templates() {
      return templates.inForce;
    },
    get templatesAreSaved() {
      return templates.saved !== undefined;
    },
    appendTemplate: (template, origin) => templates.append({ template, origin }),
    reload(settings, from = origins) {
      origins = from;
      current = derived(settings, templates.inForce);
      templates.give(given(settings, from));
      log.level = settings.log.level;
    },
    drain() {
      draining ??= drain();
      return draining;
    },
    stop: release,
  };
}

/** Whatever is thrown, the store is closed: nobody else will. */
function orClose<T>(store: Store, read: () => T): T {
  try {
    return read();
  } catch (error) {
    store.close();
    throw error;
  }
}

/** What is made of the settings once, not for each request. */
function derived(settings: Settings, templates: readonly UpstreamTemplate[]) {
  const { primary, secondary } = settings.accessKeys;
  const { timeout, responseLimit, concurrency, maxWaiting, maxRedirects, closeOnRefusedConnect, retries } = settings.upstream;
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
  const trustedProxies = new TrustedProxies(settings.proxies.trusted);
  // Hubs are named by clients: one may be called `constructor`.
  const modes = new Map(Object.entries(settings.modes));
  return {
    settings,
    keys: secondary === undefined ? [primary] : [primary, secondary],
    appServers: {
      limits: settings.servers,
      trustedProxies,
      clientsPerConnection: settings.servers.clientsPerConnection,
      maxClients: settings.clients.maxConnections,
    },
    modeOf: (hub: string) => modes.get(hub) ?? settings.mode,
    trustedProxies,
    ownHosts: new OwnHosts(settings.endpoint === undefined ? [] : [settings.endpoint]),
    upstream,
  };
}
