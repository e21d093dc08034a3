import type { ClaimValue } from "@signalbox/management";
import { BindingError } from "../../contracts/binding.ts";

/**
 * Claims that the binding copies from a caller's token into the access token. The token's signature is NOT checked: who lets the function
 * be called has to (reference functions-host §2.3).
 *
 * @param idToken a JWT, with or without "Bearer " in front
 * @throws {BindingError} when it is no JWT
 */
export function claimsFromToken(idToken: string, types: readonly string[]): Readonly<Record<string, ClaimValue>> {
  const token = idToken.replace(/^Bearer /i, "").trim();
  const payload = payloadOf(token);
  return Object.fromEntries(
    types
      .filter((type) => payload[type] !== undefined && payload[type] !== null)
      .map((type) => [type, claimValue(payload[type])]),
  );
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  const parts = token.split(".");
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    if (parts.length === 3 && typeof payload === "object" && payload !== null) return payload as Record<string, unknown>;
  } catch {
    // Told below, without the token itself.
  }
  throw new BindingError("The idToken of the binding is not a JSON Web Token.");
}

function claimValue(value: unknown): ClaimValue {
  if (Array.isArray(value)) return value.map(scalar);
  return scalar(value);
}

function scalar(value: unknown): string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : JSON.stringify(value);
}
