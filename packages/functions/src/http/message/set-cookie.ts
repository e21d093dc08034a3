import type { RpcHttpCookie } from "../../contracts/typed-data.ts";

const sameSiteAttributes: Readonly<Record<string, string>> = { lax: "lax", strict: "strict", explicitnone: "none" };

/**
 * The value of one `Set-Cookie` header, written as ASP.NET Core writes it: name and value percent-encoded, path `/` unless given.
 * @throws {TypeError} for a time of expiry that is none
 */
export function toSetCookie(cookie: RpcHttpCookie): string {
  const parts = [`${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`];
  const seconds = cookie.expires?.value?.seconds;
  if (seconds !== undefined) {
    const date = new Date(Number(seconds) * 1000);
    if (Number.isNaN(date.getTime())) throw new TypeError(`The cookie ${cookie.name} has no valid time of expiry.`);
    parts.push(`expires=${date.toUTCString()}`);
  }
  if (cookie.maxAge?.value !== undefined) parts.push(`max-age=${Math.trunc(cookie.maxAge.value)}`);
  if (cookie.domain?.value) parts.push(`domain=${attribute(cookie.domain.value)}`);
  const path = cookie.path?.value ?? "/";
  if (path !== "") parts.push(`path=${attribute(path)}`);
  if (cookie.secure?.value === true) parts.push("secure");
  const written = sameSiteAttributes[cookie.sameSite?.toLowerCase() ?? ""];
  if (written !== undefined) parts.push(`samesite=${written}`);
  if (cookie.httpOnly?.value === true) parts.push("httponly");
  return parts.join("; ");
}

/** A semicolon would begin another attribute. */
function attribute(value: string): string {
  return value.replaceAll(";", "%3B");
}
