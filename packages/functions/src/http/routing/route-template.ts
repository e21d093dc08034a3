import { makeConstraint, type RouteConstraint } from "./route-constraint.ts";

/** A template that cannot be used; the message is a sentence for the developer. */
export class RouteTemplateError extends Error {
  override readonly name = "RouteTemplateError";
}

export type RouteValues = Readonly<Record<string, string>>;

interface Parameter {
  readonly name: string;
  readonly constraints: readonly RouteConstraint[];
  readonly fallback: string | undefined;
  readonly optional: boolean;
  readonly catchAll: boolean;
}

type Part = string | Parameter;

interface Segment {
  readonly parts: readonly Part[];
  /** Of a segment with several parts: the longest form first; groups in the order of the parameters. */
  readonly patterns: readonly RegExp[];
}

/**
 * An ASP.NET Core route template (reference functions-host §2.2): `{p}`, `{p?}`, `{p=default}`, `{*rest}`, `{p:int:min(1)}`, and literals
 * mixed with parameters in a segment (`v{version}`, `{name}.{ext?}`). Letter case of literals does not matter; a slash at the end neither.
 */
export class RouteTemplate {
  /** As written, without slashes at the ends. */
  readonly text: string;
  /**
   * Which of two templates is asked first, the smaller text: a digit a segment, 1 literal, 2 constrained, 3 parameter, 4 and 5 catch-all
   * (ASP.NET Core's inbound precedence).
   */
  readonly precedence: string;
  readonly #segments: readonly Segment[];

  /** @throws {RouteTemplateError} */
  constructor(text: string) {
    this.text = text.trim().replaceAll(/^~?\/+|\/+$/g, "");
    const names = new Set<string>();
    this.#segments = this.text === "" ? [] : splitSegments(this.text).map((segment) => parseSegment(segment, this.text, names));
    for (const [index, { parts }] of this.#segments.entries()) {
      if (
        parts.some((part) => typeof part !== "string" && part.catchAll) &&
        (parts.length > 1 || index < this.#segments.length - 1)
      )
        throw new RouteTemplateError(
          `A catch-all parameter can only appear as the last segment of the route template '${this.text}'.`,
        );
    }
    this.precedence = this.#segments.map(precedenceOf).join("");
  }

  get parameterNames(): readonly string[] {
    return this.#segments.flatMap(({ parts }) => parts.flatMap((part) => (typeof part === "string" ? [] : [part.name])));
  }

  /**
   * @param path decoded segments of the request's path (`pathSegments`)
   * @returns route values, absent optional parameters left out; undefined when the path does not match
   */
  match(path: readonly string[]): RouteValues | undefined {
    const values: Record<string, string> = Object.create(null);
    for (let i = 0; i < this.#segments.length; i += 1) {
      const segment = this.#segments[i]!;
      const only = segment.parts.length === 1 ? segment.parts[0]! : undefined;
      const given = path[i];
      if (only !== undefined && typeof only !== "string" && only.catchAll)
        return take(only, path.slice(i).join("/") || undefined, values) ? { ...values } : undefined;
      if (only === undefined) {
        if (given === undefined || !matchComplex(segment, given, values)) return undefined;
      } else if (typeof only === "string") {
        if (given === undefined || given.toLowerCase() !== only.toLowerCase()) return undefined;
      } else if (!take(only, given, values)) {
        return undefined;
      }
    }
    return path.length > this.#segments.length ? undefined : { ...values };
  }
}

/** Decoded segments of a URL's path. An encoded slash stays encoded, and a percent sign that encodes nothing is left as it is. */
export function pathSegments(pathname: string): readonly string[] {
  const trimmed = pathname.replace(/^\//, "").replace(/\/$/, "");
  return trimmed === "" ? [] : trimmed.split("/").map(decodeSegment);
}

function decodeSegment(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return text
      .split(/(%2f)/i)
      .map((part, index) => (index % 2 === 1 ? part : decodeURIComponent(part)))
      .join("");
  } catch {
    return text;
  }
}

/** @returns false when the value is missing and must not be, or breaks a constraint */
function take(parameter: Parameter, given: string | undefined, values: Record<string, string>): boolean {
  const value = given === undefined || given === "" ? parameter.fallback : given;
  if (value === undefined) return given === undefined && (parameter.optional || parameter.catchAll);
  if (!parameter.constraints.every((constraint) => constraint(value))) return false;
  values[parameter.name] = value;
  return true;
}

function matchComplex({ parts, patterns }: Segment, given: string, values: Record<string, string>): boolean {
  for (const pattern of patterns) {
    const match = pattern.exec(given);
    if (match === null) continue;
    const parameters = parts.filter((part) => typeof part !== "string");
    return parameters.every((parameter, index) => take(parameter, match[index + 1], values));
  }
  return false;
}

/** Slashes inside braces (of a regular expression) do not part segments. */
function splitSegments(text: string): readonly string[] {
  const segments: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === "{") depth += 1;
    else if (text[i] === "}") depth -= 1;
    else if (text[i] === "/" && depth <= 0) {
      segments.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...segments, text.slice(from)];
}

function parseSegment(text: string, template: string, names: Set<string>): Segment {
  if (text === "") throw new RouteTemplateError(`The route template '${template}' has an empty segment.`);
  const parts: Part[] = [];
  let literal = "";
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i]!;
    if ((character === "{" || character === "}") && text[i + 1] === character) {
      literal += character;
      i += 1;
    } else if (character === "{") {
      const { inner, end } = readBraces(text, i, template);
      if (literal !== "") parts.push(literal);
      literal = "";
      const previous = parts.at(-1);
      if (previous !== undefined && typeof previous !== "string")
        throw new RouteTemplateError(
          `The route template '${template}' has two parameters side by side, with no text between them.`,
        );
      const parameter = parseParameter(inner, template);
      if (names.has(parameter.name.toLowerCase()))
        throw new RouteTemplateError(
          `The route parameter name '${parameter.name}' appears more than one time in '${template}'.`,
        );
      names.add(parameter.name.toLowerCase());
      parts.push(parameter);
      i = end;
    } else if (character === "}" || character === "?") {
      throw new RouteTemplateError(`The route template '${template}' holds a '${character}' where none may be.`);
    } else {
      literal += character;
    }
  }
  if (literal !== "") parts.push(literal);
  return { parts, patterns: parts.length > 1 ? complexPatterns(parts) : [] };
}

/** Inside, doubled braces mean single ones. */
function readBraces(text: string, start: number, template: string): { readonly inner: string; readonly end: number } {
  let inner = "";
  for (let i = start + 1; i < text.length; i += 1) {
    const character = text[i]!;
    if ((character === "{" || character === "}") && text[i + 1] === character) {
      inner += character;
      i += 1;
    } else if (character === "}") return { inner, end: i };
    else if (character === "{") break;
    else inner += character;
  }
  throw new RouteTemplateError(`The route template '${template}' has a brace without its partner.`);
}

const parameterPattern = /^(\*{0,2})([^*/{}?:=]+)/;
const constraintPattern = /^:([^:=()?]+)(?:\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*)\))?/s;

function parseParameter(inner: string, template: string): Parameter {
  const head = parameterPattern.exec(inner);
  if (head === null) throw new RouteTemplateError(`The route parameter name '${inner}' in '${template}' is invalid.`);
  const [matched, stars, name] = head as unknown as [string, string, string];
  let rest = inner.slice(matched.length);
  const constraints: RouteConstraint[] = [];
  for (let match = constraintPattern.exec(rest); match !== null; match = constraintPattern.exec(rest)) {
    const constraint = makeConstraint(match[1]!, match[2]);
    if (constraint === undefined)
      throw new RouteTemplateError(
        `The constraint '${match[0].slice(1)}' of the route parameter '${name}' in '${template}' is not known.`,
      );
    constraints.push(constraint);
    rest = rest.slice(match[0].length);
  }
  const fallback = rest.startsWith("=") ? rest.slice(1) : undefined;
  if (fallback === undefined && rest !== "" && rest !== "?")
    throw new RouteTemplateError(`The route parameter '${inner}' in '${template}' is invalid.`);
  return { name, constraints, fallback, optional: rest === "?", catchAll: stars !== "" };
}

/** Of `{name}.{ext?}` the text before the optional parameter is optional with it. Parameters take as much as they can from the left. */
function complexPatterns(parts: readonly Part[]): readonly RegExp[] {
  const source = (some: readonly Part[]) =>
    some.map((part) => (typeof part === "string" ? part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") : "(.+)")).join("");
  const last = parts.at(-1)!;
  const forms = [parts];
  if (typeof last !== "string" && last.optional) forms.push(parts.slice(0, -2));
  return forms.map((form) => new RegExp(`^${source(form)}$`, "is"));
}

function precedenceOf({ parts }: Segment): string {
  const [part] = parts as [Part];
  if (parts.length > 1) return "2";
  if (typeof part === "string") return "1";
  if (part.catchAll) return part.constraints.length > 0 ? "4" : "5";
  return part.constraints.length > 0 ? "2" : "3";
}
