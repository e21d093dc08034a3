import { basename, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AppHost, AppHostEvents, InvokeOptions, LoadedApp } from "../contracts/app-host.ts";
import type { InvocationFailure, InvocationRequest, InvocationResponse, LogEvent } from "../contracts/invocation.ts";
import { loadAppProcess } from "./app-load.ts";
import { AppProcess, type ProcessEnd } from "./app-process.ts";
import { defaultRestartPolicy, RestartPauses, type RestartPolicy } from "./restart-policy.ts";

export interface AppHostOptions {
  /** The app's folder. */
  readonly root: string;
  /** The whole environment of the app's process: the app's settings and whatever else it shall see (PATH, HOME). */
  readonly environment: Readonly<Record<string, string>>;
  /** The Node program that runs the app, 20 or newer. Default: the one that runs this, where it is Node; else `node` of the path. */
  readonly nodePath?: string;
  /** Flags for it, for example `--inspect=9229`. */
  readonly nodeArguments?: readonly string[];
  /** What the app sees as `hostVersion`. */
  readonly hostVersion?: string;
  /** Milliseconds; default 60 000. */
  readonly loadTimeoutMs?: number;
  readonly restartPolicy?: RestartPolicy;
}

const defaultGraceMs = 10_000;
/** How long invocations wait for an app that is being loaded. */
const patienceMs = 30_000;
/** What `appTerminate` hooks get at least. */
const hooksGraceMs = 2000;
const longestTimerMs = 2_147_483_647;

/** Runs a Node function app in a child process. See `AppHost` for all promises. */
export function createAppHost(options: AppHostOptions): AppHost {
  return new NodeAppHost(options);
}

type State = "idle" | "loading" | "running" | "waiting" | "failed" | "stopped";

class NodeAppHost implements AppHost {
  readonly #options: AppHostOptions;
  readonly #pauses: RestartPauses;
  readonly #listeners: { [Name in keyof AppHostEvents]: Set<(event: AppHostEvents[Name]) => void> } = {
    log: new Set(),
    crashed: new Set(),
    restarted: new Set(),
  };
  /** Files that killed the process while loading, and how. */
  readonly #fatalFiles = new Map<string, string>();
  #state: State = "idle";
  /** Open in the states in which an invocation's fate is clear: running, failed, stopped. */
  #gate = Promise.withResolvers<void>();
  /** Loads, restarts and the stop, one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #process: AppProcess | undefined;
  #loading: AppProcess | undefined;
  #recycled: AppProcess | undefined;
  #pause: AbortController | undefined;
  #stopping: Promise<void> | undefined;
  #app: LoadedApp | undefined;
  /** Lower-case name to name. */
  #names: ReadonlyMap<string, string> = new Map();

  constructor(options: AppHostOptions) {
    this.#options = options;
    this.#pauses = new RestartPauses(options.restartPolicy ?? defaultRestartPolicy);
  }

  get app(): LoadedApp | undefined {
    return this.#app;
  }

  get inFlight(): number {
    return this.#process?.inFlight ?? 0;
  }

  on<Name extends keyof AppHostEvents>(name: Name, listener: (event: AppHostEvents[Name]) => void): () => void {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  start(): Promise<LoadedApp> {
    if (this.#state !== "idle") return Promise.reject(new Error("The app host has been started already."));
    this.#state = "loading";
    return this.#enqueue(() => this.#load());
  }

  async invoke(request: InvocationRequest, options: InvokeOptions = {}): Promise<InvocationResponse> {
    if (this.#state !== "running" && !(await this.#decided(options.signal))) {
      const cancelled = options.signal?.aborted === true;
      return failure(
        request,
        cancelled ? "cancelled" : "unavailable",
        cancelled ? callerGone : "The app is still being loaded.",
      );
    }
    const process = this.#process;
    if (process === undefined) {
      return failure(
        request,
        "unavailable",
        this.#state === "stopped" ? "The app has been stopped." : "The app could not be loaded.",
      );
    }
    const functionName = this.#names.get(request.functionName.toLowerCase());
    if (functionName === undefined) return failure(request, "unavailable", `There is no function "${request.functionName}".`);
    if (options.signal?.aborted === true) return failure(request, "cancelled", callerGone);
    return await this.#bounded(process, { ...request, functionName }, options);
  }

  restart({ graceMs = defaultGraceMs }: { readonly graceMs?: number } = {}): Promise<LoadedApp> {
    if (this.#state === "stopped" || this.#state === "idle")
      return Promise.reject(new Error(`The app host is ${this.#state}.`));
    // At once, so that invocations from now on see the changed files. While loading, the load under way is waited for.
    const left = this.#leaveForRestart();
    return this.#enqueue(async () => {
      await endGracefully(left, graceMs);
      await endGracefully(this.#leaveForRestart(), graceMs);
      this.#fatalFiles.clear();
      const app = await this.#load();
      this.#emit("restarted", app);
      return app;
    });
  }

  stop({ graceMs = defaultGraceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    if (this.#stopping !== undefined) return this.#stopping;
    const process = this.#process;
    this.#leave("stopped");
    this.#gate.resolve();
    this.#pause?.abort();
    this.#loading?.kill("The app was stopped.");
    const ended = endGracefully(process, graceMs);
    this.#stopping = this.#enqueue(() => ended);
    return this.#stopping;
  }

  #enqueue<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => {});
    return done;
  }

  /** To a state without a process. */
  #leave(state: "loading" | "waiting" | "stopped"): void {
    if (this.#state === "running" || this.#state === "failed") this.#gate = Promise.withResolvers();
    this.#process = undefined;
    this.#state = state;
  }

  #leaveForRestart(): AppProcess | undefined {
    const process = this.#process;
    if (this.#state !== "loading" && this.#state !== "stopped") this.#leave("loading");
    this.#pause?.abort();
    return process;
  }

  /** Call with the state "loading". */
  async #load(): Promise<LoadedApp> {
    try {
      const { app, process } = await loadAppProcess(
        {
          root: resolve(this.#options.root),
          hostVersion: this.#options.hostVersion ?? "4.1040.0",
          loadTimeoutMs: this.#options.loadTimeoutMs ?? 60_000,
          startProcess: async () => {
            this.#loading = await this.#startProcess();
            // Stopped while the process was being started: nobody else will end it.
            if (this.#state === "stopped") this.#loading.kill("The app was stopped.");
            return this.#loading;
          },
          wanted: () => this.#state !== "stopped",
        },
        this.#fatalFiles,
      );
      this.#app = app;
      this.#names = new Map(app.functions.map(({ name }) => [name.toLowerCase(), name]));
      if (process !== undefined && this.#state !== "stopped") this.#run(process);
      else process?.kill("The app was stopped.");
      return app;
    } finally {
      this.#loading = undefined;
      if (this.#state === "loading") {
        this.#state = "failed";
        this.#gate.resolve();
      }
    }
  }

  #startProcess(): Promise<AppProcess> {
    const { root, environment, nodePath, nodeArguments = [] } = this.#options;
    return AppProcess.start({
      root: resolve(root),
      environment,
      nodePath: nodePath ?? defaultNodePath(),
      nodeArguments,
      log: (event) => this.#emit("log", event),
    });
  }

  #run(process: AppProcess): void {
    this.#process = process;
    this.#state = "running";
    this.#gate.resolve();
    void process.ended.then((end) => {
      if (this.#process === process) this.#crashed(this.#pauses.next(performance.now()), end);
      else if (this.#recycled === process && this.#state === "waiting") this.#crashed(0, end);
    });
  }

  /** Ends a process that is of no use any more; from now on invocations wait for the next. */
  #recycle(process: AppProcess, reason: string): void {
    if (this.#process === process) {
      this.#recycled = process;
      this.#leave("waiting");
    }
    process.kill(reason);
  }

  #crashed(pauseMs: number, { reason, failedInvocations }: ProcessEnd): void {
    this.#leave("waiting");
    this.#emit("crashed", { reason, failedInvocations, restartInMs: pauseMs });
    const pause = new AbortController();
    this.#pause = pause;
    void sleep(pauseMs, undefined, { signal: pause.signal })
      .then(() => this.#enqueue(() => this.#reload()))
      .catch((error: unknown) => {
        if (!pause.signal.aborted) this.#report(`The app could not be restarted: ${(error as Error).message}`);
      });
  }

  async #reload(): Promise<void> {
    if (this.#state !== "waiting") return;
    this.#state = "loading";
    this.#emit("restarted", await this.#load());
  }

  /** @returns false when the caller or this host lost patience first */
  async #decided(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#state === "idle") return true;
    const patience = new AbortController();
    const ends = signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]);
    const impatient = sleep(patienceMs, false, { signal: ends }).catch(() => false);
    const decided = await Promise.race([this.#gate.promise.then(() => true), impatient]);
    patience.abort();
    return decided;
  }

  #bounded(process: AppProcess, request: InvocationRequest, { timeoutMs, signal }: InvokeOptions): Promise<InvocationResponse> {
    const answer = process.invoke(request);
    const limited = timeoutMs !== undefined && timeoutMs <= longestTimerMs;
    if (!limited && signal === undefined) return answer;
    return new Promise((resolve) => {
      const cancel = () => resolve(failure(request, "cancelled", callerGone));
      const expire = () => {
        const message = `The function "${request.functionName}" took longer than ${timeoutMs} ms.`;
        signal?.removeEventListener("abort", cancel);
        resolve(failure(request, "timeout", message));
        process.forget(request.invocationId);
        this.#recycle(process, message);
      };
      // Goes on when the caller has given up: an endless loop must end for the others.
      const timer = limited ? setTimeout(expire, timeoutMs) : undefined;
      signal?.addEventListener("abort", cancel, { once: true });
      void answer.then((response) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cancel);
        resolve(response);
      });
    });
  }

  #report(message: string): void {
    const event: LogEvent = { time: Date.now(), level: "critical", category: "system", message };
    this.#emit("log", event);
  }

  #emit<Name extends keyof AppHostEvents>(name: Name, event: AppHostEvents[Name]): void {
    for (const listener of this.#listeners[name]) listener(event);
  }
}

const callerGone = "The caller gave up.";

function failure({ invocationId }: InvocationRequest, kind: InvocationFailure, message: string): InvocationResponse {
  return { invocationId, outputs: {}, error: { failure: kind, name: "InvocationError", message } };
}

async function endGracefully(process: AppProcess | undefined, graceMs: number): Promise<void> {
  if (process === undefined) return;
  const started = performance.now();
  await process.drained(graceMs);
  await process.terminate(Math.max(graceMs - (performance.now() - started), hooksGraceMs));
}

function defaultNodePath(): string {
  return basename(process.execPath).startsWith("node") ? process.execPath : "node";
}
