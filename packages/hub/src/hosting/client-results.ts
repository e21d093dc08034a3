import type { CompletionMessage } from "@signalbox/protocol";
import { AwaitedInvocations } from "@signalbox/transport";
import { canceled, DeliveryError, HubException } from "../hub/errors.ts";

interface Pending {
  /** Its connection id. */
  readonly asked: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
}

/** Calls of client methods that wait for their answers (reference hub-and-service-protocol §3.3). */
export class ClientResults {
  readonly #pending = new AwaitedInvocations<string, Pending>();

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Waits for the answer to an invocation that is about to be sent.
   * @param onAbandoned nobody waits any more although no answer came
   */
  wait(id: string, connectionId: string, signal: AbortSignal | undefined, onAbandoned?: () => void): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(givenUp(signal));
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.fail(id, givenUp(signal!));
        onAbandoned?.();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const forget = () => signal?.removeEventListener("abort", onAbort);
      this.#pending.add(id, { asked: connectionId, resolve, reject, forget });
    });
  }

  /** An answer came. @returns whether anybody waited */
  complete(connectionId: string, completion: CompletionMessage): boolean {
    const { invocationId: id, error } = completion;
    const pending = this.#pending.find(id, connectionId);
    if (pending === undefined) return false;
    this.#pending.delete(id);
    pending.forget();
    if (error !== undefined) pending.reject(new HubException(error));
    else pending.resolve(completion.result);
    return true;
  }

  fail(id: string, error: unknown): void {
    const pending = this.#pending.delete(id);
    pending?.forget();
    pending?.reject(error);
  }

  disconnected(connectionId: string): void {
    for (const [, { forget, reject }] of this.#pending.deleteOf(connectionId)) {
      forget();
      reject(new DeliveryError("disconnected", `Connection '${connectionId}' disconnected.`));
    }
  }
}

/** The caller waits no more: `AbortSignal.timeout` is a time-out, all else a cancellation. */
function givenUp({ reason }: AbortSignal): Error {
  if ((reason as Error | undefined)?.name !== "TimeoutError") return canceled();
  return new DeliveryError("timeout", "The client did not answer in time.", { cause: reason });
}
