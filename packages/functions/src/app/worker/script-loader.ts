import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { ScriptFile } from "../messages.ts";
import { CoreSystemError } from "./core-errors.ts";
import type { FunctionCallback } from "./core-types.ts";

const esmOnly = new Set(["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE"]);

/** The module's exports. Throws what loading it threw. */
export async function loadScript({ file, esm }: ScriptFile): Promise<unknown> {
  if (esm) return await import(pathToFileURL(file).href);
  try {
    return createRequire(file)(file);
  } catch (error) {
    // A package.json further down can make a module of it; then `require` refuses where it must not wait.
    if (esmOnly.has((error as NodeJS.ErrnoException | null)?.code ?? "")) return await import(pathToFileURL(file).href);
    throw error;
  }
}

/**
 * The export that handles a v3 function (reference functions-host §1.1): the module itself, the named export, the only one, `run`, `index`.
 * It is called with the exports as `this`.
 *
 * @throws {CoreSystemError} when there is none, or it is no function
 */
export function findHandler(exports: unknown, entryPoint: string | undefined): FunctionCallback {
  let handler = exports;
  if (typeof exports === "object" && exports !== null) {
    const members = exports as Readonly<Record<string, unknown>>;
    const names = Object.keys(members);
    if (entryPoint !== undefined && entryPoint !== "") handler = members[entryPoint];
    else if (names.length === 1) handler = members[names[0] as string];
    else handler = members.run || members.index;
  }
  if (!handler) {
    const named = entryPoint ? `: ${entryPoint}` : "";
    throw new CoreSystemError(
      `Unable to determine function entry point${named}. If multiple functions are exported, you must indicate the entry point, either by ` +
        `naming it 'run' or 'index', or by naming it explicitly via the 'entryPoint' metadata property.`,
    );
  }
  if (typeof handler !== "function") {
    throw new CoreSystemError(
      "The resolved entry point is not a function. Make sure the function has been correctly exported.",
    );
  }
  return (handler as FunctionCallback).bind(typeof exports === "object" ? exports : undefined);
}
