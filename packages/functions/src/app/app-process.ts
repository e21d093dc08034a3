import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { InvocationRequest, InvocationResponse, LogEvent } from "../contracts/invocation.ts";
import { Channel } from "./channel.ts";
import type { HostMessage, LoadedMessage, LoadMessage, ProcessMessage } from "./messages.ts";

export interface AppProcessOptions {
  /** Absolute; becomes the working directory. */
  readonly root: string;
  /** The process's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The Node program that runs the app. */
  readonly nodePath: string;
  /** Flags for it, for example `--inspect=9229`. */
  readonly nodeArguments: readonly string[];
  readonly log: (event: LogEvent) => void;
}

/** How loading went: done, or the process ended (`file` and `functionName` tell what it was loading). */
export type LoadOutcome =
  | { readonly loaded: LoadedMessage }
  | { readonly died: string; readonly file?: string; readonly functionName?: string };

export interface ProcessEnd {
  /** A sentence. */
  readonly reason: string;
  readonly failedInvocations: number;
}

/** A descendant may hold the pipes open after the process's end; they are waited for no longer than this. */
const pipesGraceMs = 500;

/** One life of an app's process. */
export class AppProcess {
  /** Resolves when the process has ended, whatever ended it. Its in-flight invocations have failed by then. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #channel: Channel<ProcessMessage, HostMessage>;
  readonly #log: (event: LogEvent) => void;
  readonly #inFlight = new Map<string, (response: InvocationResponse) => void>();
  #loading: { file: string; functionName?: string } | undefined;
  #loaded: ((message: LoadedMessage) => void) | undefined;
  #idle: (() => void) | undefined;
  #reason: string | undefined;

  /** @throws {Error} when the process cannot be started */
  static async start(options: AppProcessOptions): Promise<AppProcess> {
    const child = spawn(options.nodePath, [...options.nodeArguments, workerFile()], {
      cwd: options.root,
      env: options.environment as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => reject(new Error(`"${options.nodePath}" cannot be started: ${error.message}`)));
    });
    return new AppProcess(child, options.log);
  }

  private constructor(child: ChildProcess, log: (event: LogEvent) => void) {
    this.#child = child;
    this.#log = log;
    this.#channel = new Channel(child.stdio[3] as Duplex, (message) => this.#receive(message));
    forwardLines(child.stdout as Readable, "information", log);
    forwardLines(child.stderr as Readable, "error", log);
    child.on("error", () => {});
    this.ended = new Promise((resolve) => {
      const end = () => {
        const { exitCode, signalCode } = child;
        const reason = this.#reason ?? (signalCode ? `It was ended by ${signalCode}.` : `It ended with code ${exitCode}.`);
        const failed = [...this.#inFlight.keys()];
        for (const invocationId of failed) this.#settle(crashed(invocationId, reason));
        resolve({ reason, failedInvocations: failed.length });
      };
      // "close" comes after the last byte of every pipe: nothing the process said is lost.
      child.once("close", end);
      child.once("exit", () => setTimeout(end, pipesGraceMs).unref());
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Once. A load that takes longer than `timeoutMs` ends the process. */
  async load(message: LoadMessage, timeoutMs: number): Promise<LoadOutcome> {
    const loaded = new Promise<LoadOutcome>((resolve) => {
      this.#loaded = (answer) => resolve({ loaded: answer });
    });
    const timer = setTimeout(() => this.kill(`It did not finish loading within ${timeoutMs / 1000} s.`), timeoutMs);
    this.#channel.send({ ...message, type: "load" });
    try {
      return await Promise.race([loaded, this.ended.then(({ reason }) => ({ died: reason, ...this.#loading }))]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Never rejects. A process that has ended answers nothing: see `ended`. */
  invoke(request: InvocationRequest): Promise<InvocationResponse> {
    return new Promise((resolve) => {
      this.#inFlight.set(request.invocationId, resolve);
      try {
        this.#channel.sendSoon({ type: "invoke", request });
      } catch (error) {
        const message = `The inputs cannot be passed on: ${(error as Error).message}`;
        const failure = { failure: "binding", name: "TypeError", message } as const;
        this.#settle({ invocationId: request.invocationId, outputs: {}, error: failure });
      }
    });
  }

  /** An invocation whose answer nobody waits for any more. */
  forget(invocationId: string): void {
    this.#inFlight.delete(invocationId);
    if (this.#inFlight.size === 0) this.#idle?.();
  }

  /** Resolves when nothing is in flight, or after `graceMs`. */
  async drained(graceMs: number): Promise<void> {
    if (this.#inFlight.size === 0) return;
    const idle = Promise.withResolvers<void>();
    this.#idle = idle.resolve;
    const timer = setTimeout(idle.resolve, graceMs);
    await idle.promise;
    clearTimeout(timer);
  }

  /** Lets the app end by itself, at most for `graceMs`. */
  async terminate(graceMs: number): Promise<void> {
    this.#reason ??= "The app was stopped.";
    this.#channel.send({ type: "terminate" });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once, whatever it does. */
  kill(reason: string): void {
    this.#reason = reason;
    this.#child.kill("SIGKILL");
  }

  #receive(message: ProcessMessage): void {
    switch (message.type) {
      case "log":
        this.#log(message.event);
        return;
      case "response":
        this.#settle(message.response);
        return;
      case "loading":
        this.#loading = {
          file: message.file,
          ...(message.functionName === undefined ? {} : { functionName: message.functionName }),
        };
        return;
      case "loaded":
        this.#loading = undefined;
        this.#loaded?.(message);
        return;
      case "fatal":
        this.#reason ??= `Nobody caught an error${ofFunction(message)}: ${message.message}`;
        return;
      case "exit":
        this.#reason ??= `The app ended its process (process.exit) with code ${message.code}${ofFunction(message)}.`;
    }
  }

  #settle(response: InvocationResponse): void {
    this.#inFlight.get(response.invocationId)?.(response);
    this.forget(response.invocationId);
  }
}

function ofFunction({ functionName }: { readonly functionName?: string }): string {
  return functionName === undefined ? "" : ` in the function "${functionName}"`;
}

function crashed(invocationId: string, reason: string): InvocationResponse {
  return {
    invocationId,
    outputs: {},
    error: { failure: "crashed", name: "AppCrashed", message: `The app's process ended. ${reason}` },
  };
}

/** The worker stands beside this file, as source or built. */
function workerFile(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`./worker/main.${extension}`, import.meta.url));
}

/** Each line is one event; a line that never ends is one at the end of the stream. */
function forwardLines(stream: Readable, level: LogEvent["level"], log: (event: LogEvent) => void): void {
  let rest = "";
  const emit = (message: string) => log({ time: Date.now(), level, category: "console", message });
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() as string;
    for (const line of lines) emit(line);
  });
  stream.on("end", () => {
    if (rest !== "") emit(rest);
  });
}
