import { type SigningKey, signToken } from "@signalbox/protocol";
import type { TokenSource } from "./token-source.ts";

/** Milliseconds. */
const lifetime = 60 * 60_000;
const renewBefore = 5 * 60_000;

/** Audiences whose tokens are kept: those of sends to everybody and of what is called again and again. */
const maxKept = 1000;

/** Signs with the access key. A token is used again for its audience until shortly before it expires. */
export class AccessKeyTokens implements TokenSource {
  readonly #key: SigningKey;
  readonly #kept = new Map<string, { readonly token: string; readonly until: number }>();

  constructor(accessKey: string) {
    this.#key = { key: accessKey };
  }

  forRest(audience: string): string {
    const now = Date.now();
    const known = this.#kept.get(audience);
    if (known !== undefined && now < known.until) return known.token;
    const iat = Math.floor(now / 1000);
    const token = signToken({ iat, exp: iat + lifetime / 1000, aud: audience }, this.#key);
    this.#kept.delete(audience);
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(audience, { token, until: now + lifetime - renewBefore });
    return token;
  }

  clientKey(): SigningKey {
    return this.#key;
  }
}
