const xmlSoap = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
const microsoft = "http://schemas.microsoft.com/";
const role = `${microsoft}ws/2008/06/identity/claims/role`;

/** Common names in tokens and the claim types that the service makes of them, as .NET does (reference serverless-upstream §3.2). */
const types: ReadonlyMap<string, string> = new Map([
  ["nameid", `${xmlSoap}nameidentifier`],
  ["sub", `${xmlSoap}nameidentifier`],
  ["unique_name", `${xmlSoap}name`],
  ["given_name", `${xmlSoap}givenname`],
  ["family_name", `${xmlSoap}surname`],
  ["email", `${xmlSoap}emailaddress`],
  ["upn", `${xmlSoap}upn`],
  ["role", role],
  ["roles", role],
  ["oid", `${microsoft}identity/claims/objectidentifier`],
  ["tid", `${microsoft}identity/claims/tenantid`],
  ["idp", `${microsoft}identity/claims/identityprovider`],
  ["scp", `${microsoft}identity/claims/scope`],
]);

/** The value of a claim, which may be named as in the token. */
export function claimValue(claims: Readonly<Record<string, string>>, name: string): string | undefined {
  const type = types.get(name);
  // Own members only: every object has a `constructor`.
  for (const key of [name, type]) if (key !== undefined && Object.hasOwn(claims, key)) return claims[key];
  return undefined;
}
