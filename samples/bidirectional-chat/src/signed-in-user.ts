import type { HttpRequestUser } from "@azure/functions";

/** The principal as App Service authentication describes it in `x-ms-client-principal`. */
interface AppServicePrincipal {
  readonly claims?: readonly { readonly typ: string; readonly val: string }[];
  /** Claim type of names. */
  readonly name_typ?: string;
  /** Claim type of roles. */
  readonly role_typ?: string;
}

/** The user's name: from the claims, since the header with the name has it percent-encoded when it is not ASCII. */
export function nameOf({ claimsPrincipalData, username }: HttpRequestUser): string {
  const { claims = [], name_typ }: AppServicePrincipal = claimsPrincipalData;
  return claims.find(({ typ }) => typ === name_typ)?.val ?? username;
}

export function hasRole({ claimsPrincipalData }: HttpRequestUser, role: string): boolean {
  const { claims = [], role_typ }: AppServicePrincipal = claimsPrincipalData;
  // Microsoft Entra calls the roles that an app defines "roles", whatever role_typ says.
  return claims.some(({ typ, val }) => (typ === role_typ || typ === "roles") && val === role);
}
