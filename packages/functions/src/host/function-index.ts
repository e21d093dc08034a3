import type { LayeredSettings } from "../config/app-settings.ts";
import { resolveSettingNames } from "../config/binding-expression.ts";
import { BindingError, type IndexingContext } from "../contracts/binding.ts";
import {
  type BindingDefinition,
  type FunctionDefinition,
  isTrigger,
  type LoadProblem,
} from "../contracts/function-definition.ts";
import { type BindingCatalogue, isHttp } from "./binding-catalogue.ts";

/** A function whose bindings are all in order. */
export interface IndexedFunction {
  readonly definition: FunctionDefinition;
  /** It is listed and can be run by hand, but nothing triggers it. */
  readonly isDisabled: boolean;
}

export interface FunctionIndex {
  readonly functions: readonly IndexedFunction[];
  readonly problems: readonly LoadProblem[];
}

/**
 * Looks at every binding of every function before any runs. What is wrong with one function is told and costs the others nothing.
 * @param only names of the functions that exist (host.json `functions`, `--functions`); undefined: all
 */
export async function indexFunctions(
  definitions: readonly FunctionDefinition[],
  catalogue: BindingCatalogue,
  settings: LayeredSettings,
  only: readonly string[] | undefined,
): Promise<FunctionIndex> {
  const wanted = only && new Set(only.map((name) => name.toLowerCase()));
  const functions: IndexedFunction[] = [];
  const problems: LoadProblem[] = [];
  for (const definition of definitions) {
    if (wanted !== undefined && !wanted.has(definition.name.toLowerCase())) continue;
    const isDisabled = isDisabledBy(definition, settings);
    try {
      // A disabled function may well lack its settings.
      if (!isDisabled) await checkBindings(definition, catalogue, settings);
      functions.push({ definition, isDisabled });
    } catch (error) {
      if (!(error instanceof BindingError)) throw error;
      problems.push({ functionName: definition.name, message: error.message });
    }
  }
  return { functions, problems };
}

/** What a binding may ask at start-up. */
export function indexingContext(functionName: string, settings: LayeredSettings): IndexingContext {
  return {
    functionName,
    settings,
    resolveSettings: (text) => resolveSettingNames(text, (name) => settings.get(name)),
  };
}

async function checkBindings(
  definition: FunctionDefinition,
  catalogue: BindingCatalogue,
  settings: LayeredSettings,
): Promise<void> {
  const context = indexingContext(definition.name, settings);
  for (const binding of definition.bindings) {
    if (isHttp(binding.type)) continue;
    const kinds = kindsOf(binding, catalogue);
    for (const kind of kinds) await kind.check?.(binding, context);
  }
}

function kindsOf(binding: BindingDefinition, catalogue: BindingCatalogue) {
  if (isTrigger(binding)) return [known(catalogue.trigger(binding.type), binding, "trigger")];
  const kinds = [];
  if (binding.direction !== "out") kinds.push(known(catalogue.input(binding.type), binding, "input"));
  if (binding.direction !== "in") kinds.push(known(catalogue.output(binding.type), binding, "output"));
  return kinds;
}

function known<T>(kind: T | undefined, { name, type }: BindingDefinition, role: string): T {
  if (kind !== undefined) return kind;
  throw new BindingError(`The binding "${name}" is of the type "${type}", which this host does not have as ${role}.`);
}

/** `AzureWebJobs.<name>.Disabled`, `AzureWebJobs_<name>_Disabled`, or the definition's own switch (reference functions-host §1.1). */
function isDisabledBy({ name, disabled }: FunctionDefinition, settings: LayeredSettings): boolean {
  if (settings.isTrue(`AzureWebJobs.${name}.Disabled`) || settings.isTrue(`AzureWebJobs_${name}_Disabled`)) return true;
  if (typeof disabled !== "string") return disabled === true;
  return /^(true|1)$/i.test(disabled) || settings.isTrue(disabled.replace(/^%(.*)%$/, "$1"));
}
