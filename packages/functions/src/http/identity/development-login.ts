import { createHash, createHmac } from "node:crypto";
import { createSigner, createVerifier } from "fast-jwt";
import { isJsonObject } from "../../config/json-file.ts";
import { type Inbound, readBody } from "../inbound.ts";
import { type LoginFields, loginPage } from "./login-page.ts";
import { type Claim, type IdentityPlatform, meBody, type Principal } from "./principal.ts";

const cookieName = "SignalboxDevelopmentAuth";
const sessionSeconds = 8 * 3600;
const maxFormBytes = 16 * 1024;
/** Of a cookie browsers take no more than 4096 bytes in all. */
const maxCookieBytes = 3800;

const providerPattern = /^[a-z][a-z0-9_-]{0,31}$/i;

/**
 * Sign-in for development, as the Static Web Apps emulator has it: `/.auth/login/{provider}` shows a form in which one may be anybody,
 * `/.auth/me` tells who one is, `/.auth/logout` ends it. Who is signed in stands in a signed cookie, so nobody becomes somebody else
 * without the form.
 */
export class DevelopmentLogin {
  readonly #platform: IdentityPlatform;
  readonly #mayReturnTo: (origin: string) => boolean;
  readonly #sign: (payload: Record<string, unknown>) => string;
  readonly #verify: (token: string) => unknown;

  /**
   * @param secret from which the key of the cookies is made
   * @param mayReturnTo other origins to which a browser may be sent after signing in or out: those of CORS
   */
  constructor(platform: IdentityPlatform, secret: string, mayReturnTo: (origin: string) => boolean) {
    const key = createHmac("sha256", secret).update("development login").digest("hex");
    this.#platform = platform;
    this.#mayReturnTo = mayReturnTo;
    this.#sign = createSigner({ key, algorithm: "HS256", expiresIn: sessionSeconds * 1000 });
    this.#verify = createVerifier({ key, algorithms: ["HS256"] });
  }

  /** @returns undefined for somebody who is not signed in, and for a cookie that is not ours */
  principalOf(headers: Headers): Principal | undefined {
    const token = cookieOf(headers.get("cookie"));
    if (token === undefined) return undefined;
    try {
      return (this.#verify(token) as { principal: Principal }).principal;
    } catch {
      return undefined;
    }
  }

  /**
   * Answers the paths below `/.auth`.
   * @returns undefined when the path is none of them
   */
  async answer(inbound: Inbound): Promise<Response | undefined> {
    const [first, action, provider, ...more] = inbound.path;
    if (first?.toLowerCase() !== ".auth" || more.length > 0) return undefined;
    switch (action?.toLowerCase()) {
      case "login":
        return provider !== undefined && providerPattern.test(provider)
          ? this.#login(inbound, provider.toLowerCase())
          : notFound();
      case "me":
        return this.#me(inbound);
      case "logout":
        return redirectTo(this.#destination(inbound, "post_logout_redirect_uri"), cookie("", inbound, 0));
      default:
        return notFound();
    }
  }

  async #login(inbound: Inbound, provider: string): Promise<Response> {
    if (inbound.method !== "POST")
      return page(loginPage(provider, this.#destination(inbound, "post_login_redirect_uri", "post_login_redirect_url")));
    // A page elsewhere must not sign its visitors in as somebody of its choice.
    const origin = inbound.headers.get("origin");
    if (origin !== null && URL.parse(origin)?.host !== inbound.url.host) return new Response(null, { status: 403 });
    const body = await readBody(inbound, maxFormBytes);
    if (body === undefined) return new Response(null, { status: 413 });
    const form = new URLSearchParams(new TextDecoder().decode(body));
    const redirect = this.#permitted(form.get("redirect"), inbound);
    const refuse = (problem: string) => page(loginPage(provider, redirect, { problem, fields: fieldsOf(form) }), 400);
    const principal = readPrincipal(provider, form);
    if (typeof principal === "string") return refuse(principal);
    const token = this.#sign({ principal });
    if (token.length > maxCookieBytes) return refuse("Too much for a cookie: fewer claims, please.");
    return redirectTo(redirect, cookie(token, inbound, sessionSeconds));
  }

  #me({ headers }: Inbound): Response {
    const body = meBody(this.principalOf(headers), this.#platform);
    if (body === undefined) return new Response(null, { status: 401 });
    return Response.json(body, { headers: { "cache-control": "no-store" } });
  }

  #destination(inbound: Inbound, ...parameters: readonly string[]): string {
    const given = parameters.map((name) => inbound.url.searchParams.get(name)).find((value) => value !== null);
    return this.#permitted(given, inbound);
  }

  /** A destination on this host or on an origin that is allowed; everything else becomes `/`. */
  #permitted(given: string | null | undefined, { url }: Inbound): string {
    if (given === null || given === undefined || given === "" || !URL.canParse(given, url)) return "/";
    const target = new URL(given, url);
    if (target.protocol !== "http:" && target.protocol !== "https:") return "/";
    if (target.host === url.host) return target.pathname.replace(/^\/{2,}/, "/") + target.search + target.hash;
    return this.#mayReturnTo(target.origin) ? target.href : "/";
  }
}

function fieldsOf(form: URLSearchParams): LoginFields {
  const field = (name: string) => form.get(name) ?? "";
  return { name: field("name"), userId: field("userId"), roles: field("roles"), claims: field("claims") };
}

function readPrincipal(provider: string, form: URLSearchParams): Principal | string {
  const name = form.get("name")?.trim() ?? "";
  if (name === "") return "A user name is needed.";
  const claims = readClaims(form.get("claims") ?? "");
  if (claims === undefined) return 'Claims must be a JSON list such as [{"typ": "admin", "val": "true"}].';
  const roles = (form.get("roles") ?? "")
    .split(/[\n,]/)
    .map((role) => role.trim())
    .filter((role) => role !== "");
  // The same name is the same user in every run.
  const userId = form.get("userId")?.trim() || createHash("sha256").update(`${provider}:${name}`).digest("hex").slice(0, 32);
  return { provider, userId, name, roles, claims };
}

function readClaims(text: string): readonly Claim[] | undefined {
  if (text.trim() === "") return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list) || !list.every((claim) => isJsonObject(claim) && "typ" in claim && "val" in claim))
      return undefined;
    return list.map(({ typ, val }) => ({ typ: String(typ), val: String(val) }));
  } catch {
    return undefined;
  }
}

function cookieOf(header: string | null): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const [name, value] = part.trim().split("=", 2);
    if (name === cookieName) return value;
  }
  return undefined;
}

function cookie(value: string, { url }: Inbound, seconds: number): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  return `${cookieName}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function redirectTo(location: string, setCookie: string): Response {
  return new Response(null, { status: 302, headers: { location, "set-cookie": setCookie, "cache-control": "no-store" } });
}

function page(body: string, status = 200): Response {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  };
  return new Response(body, { status, headers });
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
