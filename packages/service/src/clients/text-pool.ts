const capacity = 1_000;

/**
 * Keeps texts that many idle clients have in common (hub, query) once, and apart from the request they were cut from: a part of a text
 * keeps the whole of it, token and all, in memory.
 */
export class TextPool {
  readonly #texts = new Map<string, string>();

  share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= capacity) this.#texts.clear();
    const copy = Buffer.from(text, "utf8").toString("utf8");
    this.#texts.set(copy, copy);
    return copy;
  }
}
