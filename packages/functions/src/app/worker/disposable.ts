/** `Disposable` of `@azure/functions-core`: calls back once. */
export class Disposable {
  #callback: (() => unknown) | undefined;

  constructor(callback: () => unknown) {
    this.#callback = callback;
  }

  static from(...items: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const item of items) if (typeof item?.dispose === "function") item.dispose();
    });
  }

  dispose(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}
