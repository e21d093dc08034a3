import { createSigner } from "fast-jwt";

export type TokenAlgorithm = "HS256" | "HS512";

/**
 * Signs a token as the SDKs do: the key is the access key's text as UTF-8. Nothing is added to the payload.
 * @param payload `exp`, `nbf` and `iat` in seconds since 1970
 */
export function signToken(
  payload: Readonly<Record<string, unknown>>,
  key: string,
  algorithm: TokenAlgorithm = "HS256",
): string {
  return createSigner({ key, algorithm, noTimestamp: true })({ ...payload });
}
