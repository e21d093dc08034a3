import { invalid } from "./rest-error.ts";

/** Objects and arrays in one another, the frame's own two included: where .NET's JSON reader stops by default. */
const maxNesting = 64;

const minInteger = -(2n ** 63n);
const maxInteger = 2n ** 64n - 1n;

/**
 * Makes sure that a value reaches every client as it is and harms none. Refused are nesting that .NET clients do not read, numbers
 * too large for a double (the emulator disconnects every receiver of `1e400`), integers beyond 64 bits, which MessagePack has no form for,
 * and halves of surrogate pairs, which UTF-8 has no form for.
 * @param level how many objects and arrays stand around the value
 * @throws {RestError} 400
 */
export function checkDeliverable(value: unknown, level: number): void {
  switch (typeof value) {
    case "string":
      checkText(value);
      return;
    case "number":
      if (!Number.isFinite(value)) throw invalid("A number is too large to be delivered.", "arguments");
      return;
    case "bigint":
      if (value < minInteger || value > maxInteger)
        throw invalid(`The integer ${shortened(value)} does not fit 64 bits.`, "arguments");
      return;
    case "object":
      if (value !== null) checkMembers(value, level + 1);
  }
}

export function checkText(text: string): void {
  if (!text.isWellFormed()) throw invalid("A text holds half of a surrogate pair, which cannot be sent.", "arguments");
}

function checkMembers(container: object, level: number): void {
  if (ArrayBuffer.isView(container)) return;
  if (container instanceof Date) {
    if (Number.isNaN(container.getTime())) throw invalid("A timestamp lies too far off to be delivered.", "arguments");
    return;
  }
  if (level > maxNesting) throw invalid(`The message is nested deeper than ${maxNesting} levels.`, "arguments");
  if (Array.isArray(container)) {
    for (const item of container) checkDeliverable(item, level);
    return;
  }
  for (const key in container) {
    checkText(key);
    checkDeliverable((container as Record<string, unknown>)[key], level);
  }
}

function shortened(value: bigint): string {
  const digits = value.toString();
  return digits.length > 40 ? `${digits.slice(0, 37)}...` : digits;
}
