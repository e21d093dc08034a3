import type { NegotiateOptions } from "@signalbox/management";

type Claims = NonNullable<NegotiateOptions["claims"]>;

/**
 * The claims of a JSON web token, **without validating it**: for apps whose front door (App Service authentication for example) has done so.
 * Members that are neither text, number, boolean nor a list of these are left out.
 * @param token also with `Bearer ` before it
 * @throws {TypeError} when it is no such token
 */
export function claimsOf(token: string): Claims {
  const payload = payloadOf(token.replace(/^Bearer\s+/i, ""));
  return Object.fromEntries(
    Object.entries(payload).filter((entry): entry is [string, Claims[string]] => {
      const [, value] = entry;
      return Array.isArray(value) ? value.every(isPlain) : isPlain(value);
    }),
  );
}

function payloadOf(token: string): object {
  const [, payload, ...rest] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
    if (rest.length === 1 && typeof claims === "object" && claims !== null && !Array.isArray(claims)) return claims;
  } catch {
    // No JSON: below.
  }
  throw new TypeError("The token is no JSON web token.");
}

function isPlain(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
