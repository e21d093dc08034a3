import { type CloseReason, CloseReasons } from "@signalbox/transport";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { HubServers } from "../backends/app-servers/hub-servers.ts";
import type { UpstreamCall, UpstreamObserver } from "../backends/upstream/observer.ts";
import type { Hub } from "../hub/hub.ts";
import type { ConnectionObserver } from "../hub/hubs.ts";

/** What metrics read when they are scraped: counting costs nothing in between. */
export interface MetricSources {
  hubs(): Iterable<Hub>;
  /** Client connections, those in their handshake included. */
  connections(): number;
  /** Hubs that have app servers. */
  servers(): Iterable<readonly [hub: string, servers: HubServers]>;
  draining(): boolean;
}

/** Hubs whose upstream calls are told apart. A raw client names its hub without a token, and what a counter has seen it keeps. */
const maxUpstreamHubs = 200;
/** Stands for all others; no hub can have this name. */
const otherHubs = "(other)";

/** The service's Prometheus metrics; `docs/metrics.md` is generated from them. */
export class Metrics implements ConnectionObserver, Pick<UpstreamObserver, "onCall"> {
  readonly registry = new Registry();
  readonly #opened: Counter;
  readonly #closed: Counter<"reason">;
  readonly #migrated: Counter;
  readonly #upstream: Histogram<"hub" | "category" | "outcome">;
  readonly #upstreamHubs = new Set<string>();

  constructor(sources: MetricSources) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "signalbox_connections",
      help: "Client connections open now (Azure: ConnectionCount)",
      registers,
      collect() {
        this.set(sources.connections());
      },
    });
    new Gauge({
      name: "signalbox_hub_connections",
      help: "Client connections of a hub",
      labelNames: ["hub"],
      registers,
      collect() {
        this.reset();
        for (const hub of sources.hubs()) this.set({ hub: hub.name }, hub.size);
      },
    });
    perHub(
      "signalbox_messages_sent_total",
      "Messages queued towards clients, one a receiver (Azure: OutboundTraffic counts bytes)",
      (hub) => hub.delivered,
    );
    perHub(
      "signalbox_messages_received_total",
      "Messages received from clients, pings and acknowledgements not counted",
      (hub) => hub.received,
    );
    new Gauge({
      name: "signalbox_server_connections",
      help: "Connections of app servers to a hub (Azure: ServerConnectionCount)",
      labelNames: ["hub"],
      registers,
      collect() {
        this.reset();
        for (const [hub, { connections }] of sources.servers()) this.set({ hub }, connections.size);
      },
    });
    this.#migrated = new Counter({
      name: "signalbox_connections_migrated_total",
      help: "Clients that went from one app server to another without noticing",
      registers,
    });
    new Gauge({
      name: "signalbox_draining",
      help: "1 while the service hands its clients over before it stops",
      registers,
      collect() {
        this.set(sources.draining() ? 1 : 0);
      },
    });
    this.#opened = new Counter({
      name: "signalbox_connections_opened_total",
      help: "Connections whose handshake succeeded (Azure: ConnectionOpenCount)",
      registers,
    });
    this.#closed = new Counter({
      name: "signalbox_connections_closed_total",
      help: "Connections that ended, by close reason (Azure: ConnectionCloseCount and its categories)",
      labelNames: ["reason"],
      registers,
    });
    for (const { metric } of Object.values(CloseReasons)) this.#closed.inc({ reason: metric }, 0);
    this.#upstream = new Histogram({
      name: "signalbox_upstream_seconds",
      help: "Duration of each attempt of an upstream call; outcome is ok (2xx), refused (another status) or failed (no whole answer); hubs beyond the first 200 are counted as (other)",
      labelNames: ["hub", "category", "outcome"],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10, 60],
      registers,
    });

    function perHub(name: string, help: string, value: (hub: Hub) => number): void {
      new Counter({
        name,
        help,
        labelNames: ["hub"],
        registers,
        collect() {
          this.reset();
          for (const hub of sources.hubs()) this.inc({ hub: hub.name }, value(hub));
        },
      });
    }
  }

  opened(): void {
    this.#opened.inc();
  }

  closed(reason: CloseReason): void {
    this.#closed.inc({ reason: reason.metric });
  }

  migrated(): void {
    this.#migrated.inc();
  }

  onCall({ hub, category, status, error, durationMs }: UpstreamCall): void {
    const outcome = error !== undefined || status === undefined ? "failed" : status < 300 ? "ok" : "refused";
    this.#upstream.observe({ hub: this.#labelOf(hub), category, outcome }, durationMs / 1000);
  }

  #labelOf(hub: string): string {
    if (this.#upstreamHubs.size < maxUpstreamHubs) this.#upstreamHubs.add(hub);
    return this.#upstreamHubs.has(hub) ? hub : otherHubs;
  }
}
