import { randomUUID } from "node:crypto";
import { stringifyJson } from "@signalbox/protocol";
import { type BindingData, BindingError } from "../contracts/binding.ts";
import { defaultDateFormat, formatDate, formatGuid, formatNumber } from "./dotnet-format.ts";

/** What expressions read besides binding data. */
export interface ExpressionContext {
  readonly data: BindingData;
  /** For `{sys.methodName}`. */
  readonly functionName: string;
  /** Of `{datetime}` and `{sys.utcNow}`. Default: now. */
  readonly now?: Date;
}

/** A piece of a template: literal text, or a reference into the binding data. */
type Part = string | Reference;

interface Reference {
  readonly path: readonly string[];
  readonly format: string | undefined;
}

/** The first name has no hyphen, those after it may: `{headers.x-ms-client-principal-id}`. `rand-guid` is the one exception. */
const referencePattern = /^([A-Za-z_][\w]*|rand-guid)((?:\.[\w-]+)*)$/i;

/**
 * Replaces each `%NAME%` by the setting of that name (reference functions-host §2.1).
 * @throws {BindingError} when there is no such setting, or a `%` has no partner
 */
export function resolveSettingNames(text: string, setting: (name: string) => string | undefined): string {
  let result = "";
  let from = 0;
  for (let start = text.indexOf("%"); start >= 0; start = text.indexOf("%", from)) {
    const end = text.indexOf("%", start + 1);
    if (end < 0) throw new BindingError(`The '%' at position ${start} does not have a closing '%' in '${text}'.`);
    const name = text.slice(start + 1, end);
    const value = setting(name);
    if (value === undefined) throw new BindingError(`'%${name}%' does not resolve to a value.`);
    result += text.slice(from, start) + value;
    from = end + 1;
  }
  return result + text.slice(from);
}

/** A text with `{name}`, `{a.b}`, `{name:format}`, `{{` and `}}` in it (reference functions-host §2.1). Does not change. */
export class BindingExpression {
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** @throws {BindingError} when braces do not pair or hold no name */
  static parse(text: string): BindingExpression {
    const parts: Part[] = [];
    let literal = "";
    for (let i = 0; i < text.length; i += 1) {
      const character = text[i]!;
      if ((character === "{" || character === "}") && text[i + 1] === character) {
        literal += character;
        i += 1;
      } else if (character === "}") {
        throw new BindingError(`Invalid template '${text}'. Missing opening bracket before position ${i}.`);
      } else if (character === "{") {
        const end = text.indexOf("}", i);
        if (end < 0) throw new BindingError(`Invalid template '${text}'. Missing closing bracket after position ${i}.`);
        if (literal !== "") parts.push(literal);
        literal = "";
        parts.push(parseReference(text.slice(i + 1, end), text));
        i = end;
      } else {
        literal += character;
      }
    }
    if (literal !== "" || parts.length === 0) parts.push(literal);
    return new BindingExpression(parts);
  }

  /** First names of what it reads, in lower case, without those the host generates: for a check at start-up. */
  get parameterNames(): readonly string[] {
    const names = this.#parts.flatMap((part) => (typeof part === "string" ? [] : [part.path[0]!.toLowerCase()]));
    return [...new Set(names)].filter((name) => !isGenerated(name));
  }

  /** @throws {BindingError} for a name that is not there */
  resolve(context: ExpressionContext): string {
    return this.#parts.map((part) => (typeof part === "string" ? part : readReference(part, context))).join("");
  }
}

function parseReference(inner: string, text: string): Reference {
  const colon = inner.indexOf(":");
  const name = colon < 0 ? inner : inner.slice(0, colon);
  if (!referencePattern.test(name))
    throw new BindingError(`Invalid template '${text}'. The parameter name '${name}' is invalid.`);
  return { path: name.split("."), format: colon < 0 ? undefined : inner.slice(colon + 1) };
}

function isGenerated(lowerName: string): boolean {
  return lowerName === "rand-guid" || lowerName === "datetime" || lowerName === "sys";
}

function readReference({ path, format }: Reference, context: ExpressionContext): string {
  const value = lookUp(path, context);
  try {
    return toText(value, format);
  } catch (error) {
    if (error instanceof RangeError)
      throw new BindingError(`'{${path.join(".")}:${format}}' cannot be formatted: ${error.message}`);
    throw error;
  }
}

/** A generated GUID, told from a text of the caller: only it is formatted. */
class Guid {
  readonly text: string = randomUUID();
}

function lookUp(path: readonly string[], context: ExpressionContext): unknown {
  const [first, ...rest] = path as [string, ...string[]];
  const generated = generate(path.join(".").toLowerCase(), context);
  if (generated !== undefined) return generated;
  const name = memberName(context.data, first, true);
  if (name === undefined) throw new BindingError(`No value for named parameter '${first}'.`);
  let value = context.data[name];
  for (const member of rest) {
    // Only the query knows letter case, as .NET's dictionary of it does.
    const key = memberName(value, member, first.toLowerCase() !== "query");
    if (key === undefined) throw new BindingError(`Error while accessing '${member}': property doesn't exist.`);
    value = (value as BindingData)[key];
  }
  return value;
}

function generate(path: string, { functionName, now }: ExpressionContext): Guid | Date | string | undefined {
  switch (path) {
    case "rand-guid":
    case "sys.randguid":
      return new Guid();
    case "datetime":
    case "sys.utcnow":
      return now ?? new Date();
    case "sys.methodname":
      return functionName;
    default:
      return undefined;
  }
}

/** The own member meant by `name`, the exact spelling first. */
function memberName(value: unknown, name: string, anyCase: boolean): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, name)) return name;
  if (!anyCase) return undefined;
  const lower = name.toLowerCase();
  return Object.keys(value).find((candidate) => candidate.toLowerCase() === lower);
}

function toText(value: unknown, format: string | undefined): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Guid) return format ? formatGuid(value.text, format) : value.text;
  if (value instanceof Date) return formatDate(value, format || defaultDateFormat);
  if (typeof value === "number" && format) return formatNumber(value, format);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  return typeof value === "object" ? stringifyJson(value) : String(value);
}
