import type { CompletionMessage } from "@signalbox/protocol";
import { canceled, DeliveryError, HubException } from "../hub/errors.ts";

interface Pending {
  readonly connectionId: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly forget: () => void;
}

/** Calls of client methods that wait for their answers (reference hub-and-service-protocol §3.3). */
export class ClientResults {
  readonly #pending = new Map<string, Pending>();
  #perConnection = new Map<string, Set<string>>();

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
      this.#pending.set(id, { connectionId, resolve, reject, forget });
      const ofConnection = this.#perConnection.get(connectionId);
      if (ofConnection === undefined) this.#perConnection.set(connectionId, new Set([id]));
      else ofConnection.add(id);
    });
  }

  /**
   * An answer came. Ids are guessable, so it counts only from the connection that was asked.
   * @returns whether anybody waited
   */
  complete(connectionId: string, completion: CompletionMessage): boolean {
    const { invocationId: id, error } = completion;
    if (this.#pending.get(id)?.connectionId !== connectionId) return false;
    const pending = this.#take(id)!;
    if (error !== undefined) pending.reject(new HubException(error));
    else pending.resolve(completion.result);
    return true;
  }

  fail(id: string, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  disconnected(connectionId: string): void {
    for (const id of this.#perConnection.get(connectionId) ?? []) {
      this.fail(id, new DeliveryError("disconnected", `Connection '${connectionId}' disconnected.`));
    }
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    pending.forget();
    const ofConnection = this.#perConnection.get(pending.connectionId);
    ofConnection?.delete(id);
    if (ofConnection?.size === 0) this.#perConnection.delete(pending.connectionId);
    return pending;
  }
}

/** The caller waits no more: `AbortSignal.timeout` is a time-out, all else a cancellation. */
function givenUp({ reason }: AbortSignal): Error {
  if ((reason as Error | undefined)?.name !== "TimeoutError") return canceled();
  return new DeliveryError("timeout", "The client did not answer in time.", { cause: reason });
}
