import {
  type ConnectionString,
  EntraTokens,
  parseTemporaryKey,
  type SigningKey,
  serverAudience,
  signToken,
  type TokenCredential,
} from "@signalbox/protocol";

/** Seconds. */
const tokenLifetime = 3_600;
/** Milliseconds. */
const keyTimeout = 15_000;

/** As whom this process speaks to one endpoint. */
export interface EndpointIdentity {
  /** The bearer token of a server connection. @throws {Error} from the promise, when there is none to be had */
  serverToken(hub: string, serverId: string): string | Promise<string>;
  /** The key with which tokens of clients are signed. */
  clientKey(): SigningKey | Promise<SigningKey>;
}

/**
 * @param credential for connection strings that name a Microsoft Entra identity instead of a key
 * @throws {TypeError} when it is needed and missing
 */
export function identityFor(connection: ConnectionString, credential: TokenCredential | undefined): EndpointIdentity {
  const { accessKey, endpoint, entra } = connection;
  if (accessKey !== undefined) return new AccessKeyIdentity(connection, accessKey);
  if (credential !== undefined) return new EntraIdentity(connection, credential);
  throw new TypeError(
    `The connection string of ${endpoint} has no access key but AuthType=${entra?.type}: pass the option service.credential, ` +
      "such as new DefaultAzureCredential() of @azure/identity.",
  );
}

class AccessKeyIdentity implements EndpointIdentity {
  readonly #connection: ConnectionString;
  readonly #key: SigningKey;

  constructor(connection: ConnectionString, accessKey: string) {
    this.#connection = connection;
    this.#key = { key: accessKey };
  }

  serverToken(hub: string, serverId: string): string {
    const iat = Math.floor(Date.now() / 1_000);
    const aud = serverAudience(this.#connection, hub);
    return signToken({ aud, nameid: serverId, nbf: iat, iat, exp: iat + tokenLifetime }, this.#key);
  }

  clientKey(): SigningKey {
    return this.#key;
  }
}

class EntraIdentity implements EndpointIdentity {
  readonly #url: string;
  readonly #tokens: EntraTokens;

  constructor(connection: ConnectionString, credential: TokenCredential) {
    this.#url = `${connection.serverEndpoint ?? connection.endpoint}/api/v1/auth/accessKey`;
    this.#tokens = new EntraTokens(
      credential,
      () => this.#requestKey(),
      (sentence, cause) => new Error(sentence, { cause }),
    );
  }

  serverToken(): string | Promise<string> {
    return this.#tokens.token();
  }

  clientKey(): SigningKey | Promise<SigningKey> {
    return this.#tokens.clientKey();
  }

  async #requestKey(): Promise<SigningKey> {
    const headers = { authorization: `Bearer ${await this.#tokens.token()}` };
    const answer = await fetch(this.#url, { headers, signal: AbortSignal.timeout(keyTimeout) });
    const key = answer.ok ? parseTemporaryKey(await answer.text()) : undefined;
    if (key !== undefined) return key;
    throw new Error(`${this.#url} gave no key for signing clients' tokens (${answer.status}).`);
  }
}
