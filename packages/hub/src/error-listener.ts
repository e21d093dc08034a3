import { isThenable } from "./hub/thenable.ts";
import type { ErrorListener } from "./options.ts";

/** Who is told of errors may fail as well, and that must not end a connection or the process. */
export function guarded(listener: ErrorListener): ErrorListener {
  const failed = (failure: unknown) => console.error("The option onError failed:", failure);
  return (error, doing, context) => {
    try {
      const told: unknown = listener(error, doing, context);
      if (isThenable(told)) told.then(undefined, failed);
    } catch (failure) {
      failed(failure);
    }
  };
}
