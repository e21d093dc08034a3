/** Marks errors that are the host's and not the app's; the libraries read the flag. */
export class CoreSystemError extends Error {
  readonly isAzureFunctionsSystemError = true;
}

export class CoreRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}

export class ReadOnlyError extends TypeError {
  readonly isAzureFunctionsSystemError = true;

  constructor(property: string) {
    super(`Cannot assign to read only property '${property}'`);
  }
}

export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** JavaScript can throw anything; this makes texts of it. Does not throw itself. */
export function describeError(error: unknown): ErrorText {
  try {
    if (error instanceof Error || (typeof error === "object" && error !== null && "message" in error && "stack" in error)) {
      const { name, message, stack } = error as Error;
      return {
        name: String(name ?? "Error"),
        message: String(message),
        ...(stack === undefined ? {} : { stack: String(stack) }),
      };
    }
    if (error === undefined || error === null) return { name: "Error", message: "Unknown error" };
    if (typeof error === "object") return { name: "Error", message: JSON.stringify(error) ?? String(error) };
    return { name: "Error", message: String(error) };
  } catch {
    return { name: "Error", message: "An error that cannot be described" };
  }
}

/** For a log or a list of problems: the stack where there is one, because it names file and line. */
export function errorText(error: unknown): string {
  const { name, message, stack } = describeError(error);
  return stack ?? `${name}: ${message}`;
}

/** Where the host's own code is, as stack traces name it. */
const ownFolder = new URL(".", import.meta.url).href;

/**
 * For a list of problems: what went wrong when the app's files were loaded, without the lines of Node and of the host, which name nothing
 * that the developer wrote.
 */
export function loadErrorText(error: unknown): string {
  const text = errorText(error)
    .split("\n")
    .filter((line) => !/^\s+at /.test(line) || !(line.includes("node:internal/") || line.includes(ownFolder)))
    .join("\n");
  const missing = /Cannot find (?:module|package) '(?![./])[^']+'/.exec(text);
  return missing === null ? text : text.replace(missing[0], `${missing[0]}: does the app need \`npm install\`?`);
}
