import type { SigningKey } from "@signalbox/protocol";
import { AuthenticationError } from "../errors.ts";
import { Renewed } from "./renewed.ts";
import type { TokenCredential } from "./token-credential.ts";
import type { TokenSource } from "./token-source.ts";

/** Reference serverless-upstream §4.3. */
const scope = "https://signalr.azure.com/.default";

/** Milliseconds; the service keeps a temporary key for 90 minutes, the .NET SDK asks for another after 55 (§6.4). */
const keyLifetime = 55 * 60_000;
const renewBefore = 5 * 60_000;

/** Tokens of a Microsoft Entra identity. Clients' tokens are signed with a temporary key that the service gives to that identity. */
export class EntraTokens implements TokenSource {
  readonly #token: Renewed<string>;
  readonly #key: Renewed<SigningKey>;

  /** @param requestKey asks the service for a temporary key (`GET /api/v1/auth/accessKey`) */
  constructor(credential: TokenCredential, requestKey: () => Promise<SigningKey>) {
    this.#token = new Renewed(async () => {
      const { token, expiresOnTimestamp } = await getToken(credential);
      return { value: token, until: expiresOnTimestamp - renewBefore };
    });
    this.#key = new Renewed(async () => ({ value: await requestKey(), until: Date.now() + keyLifetime }));
  }

  forRest(): string | Promise<string> {
    return this.#token.get();
  }

  clientKey(): SigningKey | Promise<SigningKey> {
    return this.#key.get();
  }
}

async function getToken(credential: TokenCredential) {
  try {
    const token = await credential.getToken(scope);
    if (token !== null) return token;
  } catch (cause) {
    throw new AuthenticationError(`The credential gave no token: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  throw new AuthenticationError("The credential gave no token.");
}
