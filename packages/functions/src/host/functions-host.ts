import { join, resolve } from "node:path";
import type { TokenCredential } from "@signalbox/management";
import { isLoopback, type Listener, listen, type Peer } from "@signalbox/transport";
import { defaultConnectionSetting } from "../bindings/signalr/connections.ts";
import { TimerStatusFiles } from "../bindings/timer/timer-status.ts";
import { ConfigError } from "../config/config-error.ts";
import { readOptionalText } from "../config/json-file.ts";
import { parseLocalSettings } from "../config/local-settings.ts";
import type { Log, LogLevel } from "../contracts/invocation.ts";
import type { IdentityOptions } from "../http/identity/identity.ts";
import { Secrets } from "../http/keys/secrets.ts";
import { type AppConfig, readAppConfig } from "./app-config.ts";
import { AppEdition, type LoadedFunctions } from "./app-edition.ts";
import { AppWatcher } from "./app-watcher.ts";
import { stateFolder } from "./state-folder.ts";
import {
  isDevelopmentStorage,
  isStorageListening,
  type StorageEmulator,
  startStorageEmulator,
  storagePorts,
} from "./storage-emulator.ts";

export interface FunctionsHostOptions {
  /** The app's folder: where its host.json is. */
  readonly directory: string;
  /** Default: that of local.settings.json, else 7071. 0 picks a free one. */
  readonly port?: number;
  /** Default: that of local.settings.json, else both loopback addresses. */
  readonly address?: string;
  /** Origins that browsers may call from, or `*`. Default: those of local.settings.json. */
  readonly cors?: readonly string[];
  readonly corsCredentials?: boolean;
  /** True: functions and webhooks ask for their keys, as in the cloud. Default: every request may do everything. */
  readonly enableAuth?: boolean;
  /** Names of the functions to run. Default: all. */
  readonly functions?: readonly string[];
  /** Restart the app when its files change. Default: false. */
  readonly watch?: boolean;
  /** PEM texts: serve https. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly identity?: HostIdentityOptions;
  /**
   * Who this host is for Microsoft Entra, such as `new DefaultAzureCredential()` of `@azure/identity`: for SignalR connection settings of an
   * identity (`<setting>__serviceUri`), which are refused without.
   */
  readonly credential?: TokenCredential;
  /** Used for every SignalR connection setting that is empty or absent. */
  readonly signalRConnectionString?: string;
  /**
   * Start Azurite when the settings ask for development storage: at the ports from `port` on (0 picks free ones), to which the settings
   * then lead; with `true` at its usual ports, unless somebody runs it there. Default: false.
   */
  readonly storageEmulator?: boolean | { readonly port: number };
  /** Folder for keys, the status of timers and the emulator's data. Default: `.signalbox` in the app's folder. */
  readonly stateFolder?: string;
  /** Flags for the app's Node, for example `--inspect=9229`. */
  readonly nodeArguments?: readonly string[];
  /** Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Called whenever the app has been loaded. */
  onLoaded?(loaded: LoadedFunctions): void;
}

interface HostIdentityOptions extends Omit<IdentityOptions, "developmentLogin"> {
  /** Where others reach the host, too: `loopback` leaves it out, true refuses to start. Default: off. */
  readonly developmentLogin?: boolean | "loopback";
  /** Offer it there all the same: everybody who reaches this host may be anybody. Default: false. */
  readonly allowDevelopmentLogin?: boolean;
}

/** A running host. */
export interface FunctionsHost {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** What became of the app when it was last loaded. */
  readonly loaded: LoadedFunctions;
  /** The system key that opens `/runtime/webhooks/signalr`. */
  readonly webhookKey: string;
  /** The key that opens everything. */
  readonly masterKey: string;
  /** Loads the app anew. Requests wait meanwhile. */
  restart(): Promise<void>;
  /** Waits for invocations under way (at most `graceMs`, default 10 s) and ends everything. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

const defaultPort = 7071;
const maxHeaderBytes = 64 * 1024;

/**
 * Runs a function app:
 *
 *   listener ──▶ edition (front ─▶ runner ─▶ app process)     files change ──▶ next edition
 *
 * @throws {ConfigError} for a folder that is no app, a host.json or proxies.json that cannot be used, or a development login that others reach
 * @throws {ListenError} when the port is in use
 * @throws {StorageEmulatorError}
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const host = new Host(options);
  try {
    await host.start();
    return host;
  } catch (error) {
    await host.stop({ graceMs: 0 });
    throw error;
  }
}

class Host implements FunctionsHost {
  loaded: LoadedFunctions = { functions: [], problems: [] };
  readonly #options: FunctionsHostOptions;
  readonly #directory: string;
  readonly #state: string;
  readonly #opened = Promise.withResolvers<void>();
  /** Names of SignalR settings that this host fills in. */
  readonly #wired = new Set([defaultConnectionSetting]);
  /** Settings of identities that are passed over, and were named once. */
  readonly #toldOf = new Set<string>();
  #identity: IdentityOptions = {};
  #listener: Listener | undefined;
  #secrets: Secrets | undefined;
  #edition: AppEdition | undefined;
  #watcher: AppWatcher | undefined;
  #emulator: StorageEmulator | undefined;
  #isStopped = false;
  /** Loads, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #isLoadWaiting = false;

  constructor(options: FunctionsHostOptions) {
    this.#options = options;
    this.#directory = resolve(options.directory);
    this.#state = resolve(options.stateFolder ?? join(this.#directory, ".signalbox"));
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://localhost:${this.port}`;
  }

  get webhookKey(): string {
    return this.#secrets!.keys("systemkeys").get("signalr_extension") ?? "";
  }

  get masterKey(): string {
    return this.#secrets!.masterKey;
  }

  async start(): Promise<void> {
    const { enableAuth = false, tls, watch = false } = this.#options;
    const local = await this.#checkFolder();
    const address = this.#options.address ?? local.host.address;
    this.#identity = identityOn(address, this.#options.identity ?? {});
    this.#secrets = await Secrets.open(enableAuth ? await stateFolder(this.#state, "secrets") : undefined);
    this.#listener = await listen({
      port: this.#options.port ?? local.host.port ?? defaultPort,
      ...(address === undefined || address === "localhost" ? {} : { host: address }),
      ...(tls === undefined ? {} : { tls }),
      maxHeaderBytes,
      maxMessageBytes: 1024,
      handler: {
        fetch: (request, peer) => this.#fetch(request, peer),
        upgrade: () => ({ refuse: new Response(null, { status: 404 }) }),
        onError: (error) => this.#say("error", `A request failed unexpectedly: ${(error as Error).stack ?? error}`),
      },
    });
    await this.#load();
    if (watch) await this.#watch();
    this.#say("information", `Host lock lease acquired by instance ID '${this.port.toString(16).padStart(32, "0")}'.`);
  }

  restart(): Promise<void> {
    const done = this.#work.then(async () => {
      this.#isLoadWaiting = false;
      if (!this.#isStopped) await this.#load();
    });
    this.#work = done.catch(() => {});
    return done;
  }

  async stop({ graceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#isStopped = true;
    this.#opened.resolve();
    await this.#watcher?.close();
    await this.#listener?.stopAccepting();
    await this.#work;
    await this.#edition?.stop(graceMs);
    await this.#listener?.close();
    await this.#emulator?.stop();
  }

  async #fetch(request: Request, peer: Peer): Promise<Response> {
    if (this.#edition === undefined) await this.#opened.promise;
    return this.#edition?.front.fetch(request, peer) ?? new Response(null, { status: 503 });
  }

  /** A setting is only known to be missing when the app has said what it uses: then it is loaded once more. */
  async #load(): Promise<void> {
    await this.#loadOnce();
    const isWired = this.#options.signalRConnectionString !== undefined;
    const missing = isWired ? this.#edition!.missingSignalRSettings() : [];
    for (const name of missing) this.#wired.add(name);
    if (missing.length > 0) await this.#loadOnce();
    await this.#tellOfIdentities();
    this.#options.onLoaded?.(this.loaded);
  }

  async #loadOnce(): Promise<void> {
    await this.#startEmulator();
    const config = await this.#readConfig();
    for (const warning of config.warnings) this.#say("warning", warning);
    const next = await AppEdition.open({
      directory: this.#directory,
      config,
      secrets: this.#secrets!,
      timers: new TimerStatusFiles(() => stateFolder(this.#state, "timers")),
      enableAuth: this.#options.enableAuth ?? false,
      cors: {
        origins: this.#options.cors ?? config.local.host.cors,
        credentials: this.#options.corsCredentials ?? config.local.host.corsCredentials,
      },
      identity: this.#identity,
      only: this.#options.functions,
      nodeArguments: this.#options.nodeArguments ?? [],
      credential: this.#options.credential,
      log: this.#options.log,
      url: this.url,
      port: this.port,
      restart: () => this.restart(),
    });
    const before = this.#edition;
    // From here on requests wait in the next edition's front, while the one before ends what it has begun.
    this.#edition = next;
    this.#opened.resolve();
    await before?.stop();
    this.loaded = await next.load();
  }

  /** An identity that the cloud would know is nobody here: the developer may wonder where messages go. */
  async #tellOfIdentities(): Promise<void> {
    const { signalRConnectionString: own } = this.#options;
    if (own === undefined) return;
    const { settings } = await this.#readConfig();
    for (const name of this.#wired) {
      const identity = settings.identitySetting(name);
      if (identity === undefined || this.#toldOf.has(identity) || settings.connectionString(name) !== own) continue;
      this.#toldOf.add(identity);
      this.#say("information", `The setting "${identity}" is passed over: "${name}" leads to the service beside this host.`);
    }
  }

  #readConfig(): Promise<AppConfig> {
    const { signalRConnectionString, environment = process.env } = this.#options;
    const fallbacks = {
      AZURE_FUNCTIONS_ENVIRONMENT: "Development",
      FUNCTIONS_WORKER_RUNTIME: "node",
      WEBSITE_HOSTNAME: `localhost:${this.port}`,
      ...(signalRConnectionString === undefined
        ? {}
        : Object.fromEntries([...this.#wired].map((name) => [name, signalRConnectionString]))),
    };
    const emulator = this.#emulator;
    return readAppConfig(this.#directory, environment, {
      fallbacks,
      ...(emulator === undefined ? {} : { translate: emulator.translate }),
    });
  }

  /** host.json makes a folder an app; without any file of one, the folder is most likely the wrong one. */
  async #checkFolder() {
    const names = ["host.json", "package.json", "local.settings.json"];
    const texts = await Promise.all(names.map((name) => readOptionalText(join(this.#directory, name), name)));
    if (texts.every((text) => text === undefined)) {
      throw new ConfigError([`There is no function app in ${this.#directory}: no host.json, no package.json.`]);
    }
    return parseLocalSettings(texts[2]);
  }

  async #startEmulator(): Promise<void> {
    const { storageEmulator = false } = this.#options;
    if (storageEmulator === false || this.#emulator !== undefined) return;
    const { settings } = await this.#readConfig();
    if (!Object.values(settings.entries()).some(isDevelopmentStorage)) return;
    if (storageEmulator === true && (await isStorageListening())) return;
    const ports = storageEmulator === true ? undefined : storagePorts(storageEmulator.port);
    this.#emulator = await startStorageEmulator(this.#directory, await stateFolder(this.#state, "storage"), ports);
    this.#say("information", `Azurite keeps blobs, queues and tables on the ports ${this.#emulator.ports.join(", ")}.`);
  }

  async #watch(): Promise<void> {
    const { host } = await this.#readConfig();
    const watched = { directories: host.watchDirectories, files: host.watchFiles };
    this.#watcher = new AppWatcher(this.#directory, watched, (files) => this.#changed(files));
    await this.#watcher.ready();
  }

  #changed(files: readonly string[]): void {
    this.#say(
      "information",
      `Files changed (${files.slice(0, 3).join(", ")}${files.length > 3 ? ", …" : ""}): the app restarts.`,
    );
    // A load that has not begun yet will see these files, too.
    if (this.#isLoadWaiting) return;
    this.#isLoadWaiting = true;
    this.restart().catch((error: Error) => this.#say("error", `The app stays as it is: ${error.message}`));
  }

  #say(level: LogLevel, message: string): void {
    this.#options.log({ time: Date.now(), level, category: "system", message });
  }
}

/** @throws {ConfigError} for a development login that others reach */
function identityOn(address: string | undefined, options: HostIdentityOptions): IdentityOptions {
  const { developmentLogin = false, allowDevelopmentLogin = false, ...others } = options;
  if (developmentLogin === true && !allowDevelopmentLogin && !isLoopback(address)) {
    throw new ConfigError([
      `The development login lets anybody sign in as anyone, so it is not offered on ${address}: allow it with --allow-development-login, or listen on loopback.`,
    ]);
  }
  const isOffered = developmentLogin === "loopback" ? allowDevelopmentLogin || isLoopback(address) : developmentLogin;
  return { ...others, developmentLogin: isOffered };
}
