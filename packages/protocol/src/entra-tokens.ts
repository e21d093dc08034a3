import { Renewed } from "./renewed.ts";
import type { SigningKey } from "./sign-token.ts";
import type { TokenCredential } from "./token-credential.ts";

/** Reference serverless-upstream §4.3. */
const scope = "https://signalr.azure.com/.default";

/** Milliseconds; the service keeps a temporary key for 90 minutes, the .NET SDK asks for another after 55 (§6.4). */
const keyLifetime = 55 * 60_000;
const renewBefore = 5 * 60_000;

/** What a back end of a Microsoft Entra identity shows the service, and what it signs clients' tokens with. */
export class EntraTokens {
  readonly #token: Renewed<string>;
  readonly #key: Renewed<SigningKey>;

  /**
   * @param requestKey asks the service for a temporary key (`GET /api/v1/auth/accessKey`)
   * @param failure makes the error for a credential that gives no token
   */
  constructor(
    credential: TokenCredential,
    requestKey: () => Promise<SigningKey>,
    failure: (sentence: string, cause?: unknown) => Error,
  ) {
    this.#token = new Renewed(async () => {
      const { token, expiresOnTimestamp } = await getToken(credential, failure);
      return { value: token, until: expiresOnTimestamp - renewBefore };
    });
    this.#key = new Renewed(async () => ({ value: await requestKey(), until: Date.now() + keyLifetime }));
  }

  /** A bearer token, for whatever URL of the service. */
  token(): string | Promise<string> {
    return this.#token.get();
  }

  /** The key with which tokens of clients are signed. */
  clientKey(): SigningKey | Promise<SigningKey> {
    return this.#key.get();
  }
}

async function getToken(credential: TokenCredential, failure: (sentence: string, cause?: unknown) => Error) {
  try {
    const token = await credential.getToken(scope);
    if (token !== null) return token;
  } catch (cause) {
    throw failure(`The credential gave no token: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
  throw failure("The credential gave no token.");
}

/** Reads the answer to `GET /api/v1/auth/accessKey` (reference serverless-upstream §6.4). @returns undefined when there is no key in it */
export function parseTemporaryKey(text: string): SigningKey | undefined {
  let answer: { readonly AccessKey?: unknown; readonly KeyId?: unknown } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { AccessKey: key, KeyId: id } = answer ?? {};
  return typeof key === "string" && typeof id === "string" ? { key, id } : undefined;
}
