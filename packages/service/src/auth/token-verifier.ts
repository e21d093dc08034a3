/** The payload of a verified token, as its JSON says. */
export interface TokenPayload {
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly [claim: string]: unknown;
}

/** Why a token was refused; the text becomes the `error_description` of `WWW-Authenticate`. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/**
 * Checks signature and lifetime of a token against the current access keys. Audience is the caller's affair (`audience.ts`), because
 * each door has its own rule. Results are cached until the token expires; changing the keys empties the cache.
 */
export interface TokenVerifier {
  /** @throws {TokenError} for anything but a valid token */
  verify(token: string): TokenPayload;
}
