import { ProtocolError } from "@signalbox/protocol";
import { errorText, HubException, InvalidDataException } from "../hub/errors.ts";
import { withFilters } from "../hub/filter.ts";
import { bindHub, type HubInstance } from "../hub/hub.ts";
import { checkArguments, type HubMethod, StreamCountException } from "../hub/hub-method.ts";
import { isThenable } from "../hub/thenable.ts";
import type { Call } from "./call.ts";
import { dispose } from "./dispose.ts";
import type { HubRuntime } from "./hub-runtime.ts";
import { discard, isStream, sendStream } from "./result-stream.ts";

/**
 * Calls of hub methods (reference hub-and-service-protocol §3.2). One call runs beside another only as far as the limit allows:
 *
 *     message ─▶ method? ─▶ slot? ──yes──▶ arguments ─▶ authorized? ─▶ filters ─▶ method ─▶ completion ─▶ slot free
 *                             └──no──▶ waits, and so does everything its client sends next ◀──────────────────┘
 *
 * Calls that stream, either way, need no slot. A plain method answers in the turn of its message, without a promise of ours.
 */
export class MethodCalls {
  readonly #hub: HubRuntime;

  constructor(hub: HubRuntime) {
    this.#hub = hub;
  }

  receive(call: Call): void {
    const { message } = call;
    const method = this.#hub.type.find(message.target);
    if (method === undefined) {
      call.complete({ error: `Unknown hub method '${message.target}'` });
      return;
    }
    const mismatch = call.isStreamed ? method.kind === "single" : method.kind === "streaming";
    if (mismatch) {
      refuseKind(call);
      return;
    }
    if (method.kind === "streaming" || message.streamIds !== undefined) this.#start(call, method);
    else if (call.context.busy < this.#hub.maximumParallelInvocations) this.#startInSlot(call, method);
    else this.#wait(call, method);
  }

  /** Idempotent. */
  readonly releaseSlot = (call: Call): void => {
    if (!call.holdsSlot) return;
    call.holdsSlot = false;
    const { context } = call;
    context.busy -= 1;
    const { waiting } = context;
    if (waiting === undefined) return;
    context.waiting = undefined;
    waiting();
  };

  #startInSlot(call: Call, method: HubMethod): void {
    call.holdsSlot = true;
    call.context.busy += 1;
    this.#start(call, method);
  }

  #wait(call: Call, method: HubMethod): void {
    const { context } = call;
    context.connection.pause();
    context.waiting = () => {
      if (!context.isAborted) this.#startInSlot(call, method);
      context.connection.resume();
    };
  }

  #start(call: Call, method: HubMethod): void {
    if (call.isStreamed && !call.register()) {
      call.complete({ error: `Invocation ID '${call.message.invocationId}' is already in use.` });
      this.releaseSlot(call);
      return;
    }
    try {
      const { arguments: args, streamIds } = call.message;
      method.checkCounts(args.length, streamIds?.length ?? 0);
      // Opened in this turn: their first items may follow in the same read.
      const uploads = call.openUploads(this.#hub.streamBufferCapacity);
      if (method.schemas === undefined && method.authorize === undefined)
        this.#run(call, method, method.arrange(args, uploads));
      else void this.#runChecked(call, method, args, uploads);
    } catch (error) {
      this.#bindingFailed(call, method, error);
    }
  }

  #bindingFailed(call: Call, { name }: HubMethod, error: unknown): void {
    const isClientsFault = error instanceof InvalidDataException || error instanceof ProtocolError;
    if (!isClientsFault) this.#hub.onError(error, `binding the arguments of ${name}`, call.context);
    const detailed = this.#hub.detailedErrors || error instanceof StreamCountException;
    call.complete({
      error: errorText(`Failed to invoke '${call.message.target}' due to an error on the server.`, error, detailed),
    });
    call.end();
  }

  async #runChecked(call: Call, method: HubMethod, args: readonly unknown[], uploads: readonly unknown[]): Promise<void> {
    let checked = args;
    try {
      if (method.schemas !== undefined) checked = await checkArguments(args, method.schemas);
      if (method.authorize !== undefined && !(await method.authorize(call.context))) {
        call.complete({ error: `Failed to invoke '${call.message.target}' because user is unauthorized` });
        call.end();
        return;
      }
    } catch (error) {
      this.#bindingFailed(call, method, error);
      return;
    }
    this.#run(call, method, method.arrange(checked, uploads));
  }

  #run(call: Call, method: HubMethod, args: readonly unknown[]): void {
    let hub: HubInstance | undefined;
    try {
      hub = this.#hub.create();
      bindHub(hub, call);
      const result =
        this.#hub.filters.length === 0 ? method.run.apply(hub, args as unknown[]) : this.#filtered(call, method, hub, args);
      if (isThenable(result)) {
        const instance = hub;
        result.then(
          (value) => this.#returned(call, method, instance, value),
          (error) => this.#failed(call, method, instance, error),
        );
        return;
      }
      this.#returned(call, method, hub, result);
    } catch (error) {
      this.#failed(call, method, hub, error);
    }
  }

  #filtered(call: Call, method: HubMethod, hub: HubInstance, args: readonly unknown[]): unknown {
    let current = args;
    const { context, message } = call;
    const { headers = {} } = message;
    return withFilters<unknown>(
      this.#hub.filters,
      (filter, next) => {
        if (filter.invokeMethod === undefined) return next();
        return filter.invokeMethod({ context, hub, methodName: method.name, arguments: current, headers }, (replaced) => {
          current = replaced ?? current;
          return next();
        });
      },
      () => method.run.apply(hub, current as unknown[]),
    );
  }

  #returned(call: Call, method: HubMethod, hub: HubInstance, value: unknown): void {
    if (isStream(value) !== call.isStreamed) {
      if (isStream(value)) discard(value);
      refuseKind(call);
    } else if (isStream(value)) {
      this.releaseSlot(call);
      const { detailedErrors, onError } = this.#hub;
      sendStream(call, value, detailedErrors, (error) => onError(error, `streaming ${method.name}`, call.context)).then(() =>
        this.#end(call, hub),
      );
      return;
    } else {
      try {
        call.complete({ result: value ?? null });
      } catch (error) {
        // A result that the client's protocol cannot carry.
        this.#failed(call, method, hub, error);
        return;
      }
    }
    this.#end(call, hub);
  }

  #failed(call: Call, { name }: HubMethod, hub: HubInstance | undefined, error: unknown): void {
    if (!(error instanceof HubException || call.isCanceled)) this.#hub.onError(error, `running ${name}`, call.context);
    const { target } = call.message;
    call.complete({
      error: errorText(`An unexpected error occurred invoking '${target}' on the server.`, error, this.#hub.detailedErrors),
    });
    this.#end(call, hub);
  }

  #end(call: Call, hub: HubInstance | undefined): void {
    call.end();
    if (hub !== undefined && this.#hub.type.disposes) {
      dispose(hub).catch((error) => this.#hub.onError(error, "disposing of a hub", call.context));
    }
  }
}

function refuseKind(call: Call): void {
  const { target } = call.message;
  const [kind, invocation] = call.isStreamed ? ["non-streaming", "streaming"] : ["streaming", "non-streaming"];
  call.complete({ error: `The client attempted to invoke the ${kind} '${target}' method with a ${invocation} invocation.` });
}
