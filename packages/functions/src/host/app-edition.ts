import { createHash } from "node:crypto";
import type { TokenCredential } from "@signalbox/management";
import { createAppHost } from "../app/node-app-host.ts";
import { connectionSettingOf } from "../bindings/signalr/connections.ts";
import type { TimerStatusStore } from "../bindings/timer/timer-status.ts";
import type { AppHost, LoadedApp } from "../contracts/app-host.ts";
import { BindingError, type Running, type Webhook } from "../contracts/binding.ts";
import { type LoadProblem, triggerOf } from "../contracts/function-definition.ts";
import type { Log, LogLevel } from "../contracts/invocation.ts";
import type { DrainStatus } from "../http/admin/drain.ts";
import { createHttpFront, type HttpFront } from "../http/http-front.ts";
import type { HttpFunction } from "../http/http-function.ts";
import type { IdentityOptions } from "../http/identity/identity.ts";
import type { Secrets } from "../http/keys/secrets.ts";
import type { AppConfig } from "./app-config.ts";
import { BindingCatalogue, isHttp } from "./binding-catalogue.ts";
import { type IndexedFunction, indexFunctions, indexingContext } from "./function-index.ts";
import { inListOrder, type ListedFunction } from "./function-list.ts";
import { createLogFilter } from "./log-filter.ts";
import { Runner } from "./runner.ts";

/** The host version that apps and tools see: the one of the cloud whose behaviour this is. */
const hostVersion = "4.1040.0";

export interface EditionParts {
  /** Absolute folder of the app. */
  readonly directory: string;
  readonly config: AppConfig;
  readonly secrets: Secrets;
  readonly timers: TimerStatusStore;
  readonly enableAuth: boolean;
  readonly cors: { readonly origins: readonly string[]; readonly credentials: boolean };
  readonly identity: IdentityOptions;
  /** Names of the functions to run; undefined: those of host.json, or all. */
  readonly only: readonly string[] | undefined;
  readonly nodeArguments: readonly string[];
  readonly credential: TokenCredential | undefined;
  readonly log: Log;
  /** Base URL of the host, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  restart(): Promise<void>;
}

/** What the host has made of an app. */
export interface LoadedFunctions {
  readonly functions: readonly ListedFunction[];
  readonly problems: readonly LoadProblem[];
}

/**
 * An app with its configuration as both stood at one time: a process, bindings, triggers and the web front for them. It never changes; when
 * a file does, the next edition takes its place, and requests wait in that one's front until its app is loaded.
 */
export class AppEdition {
  readonly front: HttpFront;
  readonly #parts: EditionParts;
  readonly #log: Log;
  readonly #app: AppHost;
  readonly #catalogue: BindingCatalogue;
  readonly #loaded = Promise.withResolvers<void>();
  #running: Running[] = [];
  #runner: Runner | undefined;
  #isDraining = false;

  private constructor(parts: EditionParts) {
    const { config, directory, secrets, cors, enableAuth, identity } = parts;
    const isShown = createLogFilter(config.host.logLevels);
    this.#parts = parts;
    this.#log = (event) => {
      if (isShown(event)) parts.log(event);
    };
    const hostId = hostIdOf(config.settings, directory);
    this.#catalogue = new BindingCatalogue(config.settings, config.host, parts.timers, hostId, parts.credential);
    this.#app = createAppHost({
      root: directory,
      environment: config.settings.entries(),
      nodeArguments: parts.nodeArguments,
      hostVersion,
    });
    this.front = createHttpFront({
      hostConfig: config.host,
      settings: config.settings,
      secrets,
      appRoot: directory,
      version: hostVersion,
      cors,
      enableAuth,
      proxies: config.proxies,
      identity,
      log: this.#log,
      port: () => parts.port,
      restart: () => parts.restart(),
      drain: { begin: () => this.#drain(), status: () => this.#drainStatus() },
    });
  }

  /** The front waits for the app from now on. */
  static async open(parts: EditionParts): Promise<AppEdition> {
    const edition = new AppEdition(parts);
    for (const webhook of edition.#catalogue.webhooks) await edition.front.register(edition.#waiting(webhook));
    return edition;
  }

  /**
   * Loads the app and begins to serve it. Never rejects for what the app does.
   * @throws {Error} when no process can be started
   */
  async load(): Promise<LoadedFunctions> {
    const { config, only } = this.#parts;
    this.#app.on("log", this.#log);
    this.#app.on("crashed", ({ reason, failedInvocations, restartInMs }) => {
      const failed = failedInvocations === 0 ? "" : ` ${failedInvocations} invocation(s) under way failed.`;
      const again = restartInMs === undefined ? "" : ` It is started again${restartInMs === 0 ? "" : ` in ${restartInMs} ms`}.`;
      this.#say("error", `The app's process ended: ${reason}${failed}${again}`);
    });
    const app = await this.#app.start();
    this.#say("information", "Worker process started and initialized.");
    if (app.functions.length === 0 && app.problems.length === 0) {
      const sentence =
        "There is no function in this app: either the files that package.json names as main register some (model v4), or folders have a function.json each (model v3).";
      this.#say("warning", sentence);
    }
    const index = await indexFunctions(app.functions, this.#catalogue, config.settings, only ?? config.host.functions);
    const runner = new Runner({
      app: this.#app,
      catalogue: this.#catalogue,
      settings: config.settings,
      functions: index.functions.map(({ definition }) => definition),
      timeoutMs: config.host.functionTimeout,
      defaultRetry: config.host.retry,
      log: this.#log,
    });
    this.#runner = runner;
    const started = await this.#startTriggers(index.functions, runner);
    const problems = [...app.problems, ...index.problems, ...started.problems];
    const serve = ({ httpUri }: LoadedApp) =>
      this.front.load({ functions: started.functions, problems, runner, ...(httpUri === undefined ? {} : { httpUri }) });
    const http = serve(app);
    // Its streams have another address after a crash.
    this.#app.on("restarted", (again) => {
      for (const { message } of again.problems) this.#say("error", message);
      serve(again);
      this.#say("information", "Worker process started and initialized.");
    });
    this.#loaded.resolve();
    return {
      functions: inListOrder(listed(started.functions, http.functions, this.#parts.url)),
      problems: [...problems, ...http.problems],
    };
  }

  /** SignalR connection settings that the app's functions name and that have no value: known once the app is loaded. */
  missingSignalRSettings(): readonly string[] {
    const { settings } = this.#parts.config;
    if (settings.under("Azure:SignalR:Endpoints:").size > 0) return [];
    const names = (this.#app.app?.functions ?? [])
      .flatMap(({ bindings }) => bindings)
      .filter(({ type }) => /^signalR/i.test(type))
      .map(connectionSettingOf);
    return [...new Set(names)].filter((name) => settings.connectionString(name) === undefined);
  }

  /** Ends triggers, waits for what is under way (at most `graceMs`), and ends the app's process. */
  async stop(graceMs?: number): Promise<void> {
    this.#loaded.resolve();
    const running = Promise.all(this.#running.map((one) => one.stop()));
    await this.#app.stop(graceMs === undefined ? {} : { graceMs });
    await running;
    this.#catalogue.close();
  }

  /** Triggers that are fired from outside go on: the service counts on an answer to its events. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#say("information", "The host is drained: its triggers stop, what runs goes on to its end.");
    for (const one of this.#running) if (one.isCalled !== true) void one.stop();
  }

  #drainStatus(): DrainStatus {
    const outstandingInvocations = this.#app.inFlight;
    const outstandingRetries = this.#runner?.waitingRetries ?? 0;
    const isEmpty = outstandingInvocations === 0 && outstandingRetries === 0;
    const state = !this.#isDraining ? "Disabled" : isEmpty ? "Completed" : "InProgress";
    return { state, outstandingInvocations, outstandingRetries };
  }

  /** A webhook's functions are known when the app is loaded. */
  #waiting(webhook: Webhook): Webhook {
    return {
      extension: webhook.extension,
      handle: async (request) => {
        await this.#loaded.promise;
        return webhook.handle(request);
      },
    };
  }

  async #startTriggers(functions: readonly IndexedFunction[], runner: Runner) {
    const started: IndexedFunction[] = [];
    const problems: LoadProblem[] = [];
    for (const one of functions) {
      const { definition, isDisabled } = one;
      const { type } = triggerOf(definition);
      try {
        if (!isDisabled && !isHttp(type)) {
          const host = {
            ...indexingContext(definition.name, this.#parts.config.settings),
            runner,
            log: (level: LogLevel, message: string) => this.#say(level, message, definition.name),
          };
          this.#running.push(await this.#catalogue.trigger(type)!.start(definition, host));
        }
        started.push(one);
      } catch (error) {
        if (!(error instanceof BindingError)) throw error;
        problems.push({ functionName: definition.name, message: error.message });
      }
    }
    const hasSignalR = started.some(({ definition }) => /^signalRTrigger$/i.test(triggerOf(definition).type));
    if (hasSignalR)
      this.#say("information", `Registered SignalR trigger Endpoint = ${this.#parts.url}/runtime/webhooks/signalr`);
    return { functions: started, problems };
  }

  #say(level: LogLevel, message: string, functionName?: string): void {
    this.#log({
      time: Date.now(),
      level,
      category: "system",
      message,
      ...(functionName === undefined ? {} : { functionName }),
    });
  }
}

/** Which host wrote what lies in a shared storage account: as it is told, or by the app's folder. */
function hostIdOf(settings: AppConfig["settings"], directory: string): string {
  return settings.get("AzureFunctionsWebHost:hostid") || createHash("sha256").update(directory).digest("hex").slice(0, 32);
}

/** HTTP functions whose route cannot be used are not listed: they are among the problems. */
function listed(functions: readonly IndexedFunction[], http: readonly HttpFunction[], url: string): readonly ListedFunction[] {
  const byName = new Map(http.map((one) => [one.definition.name, one]));
  return functions.flatMap(({ definition, isDisabled }): ListedFunction[] => {
    if (!isHttp(triggerOf(definition).type)) return [{ definition, isDisabled }];
    const reachable = byName.get(definition.name);
    if (reachable === undefined) return [];
    const { methods, template } = reachable;
    return [{ definition, isDisabled, http: { methods: [...(methods ?? [])], url: `${url}/${template.text}` } }];
  });
}
