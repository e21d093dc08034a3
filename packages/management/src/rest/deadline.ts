/** The time that an attempt had has passed. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

/**
 * Runs `work` with a signal that aborts when `signal` does, with its reason, or after `milliseconds`, with `DeadlinePassed`. Leaves no
 * timer and no listener behind, unlike `AbortSignal.any` on a signal that outlives many calls.
 */
export async function withDeadline<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => controller.abort(new DeadlinePassed()), milliseconds);
  try {
    return await work(controller.signal);
  } catch (error) {
    // Runtimes differ in what fetch rejects with.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
