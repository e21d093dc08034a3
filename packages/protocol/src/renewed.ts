/** A value that is asked for when first needed and again when it has grown old. Callers at the same time share one question. */
export class Renewed<T> {
  readonly #ask: () => Promise<{ readonly value: T; readonly until: number }>;
  #known: { readonly value: T; readonly until: number } | undefined;
  #asking: Promise<T> | undefined;

  /** @param ask `until`: milliseconds since 1970. A rejection is passed on and not kept. */
  constructor(ask: () => Promise<{ readonly value: T; readonly until: number }>) {
    this.#ask = ask;
  }

  get(): T | Promise<T> {
    if (this.#known !== undefined && Date.now() < this.#known.until) return this.#known.value;
    this.#asking ??= this.#renew();
    return this.#asking;
  }

  async #renew(): Promise<T> {
    try {
      this.#known = await this.#ask();
      return this.#known.value;
    } finally {
      this.#asking = undefined;
    }
  }
}
