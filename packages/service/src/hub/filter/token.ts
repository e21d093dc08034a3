/** The filter is not valid; the text says what and where, and is shown to the caller. */
export class FilterError extends Error {
  override readonly name = "FilterError";
}

export type Token =
  | { readonly kind: "string"; readonly value: string; readonly at: number }
  | { readonly kind: "integer"; readonly value: number; readonly at: number }
  /** An identifier, function, operator or literal word, in lower case: all of them are known in any letter case. */
  | { readonly kind: "word"; readonly value: string; readonly at: number }
  | { readonly kind: "(" | ")" | "," | "end"; readonly at: number };

/** Sticky: one token at the position, after blanks. A quote inside a string is doubled. */
const pattern = /\s*(?:'((?:[^']|'')*)'|([+-]?\d+)(?![\w.])|([A-Za-z_]\w*)|([(),]))/y;
const blank = /\s*/y;

/**
 * Cuts a filter into tokens; the last one is `end`.
 * @throws {FilterError} for a character that begins no token, an unfinished string, or an integer beyond 32 bits
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    blank.lastIndex = at;
    blank.test(text);
    const start = blank.lastIndex;
    if (start === text.length) {
      tokens.push({ kind: "end", at: start });
      return tokens;
    }
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match === null) throw unexpectedCharacter(text, start);
    at = pattern.lastIndex;
    tokens.push(toToken(match, start));
  }
}

function toToken(match: RegExpExecArray, at: number): Token {
  const [, string, integer, word, sign] = match;
  if (string !== undefined) return { kind: "string", value: string.replaceAll("''", "'"), at };
  if (word !== undefined) return { kind: "word", value: word.toLowerCase(), at };
  if (integer === undefined) return { kind: sign as "(" | ")" | ",", at };
  const value = Number(integer);
  if (Math.abs(value) > 2 ** 31) throw new FilterError(`The number ${integer} at position ${at} does not fit 32 bits.`);
  return { kind: "integer", value, at };
}

function unexpectedCharacter(text: string, at: number): FilterError {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  return new FilterError(
    character === "'" ? `The string that begins at position ${at} has no end.` : `Unexpected '${character}' at position ${at}.`,
  );
}
