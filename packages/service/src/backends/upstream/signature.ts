import { createHmac } from "node:crypto";

/**
 * The value of `X-ASRS-Signature`: one `sha256=<hex>` for each access key, the primary first, over the connection id. Lower-case hex and
 * no blank after the comma, because the functions host splits without trimming (reference serverless-upstream §3.3).
 */
export function signConnection(connectionId: string, keys: readonly string[]): string {
  return keys.map((key) => `sha256=${createHmac("sha256", key).update(connectionId).digest("hex")}`).join(",");
}

const capacity = 2_000;

/** Signs connections, each once as long as it and no more than 2,000 others speak: all its events carry the same signature. */
export class Signer {
  #keys: readonly string[] = [];
  readonly #known = new Map<string, string>();

  /** @param keys others than the last time when the array is another one */
  sign(connectionId: string, keys: readonly string[]): string {
    if (keys !== this.#keys) {
      this.#known.clear();
      this.#keys = keys;
    }
    const known = this.#known.get(connectionId);
    if (known !== undefined) return known;
    const signature = signConnection(connectionId, keys);
    if (this.#known.size >= capacity) this.#known.clear();
    this.#known.set(connectionId, signature);
    return signature;
  }
}
