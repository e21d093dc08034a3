import { StoreError } from "./store.ts";

/** Runs `action`; what it throws becomes a {@link StoreError} that begins with `what`. */
export function guarded<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new StoreError(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
