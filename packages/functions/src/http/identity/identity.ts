import { type Peer, TrustedProxies } from "@signalbox/transport";
import { ConfigError } from "../../config/config-error.ts";
import { DevelopmentLogin } from "./development-login.ts";
import { type IdentityPlatform, isIdentityHeader, principalHeaders } from "./principal.ts";

export interface IdentityOptions {
  /** Peers whose identity and `x-forwarded-*` headers are believed: addresses, networks, or `*`. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Offers the sign-in for development. Never on a host that others can reach. Default: off. */
  readonly developmentLogin?: boolean;
  /** Default `app-service`. */
  readonly platform?: IdentityPlatform;
}

/**
 * Sees to it that `x-ms-client-principal*` headers are true when an app reads them (reference functions-host §3.4): what outsiders send
 * of them is taken out; a trusted proxy may set them; the development login makes them of its cookie.
 */
export class Identity {
  readonly login: DevelopmentLogin | undefined;
  readonly #proxies: TrustedProxies;
  readonly #platform: IdentityPlatform;

  /**
   * @param secret from which the key of the login's cookies is made: who is signed in stays so while it is the same
   * @param mayReturnTo other origins to which a browser may be sent after signing in or out
   * @throws {ConfigError} for a trusted proxy that is neither address nor network
   */
  constructor(options: IdentityOptions, secret: string, mayReturnTo: (origin: string) => boolean) {
    this.#platform = options.platform ?? "app-service";
    this.#proxies = trustedProxies(options.trustedProxies ?? []);
    this.login = options.developmentLogin === true ? new DevelopmentLogin(this.#platform, secret, mayReturnTo) : undefined;
  }

  trusts(peer: Peer): boolean {
    return this.#proxies.has(peer.address);
  }

  /** The headers that the app may see; those sent, when there is nothing to change. */
  headersFor(sent: Headers, trusted: boolean): Headers {
    const claimed = [...sent.keys()].filter(isIdentityHeader);
    const principal = trusted && claimed.length > 0 ? undefined : this.login?.principalOf(sent);
    if (principal === undefined && (trusted || claimed.length === 0)) return sent;
    const headers = new Headers(sent);
    if (!trusted) for (const name of claimed) headers.delete(name);
    if (principal !== undefined)
      for (const [name, value] of Object.entries(principalHeaders(principal, this.#platform))) headers.set(name, value);
    return headers;
  }
}

function trustedProxies(entries: readonly string[]): TrustedProxies {
  try {
    return new TrustedProxies(entries);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError([error.message]) : error;
  }
}
