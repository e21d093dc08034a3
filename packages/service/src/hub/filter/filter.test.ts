import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Subscriber } from "../command.ts";
import { FilterError, parseFilter } from "./filter.ts";

function subscriber(connectionId: string, userId?: string, ...groups: string[]): Subscriber {
  return { connectionId, userId, isInGroup: (group) => groups.includes(group) };
}

const listener = subscriber("c1", "listener-7", "red", "blue");
const anonymous = subscriber("c2", undefined, "red");

/** Which of the two subscribers a filter lets through. */
function matches(filter: string): string[] {
  const test = parseFilter(filter);
  return [listener, anonymous].filter(test).map((who) => who.connectionId);
}

function message(filter: string): string {
  try {
    parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a filter over subscribers", () => {
  it.each([
    ["startswith(userId, 'listener-')", ["c1"]],
    ["endswith(userId,'7')", ["c1"]],
    ["contains(userId, 'ten')", ["c1"]],
    ["not contains(userId, 'ten')", ["c2"]],
    ["userId eq 'listener-7'", ["c1"]],
    ["'listener-7' eq userId", ["c1"]],
    ["userId eq 'LISTENER-7'", []],
    ["userId ne 'listener-7'", ["c2"]],
    ["userId eq null", ["c2"]],
    ["userId ne null", ["c1"]],
    ["userId eq ''", []],
    ["connectionId ne 'c1'", ["c2"]],
    ["connectionId in ('c1', 'c9')", ["c1"]],
    ["userId in (null, 'x')", ["c2"]],
    ["'red' in groups", ["c1", "c2"]],
    ["'blue' in groups and 'red' in groups", ["c1"]],
    ["'blue' in (groups)", ["c1"]],
    ["'BLUE' in groups", []],
    ["not ('blue' in groups)", ["c2"]],
    ["userId in groups", []],
    ["length(userId) gt 5 and length(userId) le 10", ["c1"]],
    ["length(userId) lt 99", ["c1"]],
    ["indexof(connectionId, '2') ge 0", ["c2"]],
    ["toupper(userId) eq 'LISTENER-7'", ["c1"]],
    ["tolower('ABC') eq 'abc'", ["c1", "c2"]],
    ["trim(' x ') eq 'x'", ["c1", "c2"]],
    ["substring(userId, 9) eq '7'", ["c1"]],
    ["substring(userId, 0, 6) eq 'listen'", ["c1"]],
    ["concat(connectionId, '!') eq 'c2!'", ["c2"]],
    ["connectionId gt 'c1'", ["c2"]],
    ["true", ["c1", "c2"]],
    ["false or true and false", []],
    ["(false or true) and true", ["c1", "c2"]],
    ["USERID EQ 'listener-7' OR ConnectionID eq 'c2'", ["c1", "c2"]],
    ["userId eq 'it''s'", []],
    ["length(userId) gt 0 and length(userId) lt 3 or length(userId) gt 7 and length(userId) lt 12", ["c1"]],
  ])("%s", (filter, expected) => {
    expect(matches(filter)).toEqual(expected);
  });

  it.each([
    ["", "The filter is empty."],
    ["   ", "The filter is empty."],
    ["userId eq 'x", "The string that begins at position 10 has no end."],
    ["userId = 'x'", "Unexpected '=' at position 7."],
    ["user eq 'x'", "'user' at position 0 is not known; a filter looks at userId, connectionId and groups."],
    ["userId", "Invalid syntax for 'userid': type 'string', expected 'bool'."],
    ["userId eq 5", "Invalid syntax for '5': type 'int', expected 'string'."],
    ["not length(userId) gt 5", "Invalid syntax for 'not length(userid)': type 'int', expected 'bool'."],
    ["true gt false", "Invalid syntax for 'true gt false': only strings and numbers have an order."],
    ["null gt 5", "Invalid syntax for 'null gt 5': only strings and numbers have an order."],
    ["startswith(userId)", "Invalid syntax for 'startswith(userid)': startswith takes 2 argument(s), not 1."],
    ["startswith(userId, 5)", "Invalid syntax for '5': type 'int', expected 'string'."],
    ["(userId eq 'x'", "The filter ends too early where ')' belongs."],
    ["userId eq 'x')", "Unexpected ')' at position 13."],
    ["userId eq", "The filter ends too early."],
    ["userId in ()", "Unexpected ')' at position 11."],
    ["groups eq 'x'", "'groups' at position 0 can only stand on the right of 'in'."],
    ["5 in groups", "Invalid syntax for '5': type 'int', expected 'string'."],
    ["length(userId) gt 99999999999", "The number 99999999999 at position 18 does not fit 32 bits."],
    ["userId eq 'a' userId eq 'b'", "Unexpected 'userid' at position 14."],
    ["userId eq 'a' and 5", "Invalid syntax for '5': type 'int', expected 'bool'."],
    [`${"(".repeat(60)}true${")".repeat(60)}`, "The filter is nested more than 50 levels deep."],
    [`${"not ".repeat(60)}true`, "The filter is nested more than 50 levels deep."],
    [`true${" or true".repeat(1500)}`, "The filter has more than 2000 parts."],
  ])("refuses %s", (filter, expected) => {
    expect(message(filter)).toBe(expected);
  });

  it("either compiles or names what is wrong, whatever the text", () => {
    const word = fc.constantFrom(
      ..."userId connectionId groups and or not eq ne gt in ( ) , 'a' '' 5 null true length( startswith( ".split(" "),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(" ")),
        ),
        (text) => {
          if (message(text) !== "accepted") return;
          const test = parseFilter(text);
          expect(typeof test(listener)).toBe("boolean");
          expect(typeof test(anonymous)).toBe("boolean");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
