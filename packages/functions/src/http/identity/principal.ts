/** Who is signed in, as App Service and Static Web Apps tell it to apps (reference functions-host §3.4). */
export interface Principal {
  /** `aad`, `github`, `google`, … */
  readonly provider: string;
  readonly userId: string;
  /** What people see. */
  readonly name: string;
  readonly roles: readonly string[];
  readonly claims: readonly Claim[];
}

export interface Claim {
  readonly typ: string;
  readonly val: string;
}

/** Whose shape of `x-ms-client-principal` and `/.auth/me` apps get. */
export type IdentityPlatform = "app-service" | "static-web-apps";

const nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const nameType = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const roleType = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/** True for a header that the platform alone may set: the principal's, and the provider's tokens. */
export function isIdentityHeader(name: string): boolean {
  return name.startsWith("x-ms-client-principal") || name.startsWith("x-ms-token-");
}

export function principalHeaders(principal: Principal, platform: IdentityPlatform): Readonly<Record<string, string>> {
  const content =
    platform === "static-web-apps"
      ? clientPrincipal(principal)
      : { auth_typ: principal.provider, claims: claimsOf(principal), name_typ: nameType, role_typ: roleType };
  return {
    "x-ms-client-principal": Buffer.from(JSON.stringify(content)).toString("base64"),
    "x-ms-client-principal-id": headerText(principal.userId),
    "x-ms-client-principal-name": headerText(principal.name),
    "x-ms-client-principal-idp": headerText(principal.provider),
  };
}

/** The body of `/.auth/me`; of somebody who is not signed in App Service gives none, but 401. */
export function meBody(principal: Principal | undefined, platform: IdentityPlatform): unknown {
  if (platform === "static-web-apps") return { clientPrincipal: principal === undefined ? null : clientPrincipal(principal) };
  if (principal === undefined) return undefined;
  return [{ provider_name: principal.provider, user_id: principal.name, user_claims: claimsOf(principal) }];
}

function clientPrincipal({ provider, userId, name, roles, claims }: Principal) {
  return {
    identityProvider: provider,
    userId,
    userDetails: name,
    userRoles: [...new Set(["anonymous", "authenticated", ...roles])],
    ...(claims.length === 0 ? {} : { claims }),
  };
}

function claimsOf({ userId, name, roles, claims }: Principal): readonly Claim[] {
  const own = [
    { typ: nameIdentifier, val: userId },
    { typ: nameType, val: name },
    ...roles.map((val) => ({ typ: roleType, val })),
  ];
  return [...own, ...claims];
}

/** Headers hold Latin-1: App Service percent-encodes what does not fit. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
