/** A promise, whoever made it: those of libraries and of other realms are no instances of our `Promise`. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
