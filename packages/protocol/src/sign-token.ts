import { createHmac } from "node:crypto";

/** Characters; what a longer token would do to URLs no server promises to bear (reference serverless-upstream §6.4). */
export const maxTokenLength = 4096;

/** What tokens are signed with. */
export interface SigningKey {
  /** Used as text, not base64. */
  readonly key: string;
  /** Names a temporary key to the service; access keys need none. */
  readonly id?: string;
}

/**
 * A JSON Web Token, HS256.
 * @param payload `exp` and `iat` in seconds since 1970
 */
export function signToken(payload: Readonly<Record<string, unknown>>, { key, id }: SigningKey): string {
  const header = { alg: "HS256", typ: "JWT", ...(id === undefined ? {} : { kid: id }) };
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

function base64url(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
