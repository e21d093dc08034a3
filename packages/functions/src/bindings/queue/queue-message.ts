import { parseJson } from "@signalbox/protocol";
import { BindingError } from "../../contracts/binding.ts";
import { fromTypedData, type TypedData } from "../../contracts/typed-data.ts";

/**
 * The texts of a queue output, one a message: an array makes several, an object becomes JSON (reference functions-host §1.3). The text of a
 * v3 function may itself be a JSON array.
 */
export function queueMessages(value: TypedData): readonly string[] {
  const plain = value.json !== undefined ? parseJson(value.json) : fromTypedData(value);
  if (plain === null) return [];
  return (Array.isArray(plain) ? plain : [plain]).map((item) => {
    if (typeof item === "string") return item;
    if (item instanceof Uint8Array) return Buffer.from(item).toString("utf8");
    const text = JSON.stringify(item);
    if (text === undefined) throw new BindingError("A queue message must be a text, bytes or an object.");
    return text;
  });
}
