import { decodeQueryText } from "../http/query-text.ts";

/**
 * A query string. Names are found in any letter case (SDKs send `maxPageSize`, the specification says `maxpagesize`), blanks may be
 * written `+`, and what is no valid percent-encoding stands for itself, all as in the cloud.
 */
export class Query {
  /** As sent, without the `?`. */
  readonly raw: string;
  #pairs: string[] | undefined;

  constructor(raw: string) {
    this.raw = raw;
  }

  /** @param name lower-case. The first of several counts. */
  first(name: string): string | undefined {
    if (this.raw === "") return undefined;
    const pairs = this.#parsed();
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return pairs[at + 1];
    return undefined;
  }

  /** @param name lower-case. Without the empty ones. */
  all(name: string): readonly string[] {
    if (this.raw === "") return none;
    const pairs = this.#parsed();
    let values: string[] | undefined;
    for (let at = 0; at < pairs.length; at += 2) {
      if (pairs[at] !== name || pairs[at + 1] === "") continue;
      if (values === undefined) values = [];
      values.push(pairs[at + 1]!);
    }
    return values ?? none;
  }

  /** Names (lower-case) and values in turn. */
  #parsed(): string[] {
    if (this.#pairs !== undefined) return this.#pairs;
    const pairs: string[] = [];
    for (const part of this.raw.split("&")) {
      const equals = part.indexOf("=");
      pairs.push(
        decodeQueryText(equals < 0 ? part : part.slice(0, equals)).toLowerCase(),
        equals < 0 ? "" : decodeQueryText(part.slice(equals + 1)),
      );
    }
    this.#pairs = pairs;
    return pairs;
  }
}

const none: readonly string[] = [];
