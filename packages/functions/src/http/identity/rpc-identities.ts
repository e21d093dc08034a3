import { isJsonObject } from "../../config/json-file.ts";
import type { NullableText } from "../../contracts/typed-data.ts";

/** A claims identity in the shape of the Functions RPC. */
export interface RpcClaimsIdentity {
  readonly authenticationType?: NullableText;
  readonly nameClaimType?: NullableText;
  readonly roleClaimType?: NullableText;
  readonly claims: readonly { readonly type: string; readonly value: string }[];
}

/**
 * The identities that a request carries for programming models that read them: that of App Service's `x-ms-client-principal`, as its shape
 * has it. None without that header, for a text that is no such principal, and for the one of Static Web Apps, which is no claims identity
 * (reference functions-host §1.4, §3.4).
 */
export function rpcIdentities(headers: Headers): readonly RpcClaimsIdentity[] {
  const header = headers.get("x-ms-client-principal");
  if (header === null) return [];
  const principal = parse(header);
  if (principal === undefined || !Array.isArray(principal.claims)) return [];
  return [
    {
      ...text("authenticationType", principal.auth_typ),
      ...text("nameClaimType", principal.name_typ),
      ...text("roleClaimType", principal.role_typ),
      claims: principal.claims.flatMap((claim: unknown) =>
        isJsonObject(claim) && typeof claim.typ === "string" && typeof claim.val === "string"
          ? [{ type: claim.typ, value: claim.val }]
          : [],
      ),
    },
  ];
}

function parse(header: string) {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    return isJsonObject(value) && !("identityProvider" in value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function text(name: string, value: unknown) {
  return typeof value === "string" ? { [name]: { value } } : {};
}
