import { isIP } from "node:net";
import { isLoopback } from "@signalbox/transport";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { bearerToken } from "../auth/bearer.ts";
import { isSession, sameText, sessionCookie } from "./session.ts";

export interface AccessOptions {
  /** Undefined: whoever reaches the port may use it; it is on loopback then. */
  readonly token: string | undefined;
  /** The address bound; undefined: loopback. */
  readonly ip: string | undefined;
  /** Further names under which browsers come. */
  readonly hosts: readonly string[];
}

/**
 * Keeps the pages of other sites out, which a browser on this machine would let in:
 * - a name in `Host` that is not known here is one that somebody pointed at this address (DNS rebinding);
 * - a request that another origin caused is one that nobody here meant (cross-site request forgery). Other ports of localhost are other origins.
 *
 * Whoever presents the token itself is no browser led astray, and may come by any name.
 */
export function ownPagesOnly(options: () => AccessOptions): MiddlewareHandler {
  return async (context, next) => {
    const { token, ip, hosts } = options();
    const header = (name: string) => context.req.header(name);
    if (presentsToken(header("authorization"), token)) return next();
    const host = header("host") ?? "";
    const name = hostName(host);
    if (name === undefined || !isOwnName(name, ip, hosts)) {
      const error = `The host name '${(name ?? host).slice(0, 255)}' is not known here: add it to adminHosts (SIGNALBOX_ADMIN_HOSTS).`;
      return context.json({ error }, 421);
    }
    // Whatever a page of another site causes carries one of the two; a link that somebody follows to the page itself does no harm.
    const leadsToPage = context.req.method === "GET" && context.req.path === "/" && header("sec-fetch-mode") === "navigate";
    if (!leadsToPage && comesFromElsewhere(header("sec-fetch-site"), header("origin"), host)) {
      return context.json({ error: "The admin API answers pages of its own origin only." }, 403);
    }
    return next();
  };
}

/** Lets those in who present the token, in a header or by a session. */
export function tokenHolders(options: () => AccessOptions): MiddlewareHandler {
  return async (context, next) => {
    if (isSignedIn(context, options())) return next();
    context.header("WWW-Authenticate", "Bearer");
    return context.json({ error: "The token of the admin listener (adminToken) is needed here." }, 401);
  };
}

/** Whether a request may still see data: sessions run out, and the token may change while an answer goes on. */
export function isSignedIn(context: Context, { token }: AccessOptions): boolean {
  if (token === undefined || presentsToken(context.req.header("authorization"), token)) return true;
  const session = getCookie(context, sessionCookie);
  return session !== undefined && isSession(session, token);
}

function presentsToken(authorization: string | undefined, token: string | undefined): boolean {
  const presented = bearerToken(authorization);
  return presented !== undefined && token !== undefined && sameText(presented, token);
}

/** Lower-case, without the port; IPv6 without brackets. */
function hostName(host: string): string | undefined {
  const name = /^[^/?#@\s]+$/.test(host) ? URL.parse(`http://${host}`)?.hostname : undefined;
  return name?.replace(/^\[|\]$/g, "");
}

/** An IP address in the browser's address bar is no name that anybody could point elsewhere. */
function isOwnName(name: string, ip: string | undefined, hosts: readonly string[]): boolean {
  if (name === "localhost" || hosts.some((host) => host.toLowerCase() === name)) return true;
  return isIP(name) !== 0 && (isLoopback(name) || !isLoopback(ip));
}

function comesFromElsewhere(site: string | undefined, origin: string | undefined, host: string): boolean {
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return origin !== undefined && URL.parse(origin)?.host !== host.toLowerCase();
}
