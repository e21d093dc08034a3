import { CoreRangeError, ReadOnlyError } from "./core-errors.ts";
import { Disposable } from "./disposable.ts";

export type HookName = "appStart" | "appTerminate" | "preInvocation" | "postInvocation" | "log";
export type HookCallback = (context: object) => unknown;

/** The app's hooks, and the data they share. */
export class Hooks {
  /** Shared by all hooks of the app. */
  readonly appHookData: Record<string, unknown> = {};
  /** Shared by `appStart` and `appTerminate`. */
  readonly #appOnlyData: Record<string, unknown> = {};
  readonly #callbacks: Record<HookName, HookCallback[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  };

  /** @throws {CoreRangeError} for a name that is no hook's */
  register(name: string, callback: HookCallback): Disposable {
    if (!Object.hasOwn(this.#callbacks, name)) throw new CoreRangeError(`Unrecognized hook "${name}"`);
    const callbacks = this.#callbacks[name as HookName];
    callbacks.push(callback);
    return new Disposable(() => {
      const index = callbacks.indexOf(callback);
      if (index >= 0) callbacks.splice(index, 1);
    });
  }

  has(name: HookName): boolean {
    return this.#callbacks[name].length > 0;
  }

  /** Runs the hooks one after the other. Rejects with what the first failing one threw; the rest is not run. */
  async run(name: HookName, context: object): Promise<void> {
    for (const callback of [...this.#callbacks[name]]) await callback(context);
  }

  /** Runs hooks that cannot be waited for. Throws what the first failing one threw. */
  runNow(name: HookName, context: object): void {
    for (const callback of [...this.#callbacks[name]]) callback(context);
  }

  appContext(members: object = {}): object {
    return hookContext({ hookData: this.#appOnlyData, appHookData: this.appHookData }, members);
  }
}

/** `fixed` members throw when a hook assigns to them, `open` ones may be replaced. */
export function hookContext<Open extends object>(fixed: Readonly<Record<string, unknown>>, open: Open): Open {
  for (const [name, value] of Object.entries(fixed)) {
    Object.defineProperty(open, name, {
      enumerable: true,
      get: () => value,
      set: () => {
        throw new ReadOnlyError(name);
      },
    });
  }
  return open;
}
