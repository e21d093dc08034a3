import {
  and,
  call,
  compare,
  constant,
  type Expression,
  identifier,
  isComparison,
  isFunction,
  isInGroups,
  isOneOf,
  not,
  or,
  type Predicate,
  predicate,
} from "./expression.ts";
import { FilterError, type Token, tokenize } from "./token.ts";

export { FilterError } from "./token.ts";

/** Beyond these a filter was generated without bounds; the cloud warns from about 100 clauses on. */
const maxTokens = 2_000;
const maxDepth = 50;

/**
 * Compiles a filter over subscribers: the OData subset that Azure Web PubSub documents ("OData filter syntax in Azure Web PubSub
 * service"), which is what `:execute` takes (reference serverless-upstream §4.6).
 *
 *   or          = and { "or" and }
 *   and         = comparison { "and" comparison }
 *   comparison  = unary [ ("eq" | "ne" | "gt" | "ge" | "lt" | "le") unary | "in" ( list | "groups" ) ]
 *   unary       = "not" unary | primary          -- `not` binds tighter than a comparison, as OData says
 *   primary     = "(" or ")" | literal | "userId" | "connectionId" | function "(" or { "," or } ")"
 *
 * @throws {FilterError} naming what is wrong and where
 */
export function parseFilter(text: string): Predicate {
  return new Parser(tokenize(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    if (tokens.length > maxTokens) throw new FilterError(`The filter has more than ${maxTokens} parts.`);
    this.#tokens = tokens;
  }

  parse(): Predicate {
    if (this.#next().kind === "end") throw new FilterError("The filter is empty.");
    const expression = this.#or();
    if (this.#next().kind !== "end") throw this.#unexpected();
    return predicate(expression);
  }

  #or(): Expression {
    if (++this.#depth > maxDepth) throw new FilterError(`The filter is nested more than ${maxDepth} levels deep.`);
    let left = this.#and();
    while (this.#take("or")) left = or(left, this.#and());
    this.#depth -= 1;
    return left;
  }

  #and(): Expression {
    let left = this.#comparison();
    while (this.#take("and")) left = and(left, this.#comparison());
    return left;
  }

  #comparison(): Expression {
    const left = this.#unary();
    const token = this.#next();
    if (token.kind === "word" && isComparison(token.value)) {
      this.#position += 1;
      return compare(token.value, left, this.#unary());
    }
    if (!this.#take("in")) return left;
    if (this.#takeGroups()) return isInGroups(left);
    this.#expect("(");
    const choices = [this.#or(), ...this.#rest()];
    return isOneOf(left, choices);
  }

  #unary(): Expression {
    // A loop, because a run of a thousand `not` must not exhaust the stack.
    let negations = 0;
    while (this.#take("not")) negations += 1;
    let operand = this.#primary();
    if (negations > maxDepth) throw new FilterError(`The filter is nested more than ${maxDepth} levels deep.`);
    for (; negations > 0; negations--) operand = not(operand);
    return operand;
  }

  #primary(): Expression {
    const token = this.#next();
    if (token.kind === "end" || token.kind === ")" || token.kind === ",") throw this.#unexpected();
    this.#position += 1;
    if (token.kind === "string") return constant(token.value, `'${token.value.replaceAll("'", "''")}'`);
    if (token.kind === "integer") return constant(token.value, String(token.value));
    if (token.kind === "word") return this.#word(token);
    const inner = this.#or();
    this.#expect(")");
    return { type: inner.type, text: `(${inner.text})`, evaluate: inner.evaluate };
  }

  #word({ value, at }: Extract<Token, { kind: "word" }>): Expression {
    if (value === "true" || value === "false") return constant(value === "true", value);
    if (value === "null") return constant(null, value);
    const field = identifier(value);
    if (field !== undefined) return field;
    if (isFunction(value)) {
      this.#expect("(");
      return call(value, [this.#or(), ...this.#rest()]);
    }
    if (value === "groups") throw new FilterError(`'groups' at position ${at} can only stand on the right of 'in'.`);
    throw new FilterError(`'${value}' at position ${at} is not known; a filter looks at userId, connectionId and groups.`);
  }

  /** What follows the first item of a list: more items, and the closing parenthesis. */
  #rest(): Expression[] {
    const items: Expression[] = [];
    while (this.#next().kind === ",") {
      this.#position += 1;
      items.push(this.#or());
    }
    this.#expect(")");
    return items;
  }

  /** `groups`, with or without parentheses around it. */
  #takeGroups(): boolean {
    let ahead = this.#position;
    while (this.#tokens[ahead]?.kind === "(") ahead += 1;
    const token = this.#tokens[ahead];
    if (token?.kind !== "word" || token.value !== "groups") return false;
    const parentheses = ahead - this.#position;
    this.#position = ahead + 1;
    for (let closed = 0; closed < parentheses; closed++) this.#expect(")");
    return true;
  }

  #next(): Token {
    return this.#tokens[this.#position]!;
  }

  #take(word: string): boolean {
    const token = this.#next();
    if (token.kind !== "word" || token.value !== word) return false;
    this.#position += 1;
    return true;
  }

  #expect(kind: "(" | ")"): void {
    if (this.#next().kind !== kind) throw this.#unexpected(` where '${kind}' belongs`);
    this.#position += 1;
  }

  #unexpected(where = ""): FilterError {
    const token = this.#next();
    if (token.kind === "end") return new FilterError(`The filter ends too early${where}.`);
    const shown = token.kind === "string" || token.kind === "integer" || token.kind === "word" ? token.value : token.kind;
    return new FilterError(`Unexpected '${shown}' at position ${token.at}${where}.`);
  }
}
