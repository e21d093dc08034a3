import { setTimeout as delay } from "node:timers/promises";
import {
  type ConnectionString,
  parseConnectionString,
  pingValue,
  ServerConnectionType,
  type ServiceMessage,
  ServiceMessageType,
  type TokenCredential,
} from "@signalbox/protocol";
import { BackOff } from "./back-off.ts";
import { type EndpointIdentity, identityFor } from "./endpoint-identity.ts";
import { type LinkOptions, type LinkOwner, ServiceLink } from "./service-link.ts";
import type { EndpointState, ServiceEndpoint } from "./service-options.ts";

/** Milliseconds. */
const statusInterval = 10_000;
const finishInterval = 5_000;
const finishAttempts = 24;

export interface EndpointLinksOptions extends Omit<LinkOptions, "connection" | "identity" | "type" | "target"> {
  readonly connections: number;
  readonly maxConnections: number;
}

/** What hears of an endpoint's messages; the pings that concern the links alone are dealt with here. */
export interface EndpointOwner extends Pick<LinkOwner, "message" | "drained" | "keepAlive"> {
  /** The link's clients are gone. */
  lost(link: ServiceLink): void;
  onError(error: unknown, doing: string): void;
}

/**
 * The server connections of one hub to one endpoint: so many are always there, or being tried again; more for a while when the service
 * asks for it (reference hub-and-service-protocol §4.8, §4.9).
 */
export class EndpointLinks implements EndpointState, LinkOwner {
  readonly name: string;
  readonly type: "primary" | "secondary";
  readonly connection: ConnectionString;
  readonly identity: EndpointIdentity;
  clients = 0;
  readonly #options: EndpointLinksOptions;
  readonly #owner: EndpointOwner;
  readonly #links = new Set<ServiceLink>();
  readonly #onClosed = new Map<ServiceLink, () => void>();
  /** The service sends no more clients there. */
  readonly #finished = new WeakSet<ServiceLink>();
  #onFinish: () => void = () => {};
  /** The latest failure that was told, while no link has opened since. */
  #reported: string | undefined = undefined;
  /** The `fin` value of reference hub-and-service-protocol §4.6, once `finish` was called. */
  #finishMode: 0 | 1 | 2 | undefined = undefined;
  readonly #stopped = new AbortController();
  #status: NodeJS.Timeout | undefined = undefined;

  /**
   * @param credential for connection strings without an access key
   * @throws {ConnectionStringError | TypeError} for a connection string that cannot be used
   */
  constructor(
    endpoint: ServiceEndpoint,
    credential: TokenCredential | undefined,
    options: EndpointLinksOptions,
    owner: EndpointOwner,
  ) {
    this.connection = parseConnectionString(endpoint.connectionString);
    this.identity = identityFor(this.connection, credential);
    this.name = endpoint.name ?? this.connection.endpoint;
    this.type = endpoint.type ?? "primary";
    this.#options = options;
    this.#owner = owner;
  }

  get isConnected(): boolean {
    return this.first !== undefined;
  }

  /** The oldest link that can be written to: who has no link of its own uses this one, so that its messages keep their order. */
  get first(): ServiceLink | undefined {
    for (const link of this.#links) if (link.isOpen) return link;
    return undefined;
  }

  has(link: ServiceLink): boolean {
    return this.#links.has(link);
  }

  /** Resolves when the first link is open, or the first attempt has failed; trying goes on. */
  async start(): Promise<void> {
    const { connections } = this.#options;
    const type = this.type === "primary" ? ServerConnectionType.Default : ServerConnectionType.Weak;
    this.#status = setInterval(() => this.first?.ping(["status", "1"]), statusInterval);
    this.#status.unref();
    await Promise.race(Array.from({ length: connections }, () => new Promise<void>((tried) => void this.#keep(type, tried))));
  }

  /**
   * Tells the service to send no more clients here, again and again until it has heard on every link, also on those that open meanwhile.
   * @param mode the `fin` value of reference hub-and-service-protocol §4.6
   */
  async finish(mode: 0 | 1 | 2, signal: AbortSignal): Promise<void> {
    this.#finishMode = mode;
    const finished = new Promise<void>((resolve) => {
      this.#onFinish = () => {
        if (this.#unfinished.length === 0) resolve();
      };
    });
    for (let attempt = 0; attempt < finishAttempts && this.#unfinished.length > 0 && !signal.aborted; attempt++) {
      for (const link of this.#unfinished) this.#pingFinish(link);
      await Promise.race([finished, delay(finishInterval, undefined, { signal, ref: false }).catch(() => {})]);
    }
  }

  /** Ends the links; none is tried again. */
  stop(): void {
    this.#stopped.abort();
    clearInterval(this.#status);
    for (const link of this.#links) link.close();
  }

  message(link: ServiceLink, message: ServiceMessage): void {
    switch (message.type) {
      case ServiceMessageType.Ping: {
        if (pingValue(message, "shutdown") === "finack") this.#acknowledgeFinish(link);
        const clients = pingValue(message, "clientcount");
        if (clients !== undefined) this.clients = Number(clients) || 0;
        const echo = pingValue(message, "echo");
        if (echo !== undefined) link.ping(message.values);
        const target = pingValue(message, "target");
        if (target) void this.#openOnDemand(target);
        break;
      }
      case ServiceMessageType.ServiceError:
        this.#owner.onError(new Error(message.error ?? "The service ended a server connection."), "talking to the service");
        link.mute();
        return;
    }
    this.#owner.message(link, message);
  }

  drained(link: ServiceLink): void {
    this.#owner.drained(link);
  }

  keepAlive(link: ServiceLink): readonly string[] {
    return this.#owner.keepAlive(link);
  }

  closed(link: ServiceLink, error: Error | undefined): void {
    this.#links.delete(link);
    this.#acknowledgeFinish(link);
    if (error !== undefined && !this.#stopped.signal.aborted) this.#report(error, "talking to the service");
    this.#owner.lost(link);
    this.#onClosed.get(link)?.();
  }

  /** Links fail together, and again at each attempt: the same failure is told once, until a link has been open in between. */
  #report(error: unknown, doing: string): void {
    const text = `${doing}: ${String(error)}`;
    if (text === this.#reported) return;
    this.#reported = text;
    this.#owner.onError(error, doing);
  }

  /** One link, again and again. */
  async #keep(type: LinkOptions["type"], tried: () => void): Promise<void> {
    const backOff = new BackOff();
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const { connection, identity } = this;
      const link = new ServiceLink({ ...this.#options, connection, identity, type }, this);
      try {
        await this.#open(link);
        backOff.connected();
        tried();
        await this.#untilClosed(link);
      } catch (error) {
        if (!signal.aborted) this.#report(error, "connecting to the service");
      }
      tried();
      await delay(backOff.next(), undefined, { signal }).catch(() => {});
    }
  }

  /** `stop` ends it, too. */
  async #open(link: ServiceLink): Promise<void> {
    const { signal } = this.#stopped;
    const close = () => link.close();
    signal.addEventListener("abort", close);
    try {
      await link.open();
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  #untilClosed(link: ServiceLink): Promise<void> {
    if (this.#stopped.signal.aborted) link.close();
    this.#reported = undefined;
    this.#links.add(link);
    if (this.#finishMode !== undefined) this.#pingFinish(link);
    return new Promise((resolve) => {
      this.#onClosed.set(link, () => {
        this.#onClosed.delete(link);
        resolve();
      });
    });
  }

  /** Not tried again when it is lost. */
  async #openOnDemand(target: string): Promise<void> {
    if (this.type === "secondary" || this.#links.size >= this.#options.maxConnections) return;
    const { connection, identity } = this;
    const type = ServerConnectionType.OnDemand;
    const link = new ServiceLink({ ...this.#options, connection, identity, type, target }, this);
    try {
      await this.#open(link);
      await this.#untilClosed(link);
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#report(error, "connecting to the service");
    }
  }

  #pingFinish(link: ServiceLink): void {
    link.ping(["shutdown", `fin:${this.#finishMode}`]);
  }

  get #unfinished(): readonly ServiceLink[] {
    return [...this.#links].filter((link) => link.isOpen && !this.#finished.has(link));
  }

  #acknowledgeFinish(link: ServiceLink): void {
    this.#finished.add(link);
    this.#onFinish();
  }
}
