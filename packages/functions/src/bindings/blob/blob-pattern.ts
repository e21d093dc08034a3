import { BindingError } from "../../contracts/binding.ts";
import { parseBlobPath } from "./blob-path.ts";

/** Which blobs a trigger takes, `container/{folder}/{name}.{ext}`, and what the names in it stand for. Does not change. */
export class BlobPattern {
  readonly container: string;
  /** The text before the first name: every blob of interest begins with it. */
  readonly prefix: string;
  readonly #names: readonly string[];
  readonly #expression: RegExp;

  /**
   * @param path with settings resolved
   * @throws {BindingError}
   */
  constructor(path: string) {
    const { container, blob } = parseBlobPath(path);
    if (/[{}]/.test(container)) throw new BindingError(`The container of the blob path '${path}' must have a fixed name.`);
    // Texts and names alternate: "a/", "name", ".", "ext", "".
    const pieces = blob.split(/\{(\w+)\}/);
    const literals = pieces.filter((_, index) => index % 2 === 0);
    if (literals.some((literal) => /[{}]/.test(literal)))
      throw new BindingError(`The blob path '${path}' has a brace without its partner, or one around what is no name.`);
    this.container = container;
    this.prefix = literals[0]!;
    this.#names = pieces.filter((_, index) => index % 2 === 1);
    this.#expression = new RegExp(`^${literals.map(escaped).join("(.+)")}$`, "s");
  }

  /** @returns what the names stand for; undefined for a blob that is not meant. The first of several takes as much as it can. */
  match(blob: string): Readonly<Record<string, string>> | undefined {
    const match = this.#expression.exec(blob);
    if (match === null) return undefined;
    return Object.fromEntries(this.#names.map((name, index) => [name, match[index + 1]!]));
  }
}

function escaped(literal: string): string {
  return literal.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
