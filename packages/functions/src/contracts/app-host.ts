import type { FunctionDefinition, LoadProblem, ProgrammingModelName } from "./function-definition.ts";
import type { InvocationRequest, InvocationResponse, LogEvent } from "./invocation.ts";

/**
 * One function app in one child process.
 *
 *            start()                       process ends
 *   idle ───────────▶ loading ──▶ running ─────────────▶ waiting (back-off) ──▶ loading
 *                        │           │
 *                        ▼           ▼  stop()
 *                      failed      stopped
 *
 * - **Loading problems** never reject `start()`: they are listed, and the functions without a problem run. A file that ends the process
 *   while it loads (`process.exit`, an endless loop) is left out and the rest loaded again in another process, also after crashes, until
 *   `restart()`. When no file is to blame, the result has one problem and no function, and `invoke` answers `unavailable` until then.
 * - **A crash** while running fails the invocations in flight with `crashed`; the process is started again, at once the first time, then
 *   after a pause that doubles from 1 s to 30 s; a minute without a crash resets it. Invocations that arrive meanwhile wait until the app
 *   is loaded again, at most 30 s, then fail with `unavailable`.
 * - **A time-out** fails that invocation with `timeout`, kills the process (JavaScript cannot be interrupted otherwise), fails the others
 *   in flight with `crashed`, and restarts at once.
 * - **Order**: invocations start in the order of the calls; they run concurrently. Log events of one invocation come before its response.
 */
export interface AppHost {
  /** Loads the app. Once. Does not reject for anything the app does; rejects when no process can be started at all. */
  start(): Promise<LoadedApp>;
  /**
   * Never rejects; every way to fail is `error` of the response.
   */
  invoke(request: InvocationRequest, options?: InvokeOptions): Promise<InvocationResponse>;
  /**
   * Loads the app anew (its files changed): waits for invocations in flight, at most `graceMs`, ends the process, starts the next.
   * Invocations that arrive meanwhile wait. Also leaves the failed state.
   */
  restart(options?: { readonly graceMs?: number }): Promise<LoadedApp>;
  /** Waits for invocations in flight (at most `graceMs`, default 10 000), runs the app's `appTerminate` hooks, ends the process. Idempotent. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** The newest load. Undefined before the first. */
  readonly app: LoadedApp | undefined;
  /** Invocations under way. */
  readonly inFlight: number;
  /** Returns the function that ends the subscription. Listeners must not throw. */
  on<Name extends keyof AppHostEvents>(name: Name, listener: (event: AppHostEvents[Name]) => void): () => void;
}

export interface InvokeOptions {
  /** Milliseconds from the moment the app gets the invocation; absent: no limit. It holds also when the caller gives up before. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface LoadedApp {
  /** Those that can run. */
  readonly functions: readonly FunctionDefinition[];
  readonly problems: readonly LoadProblem[];
  readonly model: ProgrammingModelName;
  /**
   * Present when the app asked for HTTP streams (v4, `app.setup({enableHttpStream: true})`): HTTP functions then get their requests
   * forwarded to this loopback address (`http-stream.ts`), not as data. It changes with every load.
   */
  readonly httpUri?: string;
  /** Version of the app's `@azure/functions` package, for example "4.5.0"; undefined when it has none of its own at run time. */
  readonly libraryVersion?: string;
}

export interface AppHostEvents {
  log: LogEvent;
  /** The process ended by itself or by a time-out. */
  crashed: { readonly reason: string; readonly failedInvocations: number; readonly restartInMs: number | undefined };
  /** Loaded again after a crash, or by `restart()`. `functions` may differ from before when files changed. */
  restarted: LoadedApp;
}
