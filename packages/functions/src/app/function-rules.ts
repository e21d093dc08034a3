import { ConfigError } from "../config/config-error.ts";
import { type FunctionDefinition, isTrigger } from "../contracts/function-definition.ts";

/**
 * What holds for a function of either model (reference functions-host §1.1).
 *
 * @throws {ConfigError} naming everything that is wrong
 */
export function checkDefinition({ name, bindings }: FunctionDefinition): void {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9_-]{0,127}$/i.test(name) || name.toLowerCase() === "host") {
    problems.push(
      `"${name}" is no valid function name: a letter, then letters, digits, "_" or "-", at most 128 characters, and not "host".`,
    );
  }
  const triggers = bindings.filter(isTrigger);
  if (triggers.length === 0) problems.push("No binding is a trigger. Exactly one must be.");
  if (triggers.length > 1) {
    problems.push(`Several bindings are triggers (${triggers.map(({ type }) => type).join(", ")}). Exactly one must be.`);
  }
  const names = new Set<string>();
  for (const { name: binding, type } of bindings) {
    if (binding === "") problems.push(`A binding of type "${type}" has no name.`);
    else if (names.has(binding)) problems.push(`Two bindings have the name "${binding}".`);
    names.add(binding);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
