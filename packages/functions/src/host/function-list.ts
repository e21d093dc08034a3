import { type FunctionDefinition, type LoadProblem, triggerOf } from "../contracts/function-definition.ts";
import { isHttp } from "./binding-catalogue.ts";

/** One function as people see it when the host has started. */
export interface ListedFunction {
  readonly definition: FunctionDefinition;
  readonly isDisabled: boolean;
  /** Of an HTTP function. */
  readonly http?: { readonly methods: readonly string[]; readonly url: string };
}

/** The list that `func start` prints, and what is wrong with the functions that are not in it (reference functions-host §3.6). */
export function functionList(functions: readonly ListedFunction[], problems: readonly LoadProblem[]): string {
  const lines = functions.filter(({ isDisabled }) => !isDisabled).map(lineOf);
  const disabled = functions
    .filter(({ isDisabled }) => isDisabled)
    .map(({ definition }) => `Function ${definition.name} is disabled.`);
  return [
    "",
    "Functions:",
    "",
    ...(lines.length === 0 ? ["\t(none)", ""] : lines.flatMap((line) => [`\t${line}`, ""])),
    ...disabled,
    ...problems.map(problemLine),
    "",
  ].join("\n");
}

function lineOf({ definition, http }: ListedFunction): string {
  if (http === undefined) return `${definition.name}: ${triggerOf(definition).type}`;
  const methods = http.methods.length === 0 ? "" : `[${http.methods.join(",")}] `;
  return `${definition.name}: ${methods}${http.url}`;
}

/** A function that cannot run, in a line (or several, when its code threw). */
function problemLine({ functionName, file, message }: LoadProblem): string {
  const where = file === undefined ? "" : ` (${file})`;
  if (functionName === undefined) return `The app has a problem${where}: ${message}`;
  return `The '${functionName}' function is in error${where}: ${message}`;
}

/** HTTP functions first, as `func start` lists them; otherwise the app's order. */
export function inListOrder(functions: readonly ListedFunction[]): readonly ListedFunction[] {
  const rank = ({ definition }: ListedFunction) => (isHttp(triggerOf(definition).type) ? 0 : 1);
  return functions.toSorted((a, b) => rank(a) - rank(b));
}
