import { BindingError } from "../contracts/binding.ts";
import type { BindingDefinition } from "../contracts/function-definition.ts";
import { textOf } from "./members.ts";

/** A property of a binding by its name in any letter case, as written. */
export function property(definition: BindingDefinition, name: string): unknown {
  if (Object.hasOwn(definition, name)) return definition[name];
  const found = Object.keys(definition).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : definition[found];
}

/** A text property; undefined when it is absent or empty. */
export function textProperty(definition: BindingDefinition, name: string): string | undefined {
  return textOf(property(definition, name));
}

/** @throws {BindingError} when it is absent or empty */
export function requiredText(definition: BindingDefinition, name: string): string {
  const text = textProperty(definition, name);
  if (text === undefined) {
    throw new BindingError(`The binding "${definition.name}" (${definition.type}) has no "${name}".`);
  }
  return text;
}
