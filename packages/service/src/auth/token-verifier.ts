import { parseJson } from "@signalbox/protocol";
import { createVerifier } from "fast-jwt";
import { LRUCache } from "lru-cache";

/** The payload of a verified token, as its JSON says; integers beyond 2^53 are bigints. */
export interface TokenPayload {
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly [claim: string]: unknown;
}

/** Why a token was refused; the text becomes the `error_description` of `WWW-Authenticate`. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/**
 * Checks signature and lifetime of a token against the current access keys. Audience is the caller's affair (`audience.ts`), because
 * each door has its own rule. Results are cached until the token expires; changing the keys empties the cache.
 */
export interface TokenVerifier {
  /**
   * Answers the same object for the same token while it is cached, so that callers may remember what they derived from it.
   * @param isLast nobody is expected to bring this token again: it is not kept, nor does its payload hold (`stillHolds`)
   * @throws {TokenError} for anything but a valid token
   */
  verify(token: string, isLast?: boolean): TokenPayload;
  /** Whether `verify` would answer this payload, which it answered before, once more: the keys are the same and it has not expired. */
  stillHolds(payload: TokenPayload): boolean;
}

export interface TokenVerifierOptions {
  /** Access keys as text, primary first; a token may be signed with any of them. Empty texts are passed over. Read at each use. */
  readonly keys: () => readonly string[];
  /** How far the clocks of signer and service may differ, for `exp` and `nbf` alike. Read at each use. */
  readonly clockSkewSeconds: () => number;
  /** Milliseconds since 1970; the system's clock unless a test brings its own. */
  readonly now?: () => number;
}

interface Verified {
  readonly payload: TokenPayload;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expires: number;
}

/** Nothing longer fits into the 16 KiB of request headers that the cloud and we accept (reference serverless-upstream §1.8). */
const maxTokenLength = 16_384;

/**
 * Client tokens are used twice within seconds (negotiate, connect) and then forgotten, a REST caller's for an hour or once: this many
 * cover a burst of connects.
 */
const maxCachedTokens = 5_000;
const maxCachedBytes = 8 * 1024 * 1024;
/** Rough heap bytes of a cached token: its text, and its payload as an object. */
const heapBytes = (token: string) => 512 + 4 * token.length;

/**
 * Verifies HS256 and HS512 signatures, whose key is the access key's text as UTF-8 (reference serverless-upstream §1.2). `kid` is not
 * looked at: it is no stable name of a key (§4.3). `exp` is required; `nbf` is checked when present; both within the clock skew.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { clockSkewSeconds, now = Date.now } = options;
  const cache = new LRUCache<string, Verified>({
    max: maxCachedTokens,
    maxSize: maxCachedBytes,
    sizeCalculation: (_, token) => heapBytes(token),
  });
  let lifetimes = new WeakMap<TokenPayload, Verified>();
  let keys: readonly string[] = [];
  let verifiers: readonly ((token: string) => TokenPayload)[] = [];

  function followKeys(): void {
    const current = options.keys();
    if (current === keys || (current.length === keys.length && current.every((key, at) => key === keys[at]))) return;
    keys = [...current];
    verifiers = keys.filter((key) => key !== "").map(signatureVerifier);
    cache.clear();
    lifetimes = new WeakMap();
  }

  /** An idle client keeps its payload alive, and with it whatever a weak map holds for it. */
  function forget(token: string, { payload }: Verified): void {
    cache.delete(token);
    lifetimes.delete(payload);
  }

  function isAlive({ notBefore, expires }: Verified): boolean {
    const seconds = now() / 1000;
    const skew = clockSkewSeconds();
    return seconds < expires + skew && seconds >= notBefore - skew;
  }

  function checkLifetime({ notBefore, expires }: Verified): void {
    const seconds = now() / 1000;
    const skew = clockSkewSeconds();
    if (seconds >= expires + skew) throw new TokenError(`The token expired at '${utc(expires)}'`);
    if (seconds < notBefore - skew) throw new TokenError(`The token is not valid before '${utc(notBefore)}'`);
  }

  return {
    verify(token, isLast = false) {
      followKeys();
      let verified = cache.get(token);
      if (verified !== undefined) {
        checkLifetime(verified);
        if (isLast) forget(token, verified);
        return verified.payload;
      }
      if (token.length > maxTokenLength) throw new TokenError(`The token is longer than ${maxTokenLength} characters`);
      const payload = exact(verifySignature(token, verifiers), token);
      verified = { payload, expires: time(payload, "exp") ?? noExpiration(), notBefore: time(payload, "nbf") ?? 0 };
      checkLifetime(verified);
      if (isLast) return payload;
      cache.set(token, verified);
      lifetimes.set(payload, verified);
      return payload;
    },

    stillHolds(payload) {
      followKeys();
      const verified = lifetimes.get(payload);
      return verified !== undefined && isAlive(verified);
    },
  };
}

const signatureVerifier = (key: string): ((token: string) => TokenPayload) =>
  createVerifier({ key, algorithms: ["HS256", "HS512"], ignoreExpiration: true, ignoreNotBefore: true });

function verifySignature(token: string, verifiers: readonly ((token: string) => TokenPayload)[]): TokenPayload {
  for (const verify of verifiers) {
    try {
      return verify(token);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) throw refusal;
    }
  }
  throw new TokenError("The signature key was not found");
}

/** Undefined when another key may still fit. Texts where the emulator has one are its own (reference emulator-observed §1). */
function refusalOf(error: unknown): TokenError | undefined {
  switch ((error as { code?: string }).code) {
    case "FAST_JWT_INVALID_SIGNATURE":
      return undefined;
    case "FAST_JWT_MISSING_SIGNATURE":
      return new TokenError("The signature is invalid");
    case "FAST_JWT_INVALID_ALGORITHM":
      return new TokenError("The signature algorithm is not HS256 or HS512");
    case "FAST_JWT_INVALID_CRIT_HEADER":
      return new TokenError("The token has a critical header that is not understood");
    default:
      return new TokenError("The token is malformed");
  }
}

const maxNesting = 64;

/**
 * Numbers that lost digits are read again: two users whose numeric ids differ only beyond 2^53 must not become one.
 */
function exact(payload: TokenPayload, token: string): TokenPayload {
  if (!losesDigits(payload, maxNesting)) return payload;
  const text = token.slice(token.indexOf(".") + 1, token.lastIndexOf("."));
  return parseJson(Buffer.from(text, "base64url").toString()) as TokenPayload;
}

function losesDigits(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) throw new TokenError(`The token is nested deeper than ${maxNesting} levels`);
  for (const key in value) {
    if (losesDigits((value as Record<string, unknown>)[key], depth - 1)) return true;
  }
  return false;
}

function time(payload: TokenPayload, claim: "exp" | "nbf"): number | undefined {
  const value: unknown = payload[claim];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new TokenError(`The claim ${claim} is not a number`);
}

function noExpiration(): never {
  throw new TokenError("The token has no expiration");
}

const lastSecond = 253_402_300_799;

/** `MM/dd/yyyy HH:mm:ss`, as .NET writes times in these sentences. */
function utc(seconds: number): string {
  const iso = new Date(Math.min(Math.max(seconds, 0), lastSecond) * 1000).toISOString();
  return `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)}`;
}
