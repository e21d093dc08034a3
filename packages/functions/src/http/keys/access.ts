import { createHash, timingSafeEqual } from "node:crypto";
import type { AuthLevel } from "../http-function.ts";
import type { Inbound } from "../inbound.ts";
import type { Secrets } from "./secrets.ts";

/** Decides by the request's key what it may do (reference functions-host §3.3). */
export class Access {
  readonly #secrets: Secrets;
  readonly #enabled: boolean;

  /** @param enabled false: every request may do everything, as with the command-line tools unless `--enableAuth` is given */
  constructor(secrets: Secrets, enabled: boolean) {
    this.#secrets = secrets;
    this.#enabled = enabled;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** May the request call this function? A key is ignored where none is needed. */
  mayCall(request: Inbound, functionName: string, level: AuthLevel): boolean {
    if (level === "anonymous" || this.isAdmin(request)) return true;
    const key = keyOf(request);
    if (level === "admin" || key === undefined) return false;
    return holds(this.#secrets.keys({ functionName }), key) || holds(this.#secrets.keys("functionkeys"), key);
  }

  isAdmin(request: Inbound): boolean {
    if (!this.#enabled) return true;
    return this.hasMasterKey(request);
  }

  /** The master key itself, whether keys are asked for or not. */
  hasMasterKey(request: Inbound): boolean {
    const key = keyOf(request);
    return key !== undefined && equal(this.#secrets.masterKey, key);
  }

  /** May the request post to this extension's webhook? A function key does not open it. */
  mayNotify(request: Inbound, extension: string): boolean {
    if (this.isAdmin(request)) return true;
    const key = keyOf(request);
    const expected = this.#secrets.keys("systemkeys").get(systemKeyName(extension));
    return key !== undefined && expected !== undefined && equal(expected, key);
  }
}

/** Name of the system key that opens an extension's webhook: `signalr_extension`. */
export function systemKeyName(extension: string): string {
  return `${extension.toLowerCase()}_extension`;
}

/** The header comes first, then the query. */
function keyOf({ headers, url }: Inbound): string | undefined {
  return headers.get("x-functions-key") || url.searchParams.get("code") || undefined;
}

function holds(keys: ReadonlyMap<string, string>, key: string): boolean {
  let found = false;
  for (const candidate of keys.values()) if (equal(candidate, key)) found = true;
  return found;
}

/** Takes the same time wherever the texts differ. */
function equal(expected: string, given: string): boolean {
  return timingSafeEqual(digest(expected), digest(given));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
