import { type FunctionDefinition, triggerOf } from "../../contracts/function-definition.ts";
import type { TypedData } from "../../contracts/typed-data.ts";

/** The trigger's value when somebody runs a function by hand with this input (reference functions-host §3.5). */
export function manualInput(definition: FunctionDefinition, input: unknown): TypedData {
  if (triggerOf(definition).type.toLowerCase() === "timertrigger")
    return { json: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false }) };
  if (input === undefined || input === null) return {};
  if (typeof input !== "string") return { json: JSON.stringify(input) };
  return isJsonText(input) ? { json: input } : { string: input };
}

function isJsonText(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
