import { clientAudience, maxTokenLength, signToken } from "@signalbox/protocol";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { AccessTokenTooLongError } from "../errors.ts";

/** Hub names are told apart by the whole of it only: `app_chat` is hub `chat` of application `app` (reference serverless-upstream §4.2). */
export function fullName(hub: string, application: string | undefined): string {
  return application === undefined ? hub : `${application}_${hub}`;
}

/**
 * Signs a token with which a client connects to a hub.
 * @param hub full name
 * @throws {AccessTokenTooLongError}
 */
export async function clientToken(
  endpoint: ServiceEndpoint,
  hub: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const aud = clientAudience(endpoint.connection, hub);
  const token = signToken({ ...claims, aud }, await endpoint.tokens.clientKey());
  if (token.length <= maxTokenLength) return token;
  throw new AccessTokenTooLongError(
    `The client's access token would have ${token.length} characters; ${maxTokenLength} is the most. Pass fewer claims.`,
  );
}
