import type { Subscriber } from "../command.ts";
import { FilterError } from "./token.ts";

export type Value = string | number | boolean | null;
type ValueType = "string" | "int" | "bool" | "null";

/** A part of a filter that has a value for each subscriber. Types are known before anything runs, so a filter never fails later. */
export interface Expression {
  readonly type: ValueType;
  /** As written, for messages. */
  readonly text: string;
  evaluate(subscriber: Subscriber): Value;
}

export type Predicate = (subscriber: Subscriber) => boolean;

export function constant(value: Value, text: string): Expression {
  const type = value === null ? "null" : typeof value === "string" ? "string" : typeof value === "number" ? "int" : "bool";
  return { type, text, evaluate: () => value };
}

const identifiers: ReadonlyMap<string, (subscriber: Subscriber) => Value> = new Map([
  ["userid", (subscriber: Subscriber) => subscriber.userId ?? null],
  ["connectionid", (subscriber: Subscriber) => subscriber.connectionId],
]);

/** `userId` (null for an anonymous connection) and `connectionId`. */
export function identifier(name: string): Expression | undefined {
  const evaluate = identifiers.get(name);
  return evaluate && { type: "string", text: name, evaluate };
}

/** A null argument makes the result null, and null is neither true nor comparable: `startswith(userId, 'a')` skips anonymous connections. */
interface Callable {
  readonly takes: readonly ValueType[];
  /** How many of the last parameters may be left out. */
  readonly optional?: number;
  readonly gives: ValueType;
  readonly call: (...values: never[]) => Value;
}

const functions: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ["startswith", { takes: ["string", "string"], gives: "bool", call: (text: string, start: string) => text.startsWith(start) }],
  ["endswith", { takes: ["string", "string"], gives: "bool", call: (text: string, end: string) => text.endsWith(end) }],
  ["contains", { takes: ["string", "string"], gives: "bool", call: (text: string, part: string) => text.includes(part) }],
  ["indexof", { takes: ["string", "string"], gives: "int", call: (text: string, part: string) => text.indexOf(part) }],
  ["concat", { takes: ["string", "string"], gives: "string", call: (first: string, second: string) => first + second }],
  ["length", { takes: ["string"], gives: "int", call: (text: string) => text.length }],
  ["tolower", { takes: ["string"], gives: "string", call: (text: string) => text.toLowerCase() }],
  ["toupper", { takes: ["string"], gives: "string", call: (text: string) => text.toUpperCase() }],
  ["trim", { takes: ["string"], gives: "string", call: (text: string) => text.trim() }],
  [
    "substring",
    {
      takes: ["string", "int", "int"],
      optional: 1,
      gives: "string",
      call: (text: string, from: number, length?: number) => {
        const start = Math.max(from, 0);
        return text.slice(start, length === undefined ? undefined : start + Math.max(length, 0));
      },
    },
  ],
]);

export function isFunction(name: string): boolean {
  return functions.has(name);
}

/** @throws {FilterError} for a wrong number or type of arguments */
export function call(name: string, args: readonly Expression[]): Expression {
  const { takes, optional = 0, gives, call: apply } = functions.get(name)!;
  const text = `${name}(${args.map((arg) => arg.text).join(", ")})`;
  if (args.length > takes.length || args.length < takes.length - optional) {
    throw new FilterError(
      `Invalid syntax for '${text}': ${name} takes ${takes.length - optional} argument(s), not ${args.length}.`,
    );
  }
  args.forEach((arg, index) => {
    expectType(arg, takes[index]!);
  });
  return {
    type: gives,
    text,
    evaluate: (subscriber) => {
      const values = args.map((arg) => arg.evaluate(subscriber));
      return values.includes(null) ? null : apply(...(values as never[]));
    },
  };
}

const comparisons: ReadonlyMap<string, (left: Value, right: Value) => boolean> = new Map([
  ["eq", (left: Value, right: Value) => left === right],
  ["ne", (left: Value, right: Value) => left !== right],
  ["gt", ordered((left, right) => left > right)],
  ["ge", ordered((left, right) => left >= right)],
  ["lt", ordered((left, right) => left < right)],
  ["le", ordered((left, right) => left <= right)],
]);

function ordered(test: (left: string | number, right: string | number) => boolean): (left: Value, right: Value) => boolean {
  return (left, right) => left !== null && right !== null && test(left as string | number, right as string | number);
}

export function isComparison(name: string): boolean {
  return comparisons.has(name);
}

/**
 * Strings compare ordinally. Null equals only null and is neither greater nor less than anything.
 * @throws {FilterError} when the sides have different types, or have no order
 */
export function compare(operator: string, left: Expression, right: Expression): Expression {
  const text = `${left.text} ${operator} ${right.text}`;
  if (left.type !== "null") expectType(right, left.type);
  const hasOrder = (side: Expression) => side.type === "string" || side.type === "int";
  if (operator !== "eq" && operator !== "ne" && !(hasOrder(left) && hasOrder(right))) {
    throw new FilterError(`Invalid syntax for '${text}': only strings and numbers have an order.`);
  }
  const test = comparisons.get(operator)!;
  return { type: "bool", text, evaluate: (subscriber) => test(left.evaluate(subscriber), right.evaluate(subscriber)) };
}

/** `userId in ('a', 'b')` */
export function isOneOf(left: Expression, choices: readonly Expression[]): Expression {
  for (const choice of choices) if (left.type !== "null") expectType(choice, left.type);
  return {
    type: "bool",
    text: `${left.text} in (${choices.map((choice) => choice.text).join(", ")})`,
    evaluate: (subscriber) => {
      const value = left.evaluate(subscriber);
      return choices.some((choice) => choice.evaluate(subscriber) === value);
    },
  };
}

/** `'g' in groups` */
export function isInGroups(left: Expression): Expression {
  expectType(left, "string");
  return {
    type: "bool",
    text: `${left.text} in groups`,
    evaluate: (subscriber) => {
      const group = left.evaluate(subscriber);
      return group !== null && subscriber.isInGroup(group as string);
    },
  };
}

export function and(left: Expression, right: Expression): Expression {
  return logical("and", left, right, (subscriber) => isTrue(left, subscriber) && isTrue(right, subscriber));
}

export function or(left: Expression, right: Expression): Expression {
  return logical("or", left, right, (subscriber) => isTrue(left, subscriber) || isTrue(right, subscriber));
}

export function not(operand: Expression): Expression {
  const text = `not ${operand.text}`;
  if (operand.type !== "bool") throw new FilterError(`Invalid syntax for '${text}': type '${operand.type}', expected 'bool'.`);
  return { type: "bool", text, evaluate: (subscriber) => !isTrue(operand, subscriber) };
}

/** @throws {FilterError} when the whole filter is not a condition */
export function predicate(expression: Expression): Predicate {
  expectType(expression, "bool", false);
  return (subscriber) => isTrue(expression, subscriber);
}

function logical(operator: string, left: Expression, right: Expression, evaluate: Predicate): Expression {
  expectType(left, "bool", false);
  expectType(right, "bool", false);
  return { type: "bool", text: `${left.text} ${operator} ${right.text}`, evaluate };
}

function isTrue(expression: Expression, subscriber: Subscriber): boolean {
  return expression.evaluate(subscriber) === true;
}

function expectType(expression: Expression, type: ValueType, nullable = true): void {
  if (expression.type === type || (nullable && expression.type === "null")) return;
  throw new FilterError(`Invalid syntax for '${expression.text}': type '${expression.type}', expected '${type}'.`);
}
