import { createHmac } from "node:crypto";

/** Characters; what a longer token would do to URLs no server promises to bear (reference serverless-upstream §6.4). */
export const maxTokenLength = 4096;

/** Claims in which a token speaks of itself, not of whom it is for. */
export const tokenClaims: ReadonlySet<string> = new Set(["aud", "exp", "iat", "nbf", "iss"]);

/** What tokens are signed with. */
export interface SigningKey {
  /** Used as text, not base64. */
  readonly key: string;
  /** Names a temporary key to the service; access keys need none. */
  readonly id?: string;
  /** Absent: HS256. */
  readonly algorithm?: keyof typeof digests;
}

const digests = { HS256: "sha256", HS512: "sha512" } as const;

/**
 * A JSON Web Token. Nothing is added to the payload.
 * @param payload `exp`, `nbf` and `iat` in seconds since 1970
 */
export function signToken(payload: Readonly<Record<string, unknown>>, { key, id, algorithm = "HS256" }: SigningKey): string {
  const header = { alg: algorithm, typ: "JWT", ...(id === undefined ? {} : { kid: id }) };
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${createHmac(digests[algorithm], key).update(signed).digest("base64url")}`;
}

function base64url(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
