import type { ListenerHandler } from "@signalbox/transport";
import type { LayeredSettings } from "../config/app-settings.ts";
import type { HostConfig } from "../config/host-json.ts";
import type { Webhook } from "../contracts/binding.ts";
import type { FunctionDefinition, LoadProblem } from "../contracts/function-definition.ts";
import type { FunctionRunner } from "../contracts/function-runner.ts";
import type { Log, LogLevel } from "../contracts/invocation.ts";
import { adminPath, createAdminApi } from "./admin/admin-api.ts";
import type { Drain } from "./admin/drain.ts";
import { answerPreflight, type CorsOptions, permitOrigin } from "./cors.ts";
import { answerByFunction } from "./function-door.ts";
import { homePage } from "./home-page.ts";
import { type HttpFunction, readHttpFunctions } from "./http-function.ts";
import { Identity, type IdentityOptions } from "./identity/identity.ts";
import { type Inbound, toInbound, toRequest } from "./inbound.ts";
import { Access } from "./keys/access.ts";
import type { Secrets } from "./keys/secrets.ts";
import type { ProxyDefinition } from "./proxies/proxies-file.ts";
import { answerByProxy } from "./proxies/proxy.ts";
import { type RouteMatch, RouteTable } from "./routing/route-table.ts";
import { Throttle } from "./throttle.ts";
import { Webhooks } from "./webhooks.ts";

export interface HttpFrontOptions {
  readonly hostConfig: HostConfig;
  readonly settings: LayeredSettings;
  readonly secrets: Secrets;
  /** Absolute folder of the app. */
  readonly appRoot: string;
  /** The host's version, as `status` and the home page tell it. */
  readonly version: string;
  readonly cors: CorsOptions;
  /** False: no key is asked for, as with the command-line tools. */
  readonly enableAuth: boolean;
  readonly proxies: readonly ProxyDefinition[];
  readonly identity: IdentityOptions;
  readonly log: Log;
  /** The port listened on; undefined before that. */
  port(): number | undefined;
  /** Loads the app anew, asked for by `/admin/host/restart`. Absent: not offered. */
  restart?(): Promise<void>;
  /** Offered at `/admin/host/drain`. */
  readonly drain?: Drain;
}

/** What is served from now on. */
interface ServedApp {
  readonly functions: readonly { readonly definition: FunctionDefinition; readonly isDisabled: boolean }[];
  /** What is wrong with others; shown by `status`. */
  readonly problems: readonly LoadProblem[];
  readonly runner: FunctionRunner;
  /** From `LoadedApp`. */
  readonly httpUri?: string | undefined;
}

/**
 * The web front of the functions host. What a request meets, in this order:
 *
 *   identity headers ─▶ CORS ─▶ /.auth ─▶ /admin, /runtime/webhooks ─▶ proxies ─▶ functions ─▶ home page ─▶ 404
 */
export interface HttpFront extends Required<Pick<ListenerHandler, "fetch" | "upgrade">> {
  /**
   * Serves this app from now on. Requests that come before the first call wait for it, at most 30 s.
   * @returns the HTTP functions that can be reached, and what is wrong with others: a route that cannot be used or conflicts
   */
  load(app: ServedApp): { readonly functions: readonly HttpFunction[]; readonly problems: readonly LoadProblem[] };
  /** Mounts `/runtime/webhooks/<extension>`; resolves with the system key that opens it. */
  register(webhook: Webhook): Promise<string>;
}

const defaultMaxBodyBytes = 104_857_600;
const maxWaitForApp = 30_000;
/** Asked by load balancers, which have no key. */
const openAdminPaths: ReadonlySet<string> = new Set(["/admin/host/ping", "/admin/warmup"]);

/** @throws {ConfigError} when the options of identity cannot be used */
export function createHttpFront(options: HttpFrontOptions): HttpFront {
  return new Front(options);
}

class Front implements HttpFront {
  readonly #options: HttpFrontOptions;
  readonly #identity: Identity;
  readonly #access: Access;
  readonly #webhooks: Webhooks;
  readonly #throttle: Throttle;
  readonly #proxies: RouteTable<ProxyDefinition>;
  readonly #admin: ReturnType<typeof createAdminApi>;
  readonly #maxBodyBytes: number;
  readonly #loaded = Promise.withResolvers<void>();
  #app: ServedApp | undefined;
  #routeProblems: readonly LoadProblem[] = [];
  /** By lower-case function name. */
  #byName: ReadonlyMap<string, HttpFunction> = new Map();
  #disabled: ReadonlySet<string> = new Set();
  #functions = new RouteTable<HttpFunction>([]);

  constructor(options: HttpFrontOptions) {
    const { secrets, settings, hostConfig, cors, enableAuth } = options;
    this.#options = options;
    this.#identity = new Identity(options.identity, secrets.masterKey, (origin) => cors.origins.includes(origin));
    this.#access = new Access(secrets, enableAuth);
    this.#webhooks = new Webhooks(secrets);
    this.#throttle = new Throttle(hostConfig.http);
    this.#proxies = new RouteTable(options.proxies);
    this.#maxBodyBytes = Number(settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT")) || defaultMaxBodyBytes;
    this.#admin = createAdminApi({
      secrets,
      runner: { run: (name, call) => this.#app!.runner.run(name, call) },
      version: options.version,
      appRoot: options.appRoot,
      state: () => this.#state(),
      errors: () =>
        this.#problems().map(({ functionName, message }) => (functionName ? `${functionName}: ${message}` : message)),
      definitions: () => this.#app?.functions.map(({ definition }) => definition) ?? [],
      httpFunction: (name) => this.#byName.get(name.toLowerCase()),
      isDisabled: ({ name }) => this.#disabled.has(name),
      restart: options.restart,
      drain: options.drain,
    });
  }

  readonly load: HttpFront["load"] = (app) => {
    const { hostConfig, settings } = this.#options;
    const definitions = app.functions.map(({ definition }) => definition);
    const { functions, problems } = readHttpFunctions(definitions, hostConfig.http.routePrefix, settings);
    this.#app = app;
    this.#routeProblems = problems;
    this.#byName = new Map(functions.map((http) => [http.definition.name.toLowerCase(), http]));
    this.#disabled = new Set(app.functions.filter(({ isDisabled }) => isDisabled).map(({ definition }) => definition.name));
    this.#functions = new RouteTable(functions);
    this.#loaded.resolve();
    return { functions, problems };
  };

  readonly register: HttpFront["register"] = (webhook) => this.#webhooks.register(webhook);

  readonly upgrade: HttpFront["upgrade"] = () => ({ refuse: new Response(null, { status: 404 }) });

  readonly fetch: HttpFront["fetch"] = async (request, peer) => {
    const trusted = this.#identity.trusts(peer);
    const inbound = toInbound(request, peer, this.#identity.headersFor(request.headers, trusted), trusted);
    const answer = answerPreflight(inbound.method, inbound.headers, this.#options.cors) ?? (await this.#answer(inbound));
    return this.#finish(answer, inbound);
  };

  async #answer(inbound: Inbound): Promise<Response> {
    const signedIn = await this.#identity.login?.answer(inbound);
    if (signedIn !== undefined) return signedIn;
    const [first, second] = inbound.path.map((segment) => segment.toLowerCase());
    if (first === "admin") return this.#answerAdmin(inbound);
    if (first === "runtime" && second === "webhooks") return this.#webhooks.answer(inbound, this.#access);

    const proxy = this.#proxies.match(inbound.method, inbound.path);
    if (proxy !== undefined) return this.#answerProxy(proxy, inbound);
    if (this.#app === undefined && !(await this.#appLoaded()))
      return new Response(null, { status: 503, headers: { "retry-after": "5" } });
    const match = this.#functions.match(inbound.method, inbound.path);
    if (match !== undefined) return this.#answerFunction(match, inbound);
    if (inbound.path.length === 0 && (inbound.method === "GET" || inbound.method === "HEAD")) return this.#home();
    return new Response(null, { status: 404 });
  }

  async #answerAdmin(inbound: Inbound): Promise<Response> {
    const path = adminPath(inbound.path);
    if (!openAdminPaths.has(path) && !this.#access.isAdmin(inbound)) return new Response(null, { status: 401 });
    const url = new URL(inbound.url);
    url.pathname = path;
    return this.#admin.fetch(toRequest({ ...inbound, url }));
  }

  #answerProxy({ route, values }: RouteMatch<ProxyDefinition>, inbound: Inbound): Promise<Response> {
    const { settings, port } = this.#options;
    return answerByProxy(route, values, inbound, {
      settings,
      port,
      dispatch: (local) => this.#dispatch(local),
      log: (level, message) => this.#log(level, message),
    });
  }

  /** For proxies whose backend is this host: functions come first. */
  async #dispatch(inbound: Inbound): Promise<Response | undefined> {
    if (this.#app === undefined) await this.#appLoaded();
    const match = this.#functions.match(inbound.method, inbound.path);
    if (match !== undefined) return this.#answerFunction(match, inbound);
    const proxy = this.#proxies.match(inbound.method, inbound.path);
    return proxy === undefined ? undefined : this.#answerProxy(proxy, inbound);
  }

  async #answerFunction({ route: http, values }: RouteMatch<HttpFunction>, inbound: Inbound): Promise<Response> {
    const { name } = http.definition;
    if (this.#disabled.has(name) && !this.#access.hasMasterKey(inbound)) return new Response(null, { status: 404 });
    if (!this.#access.mayCall(inbound, name, http.authLevel)) return new Response(null, { status: 401 });
    const { runner, httpUri } = this.#app!;
    const answer = await this.#throttle.run(() =>
      answerByFunction(http, values, inbound, {
        runner,
        httpUri,
        maxBodyBytes: this.#maxBodyBytes,
        log: (level, message, functionName) => this.#log(level, message, functionName),
      }),
    );
    return answer ?? new Response(null, { status: 429 });
  }

  #home(): Response {
    if (this.#options.settings.isTrue("AzureWebJobsDisableHomepage")) return new Response(null, { status: 204 });
    return homePage(this.#options.version);
  }

  #finish(answer: Response, { headers, url }: Inbound): Response {
    const { cors, hostConfig } = this.#options;
    const { customHeaders, strictTransportSecurity } = hostConfig.http;
    permitOrigin(answer.headers, headers.get("origin"), cors);
    for (const name in customHeaders) answer.headers.set(name, customHeaders[name]!);
    if (strictTransportSecurity !== undefined && url.protocol === "https:")
      answer.headers.set("strict-transport-security", strictTransportSecurity);
    return answer;
  }

  #state() {
    if (this.#app === undefined) return "Starting";
    return this.#app.functions.length === 0 && this.#problems().length > 0 ? "Error" : "Running";
  }

  #problems(): readonly LoadProblem[] {
    return [...(this.#app?.problems ?? []), ...this.#routeProblems];
  }

  async #appLoaded(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, maxWaitForApp)));
    await Promise.race([this.#loaded.promise, late]);
    clearTimeout(timer);
    return this.#app !== undefined;
  }

  #log(level: LogLevel, message: string, functionName?: string): void {
    this.#options.log({
      time: Date.now(),
      level,
      category: "system",
      message,
      ...(functionName === undefined ? {} : { functionName }),
    });
  }
}
