import { type Listener, type ListenerHandler, listen as listenOn } from "@signalbox/transport";
import type { HubContext } from "./clients/hub-clients.ts";
import { guarded } from "./error-listener.ts";
import { HubRoutes } from "./hosting/hub-routes.ts";
import { LocalHosting } from "./hosting/local-hosting.ts";
import { MappedHub } from "./hosting/mapped-hub.ts";
import { type RequestHandler, requestHandler } from "./hosting/request-handler.ts";
import { targetOf } from "./hosting/target.ts";
import type { ClientOf, HubClass, HubInstance } from "./hub/hub.ts";
import { checkMapOptions, checkServerOptions } from "./option-checks.ts";
import type { ErrorListener, HubServerOptions, MapOptions } from "./options.ts";
import { ServiceHosting } from "./service/service-hosting.ts";

export interface ListenOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Default: both loopback addresses; `0.0.0.0` or `::` for all. */
  readonly host?: string | undefined;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** A server that listens. */
export interface ListeningHubServer {
  readonly port: number;
  /** Addresses really bound. */
  readonly hosts: readonly string[];
  /** The same as `HubServer.close`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const maxHeaderBytes = 16_384;

/**
 * Serves hubs to SignalR clients.
 *
 *     await new HubServer().map("/chat", Chat).listen(5000)
 */
export class HubServer {
  readonly #options: HubServerOptions;
  readonly #onError: ErrorListener;
  readonly #routes: HubRoutes;
  readonly #listeners: Listener[] = [];
  #greatestMessage = 32_768;
  #handler: RequestHandler | undefined = undefined;
  #starting: Promise<void> | undefined = undefined;

  /** @throws {TypeError} that names the option which cannot be used */
  constructor(options: HubServerOptions = {}) {
    checkServerOptions(options);
    this.#options = options;
    this.#onError = guarded(options.onError ?? ((error, doing) => console.error(`An error occurred ${doing}:`, error)));
    this.#routes = new HubRoutes(options.corsOrigins);
  }

  /**
   * Puts a hub at a path. To be called before the server listens or hands out its handler.
   * @throws {TypeError} for a path that is taken, a hub that cannot be called (two methods of one name), an option that cannot be used,
   * and when it is too late
   */
  map<THub extends HubInstance>(path: string, hub: HubClass<THub> & (new () => THub), options?: MapOptions<THub>): this;
  /** A hub whose constructor takes something. */
  map<THub extends HubInstance>(
    path: string,
    hub: HubClass<THub>,
    options: MapOptions<THub> & { readonly create: () => THub },
  ): this;
  map(path: string, hub: HubClass, options?: MapOptions<HubInstance>): this {
    if (this.#starting !== undefined || this.#handler !== undefined)
      throw new TypeError(`'${path}' is mapped too late: hubs come before the server starts or hands out its handler.`);
    checkMapOptions(options ?? {});
    const merged = { ...this.#options, ...given(options ?? {}) };
    const onError: ErrorListener = (error, doing, context) => this.#onError(error, `${doing} (${hub.name})`, context);
    const mapped = new MappedHub(hub as unknown as HubClass, merged as MapOptions<HubInstance>, onError, (dispatcher) => {
      const { service } = this.#options;
      if (service !== undefined) return new ServiceHosting(options?.name ?? hub.name, merged, service, dispatcher, onError);
      return new LocalHosting(merged, dispatcher, (error) => onError(error, "serving a connection"));
    });
    this.#routes.add(path, mapped);
    this.#greatestMessage = Math.max(this.#greatestMessage, merged.maximumReceiveMessageSize ?? 0);
    return this;
  }

  /**
   * The clients of a hub, for the rest of the application.
   * @throws {TypeError} when the hub is not mapped
   */
  hub<THub extends HubInstance>(hub: HubClass<THub>): HubContext<ClientOf<THub>> {
    for (const mapped of this.#routes.all()) {
      if (mapped.hub === (hub as unknown as HubClass)) return mapped.context as unknown as HubContext<ClientOf<THub>>;
    }
    throw new TypeError(`${hub.name} is not mapped.`);
  }

  /** Connects to the service, where there is one. `listen` does this itself; needed beside `handler`. */
  start(): Promise<void> {
    this.#starting ??= Promise.all([...this.#routes.all()].map(({ hosting }) => hosting.start())).then(() => {});
    return this.#starting;
  }

  /**
   * Starts, and serves clients at a port of its own, on Node and on Bun.
   * @throws {ListenError} when the address cannot be bound
   */
  async listen(options: number | ListenOptions): Promise<ListeningHubServer> {
    const where = typeof options === "number" ? { port: options } : options;
    await this.start();
    const listener = await listenOn({
      ...where,
      maxHeaderBytes,
      maxMessageBytes: this.#maxFrameBytes,
      handler: this.#listenerHandler,
    });
    this.#listeners.push(listener);
    const close = () => this.close();
    return { port: listener.port, hosts: listener.hosts, close, [Symbol.asyncDispose]: close };
  }

  /** The hubs for a server that listens already: Node's own, Express, Fastify, Hono. */
  handler(): RequestHandler {
    this.#handler ??= requestHandler(this.#routes, this.#listenerHandler, this.#maxFrameBytes);
    return this.#handler;
  }

  /** Ends every connection, with permission to come back, and stops listening; handlers answer 503 to new clients from then on. */
  async close(): Promise<void> {
    this.#routes.close();
    await Promise.all(this.#listeners.map((listener) => listener.stopAccepting()));
    await Promise.all([...this.#routes.all()].map(({ hosting }) => hosting.stop()));
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A WebSocket message may hold several records, and one record over the limit gets a close message, not a bare 1009. */
  get #maxFrameBytes(): number {
    return 2 * this.#greatestMessage;
  }

  get #listenerHandler(): ListenerHandler {
    const routes = this.#routes;
    return {
      fetch: (request, peer) => routes.fetch(request, targetOf(request.url), peer) ?? new Response(null, { status: 404 }),
      upgrade: (request) => routes.upgrade(request) ?? { refuse: new Response(null, { status: 404 }) },
      onError: (error) => this.#onError(error, "answering a request"),
    };
  }
}

/** Undefined is not given: what the server says stands. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
