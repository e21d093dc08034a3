import { bearerChallenge } from "../auth/bearer.ts";
import type { TokenError } from "../auth/token-verifier.ts";

/** A client that asks again sooner finds nothing changed; in seconds. */
const retryWhenFull = "10";
/** By then another instance stands behind the address. */
const retryWhenDraining = "2";

function refusal(status: number, text: string, headers?: Readonly<Record<string, string>>): Response {
  return new Response(text === "" ? null : text, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/** Every answer by which a door turns a client or an app server away; the sentence is for the developer who looks at the network log. */
export const refusals = {
  /** @param error undefined when there was no token */
  unauthorized: (error?: TokenError) =>
    refusal(401, error?.message ?? "An access token is required.", { "www-authenticate": bearerChallenge(error) }),
  badHub: (text: string) => refusal(400, text),
  notFound: () => refusal(404, "There is nothing at this address; clients connect to /client/?hub={hub}."),
  wrongMethod: (allow: string) => refusal(405, `The method is not allowed here; allowed: ${allow}.`, { allow }),
  webSocketRequired: () => refusal(400, "App servers connect here by WebSocket."),
  serverless: () =>
    refusal(
      403,
      "This hub is in serverless mode, which has no app servers: see the settings 'mode' and 'modes' of the service.",
    ),
  full: () => refusal(429, "The service has its maximum number of client connections.", { "retry-after": retryWhenFull }),
  draining: () =>
    refusal(503, "The service is shutting down and takes no new connections.", { "retry-after": retryWhenDraining }),
};
