import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { stringifyJson } from "@signalbox/protocol";
import type { LayeredSettings } from "../config/app-settings.ts";
import { BindingExpression } from "../config/binding-expression.ts";
import type { AppHost } from "../contracts/app-host.ts";
import { type BindingContext, type BindingData, BindingError } from "../contracts/binding.ts";
import { type FunctionDefinition, isTrigger, type RetryPolicy, triggerOf } from "../contracts/function-definition.ts";
import type { FunctionCall, FunctionRunner } from "../contracts/function-runner.ts";
import type { InvocationError, InvocationResponse, Log, LogLevel, RetryContext } from "../contracts/invocation.ts";
import { type TypedData, toTypedData } from "../contracts/typed-data.ts";
import { type BindingCatalogue, isHttp } from "./binding-catalogue.ts";
import { indexingContext } from "./function-index.ts";
import { retryDelay } from "./retry-delay.ts";

export interface RunnerParts {
  readonly app: AppHost;
  readonly catalogue: BindingCatalogue;
  readonly settings: LayeredSettings;
  /** Those that may run. */
  readonly functions: readonly FunctionDefinition[];
  /** Milliseconds; undefined: without end. */
  readonly timeoutMs: number | undefined;
  /** Of host.json: for functions that state none. Calls by HTTP are not repeated by it, since somebody waits for their answer. */
  readonly defaultRetry: RetryPolicy | undefined;
  readonly log: Log;
}

const calledByHost = "This function was programmatically called via the host APIs.";
const endless = new AbortController().signal;

/** Runs functions with their inputs and outputs, and tells the log as `func start` does (reference functions-host §3.6). */
export class Runner implements FunctionRunner {
  readonly #parts: RunnerParts;
  readonly #functions: ReadonlyMap<string, FunctionDefinition>;
  /** Texts of bindings, parsed once. */
  readonly #expressions = new Map<string, BindingExpression>();
  #waitingRetries = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#functions = new Map(parts.functions.map((definition) => [definition.name.toLowerCase(), definition]));
  }

  async run(functionName: string, call: FunctionCall): Promise<InvocationResponse> {
    const definition = this.#functions.get(functionName.toLowerCase());
    if (definition === undefined) {
      const error = {
        failure: "unavailable",
        name: "Error",
        message: `There is no function "${functionName}" that can run.`,
      } as const;
      return { invocationId: call.invocationId ?? "", outputs: {}, error };
    }
    const policy = call.retry === false ? undefined : (definition.retry ?? this.#defaultRetry(definition));
    let retry: RetryContext | undefined;
    for (;;) {
      const response = await this.#attempt(definition, call, retry);
      const count = retry === undefined ? 1 : retry.retryCount + 1;
      if (policy === undefined || !mayRetry(response.error) || call.signal?.aborted) return response;
      if (policy.maxRetryCount !== -1 && count > policy.maxRetryCount) return response;
      const { message, stack } = response.error!;
      retry = {
        retryCount: count,
        maxRetryCount: policy.maxRetryCount,
        exception: { message, ...(stack === undefined ? {} : { stackTrace: stack }) },
      };
      const pause = retryDelay(policy, count);
      this.#say("information", definition.name, response.invocationId, `Waiting for ${pause} ms before retry ${count}.`);
      this.#waitingRetries += 1;
      await sleep(pause, undefined, { signal: call.signal }).catch(() => {});
      this.#waitingRetries -= 1;
    }
  }

  /** Failed invocations whose next attempt is still to come. */
  get waitingRetries(): number {
    return this.#waitingRetries;
  }

  #defaultRetry(definition: FunctionDefinition): RetryPolicy | undefined {
    return isHttp(triggerOf(definition).type) ? undefined : this.#parts.defaultRetry;
  }

  /** An attempt has an id of its own, but for the first when the caller gave one. */
  async #attempt(
    definition: FunctionDefinition,
    call: FunctionCall,
    retry: RetryContext | undefined,
  ): Promise<InvocationResponse> {
    const { name } = definition;
    const invocationId = (retry === undefined ? call.invocationId : undefined) ?? randomUUID();
    this.#say(
      "information",
      name,
      invocationId,
      `Executing 'Functions.${name}' (Reason='${call.reason ?? calledByHost}', Id=${invocationId})`,
    );
    const started = performance.now();
    const response = await this.#execute(definition, call, invocationId, retry);
    const duration = Math.round(performance.now() - started);
    const { error } = response;
    const outcome = error === undefined ? "Succeeded" : "Failed";
    const line = `Executed 'Functions.${name}' (${outcome}, Id=${invocationId}, Duration=${duration}ms)`;
    if (error === undefined) this.#say("information", name, invocationId, line);
    else {
      this.#say("error", name, invocationId, line);
      this.#say("error", name, invocationId, error.stack ?? `${error.name}: ${error.message}`);
    }
    return response;
  }

  async #execute(
    definition: FunctionDefinition,
    call: FunctionCall,
    invocationId: string,
    retryContext: RetryContext | undefined,
  ): Promise<InvocationResponse> {
    const context = this.#contextOf(definition, call, invocationId);
    let inputs: Record<string, TypedData>;
    try {
      inputs = await this.#readInputs(definition, call.data, context);
    } catch (error) {
      return failed(invocationId, error);
    }
    const response = await this.#parts.app.invoke(
      {
        invocationId,
        functionName: definition.name,
        inputs,
        triggerMetadata: metadata(call.bindingData),
        ...(call.traceContext === undefined ? {} : { traceContext: call.traceContext }),
        ...(retryContext === undefined ? {} : { retryContext }),
      },
      {
        ...(this.#parts.timeoutMs === undefined ? {} : { timeoutMs: this.#parts.timeoutMs }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
    );
    if (response.error !== undefined) return response;
    try {
      await this.#writeOutputs(definition, response, context);
      return response;
    } catch (error) {
      return failed(invocationId, error);
    }
  }

  async #readInputs(
    definition: FunctionDefinition,
    data: TypedData,
    context: BindingContext,
  ): Promise<Record<string, TypedData>> {
    const inputs: Record<string, TypedData> = { [triggerOf(definition).name]: data };
    for (const binding of definition.bindings) {
      if (binding.direction === "out" || isTrigger(binding) || isHttp(binding.type)) continue;
      inputs[binding.name] = await this.#parts.catalogue.input(binding.type)!.read(binding, context);
    }
    return inputs;
  }

  async #writeOutputs(definition: FunctionDefinition, response: InvocationResponse, context: BindingContext): Promise<void> {
    for (const binding of definition.bindings) {
      if (binding.direction === "in" || isHttp(binding.type)) continue;
      const value = binding.name === "$return" ? response.returnValue : response.outputs[binding.name];
      if (value === undefined || isNull(value)) continue;
      await this.#parts.catalogue.output(binding.type)!.write(binding, value, context);
    }
  }

  #contextOf({ name }: FunctionDefinition, call: FunctionCall, invocationId: string): BindingContext {
    const data: BindingData =
      call.hiddenBindingData === undefined ? call.bindingData : { ...call.hiddenBindingData, ...call.bindingData };
    const indexing = indexingContext(name, this.#parts.settings);
    return {
      ...indexing,
      invocationId,
      bindingData: data,
      signal: call.signal ?? endless,
      log: (level, message) => this.#say(level, name, invocationId, message),
      resolve: (text) => this.#expression(text, indexing.resolveSettings).resolve({ data, functionName: name }),
    };
  }

  #expression(text: string, resolveSettings: (text: string) => string): BindingExpression {
    const known = this.#expressions.get(text);
    if (known !== undefined) return known;
    const expression = BindingExpression.parse(resolveSettings(text));
    this.#expressions.set(text, expression);
    return expression;
  }

  #say(level: LogLevel, functionName: string, invocationId: string, message: string): void {
    this.#parts.log({ time: Date.now(), level, category: "system", message, functionName, invocationId });
  }
}

function mayRetry(error: InvocationError | undefined): boolean {
  return error !== undefined && error.failure !== "cancelled" && error.failure !== "unavailable";
}

function failed(invocationId: string, thrown: unknown): InvocationResponse {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // The stack of a binding's own sentence leads into the host, not into the app.
  const stack = error instanceof BindingError ? undefined : error.stack;
  return {
    invocationId,
    outputs: {},
    error: { failure: "binding", name: error.name, message: error.message, ...(stack === undefined ? {} : { stack }) },
  };
}

function metadata(data: BindingData): Record<string, TypedData> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, typed(value)]));
}

/** Integers keep their digits. */
function typed(value: unknown): TypedData {
  const isPlain = typeof value === "bigint" || (typeof value === "object" && value !== null && !(value instanceof Uint8Array));
  return isPlain ? { json: stringifyJson(value) } : toTypedData(value);
}

function isNull(value: TypedData): boolean {
  for (const _ in value) return false;
  return true;
}
