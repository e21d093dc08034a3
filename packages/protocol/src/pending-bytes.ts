/** Collects the pieces of one record. Holds memory only between the first piece and `take`; at most twice what was appended. */
export class PendingBytes {
  #buffer: Uint8Array | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    // Doubling instead of a list of pieces: a peer that sends byte by byte must not cost an object a byte.
    if (this.#buffer === undefined || this.#buffer.length < length) {
      const grown = new Uint8Array(this.#buffer === undefined ? length : Math.max(length, this.#buffer.length * 2));
      if (this.#buffer !== undefined) grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** A view of what was appended so far; valid until the next `append`. */
  peek(): Uint8Array {
    return this.#buffer === undefined ? new Uint8Array() : this.#buffer.subarray(0, this.#length);
  }

  /** What was appended; it belongs to the caller now, and this is empty again. */
  take(): Uint8Array {
    const bytes = this.peek();
    this.#buffer = undefined;
    this.#length = 0;
    return bytes;
  }
}
