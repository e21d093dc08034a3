import { EntraTokens, parseConnectionString, type SigningKey, type TokenCredential } from "@signalbox/protocol";
import { AccessKeyTokens } from "../auth/access-key-tokens.ts";
import type { TokenSource } from "../auth/token-source.ts";
import { AuthenticationError } from "../errors.ts";
import type { EndpointOptions } from "../options.ts";
import type { RestCaller } from "../rest/rest-caller.ts";
import { requestTemporaryKey } from "../rest/service-requests.ts";
import { ServiceEndpoint } from "./service-endpoint.ts";

/**
 * @param credential for connection strings that name a Microsoft Entra identity instead of a key
 * @throws {ConnectionStringError}
 * @throws {AuthenticationError} when such a credential is needed and missing
 */
export function createEndpoint(
  { connectionString, name = "", type = "primary" }: EndpointOptions,
  credential: TokenCredential | undefined,
  rest: RestCaller,
): ServiceEndpoint {
  const connection = parseConnectionString(connectionString);
  return new ServiceEndpoint({ name, type, connection }, (endpoint) => {
    if (connection.accessKey !== undefined) return new AccessKeyTokens(connection.accessKey);
    if (credential !== undefined) return entraSource(credential, () => requestTemporaryKey(rest, endpoint));
    throw new AuthenticationError(
      `The connection string of ${connection.endpoint} has no access key but AuthType=${connection.entra?.type}: pass the option ` +
        "credential, such as new DefaultAzureCredential() of @azure/identity.",
      { endpoint: connection.endpoint },
    );
  });
}

function entraSource(credential: TokenCredential, requestKey: () => Promise<SigningKey>): TokenSource {
  const failure = (sentence: string, cause?: unknown) => new AuthenticationError(sentence, { cause });
  const tokens = new EntraTokens(credential, requestKey, failure);
  return { forRest: () => tokens.token(), clientKey: () => tokens.clientKey() };
}
