/** Bounds of what one connection makes the service remember; a cancellation beyond them is not told to the upstream. */
const maxStreams = 100;
const maxTargetLength = 256;

/**
 * The streams that one client asked for and that have not ended as far as this backend knows: invocation id to target. A stream that is
 * completed through REST stays until it is the oldest of too many.
 */
export class OpenStreams {
  readonly #targets = new Map<string, string>();

  opened(invocationId: string, target: string): void {
    if (target.length > maxTargetLength || invocationId.length > maxTargetLength) return;
    this.#targets.delete(invocationId);
    this.#targets.set(invocationId, target);
    if (this.#targets.size > maxStreams) this.#targets.delete(this.#targets.keys().next().value!);
  }

  /** @returns the target, when the stream is remembered */
  closed(invocationId: string): string | undefined {
    const target = this.#targets.get(invocationId);
    this.#targets.delete(invocationId);
    return target;
  }
}
