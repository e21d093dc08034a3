import type { ClientEndpoint, Refusal } from "@signalbox/transport";
import { bearerChallenge } from "../auth/bearer.ts";
import { TokenError } from "../auth/token-verifier.ts";
import { hubNameRule } from "../hub/hub-name.ts";

/** A client that asks again sooner finds nothing changed; in seconds. */
const retryWhenFull = "10";
/** By then another instance stands behind the address. */
const retryWhenDraining = "2";

/** An answer by which somebody is turned away, with a sentence that says why. */
export function refusal(status: number, text: string, headers?: Readonly<Record<string, string>>): Response {
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
  invalidHub: (name: string) => refusal(400, `Invalid hub name '${shortened(name)}'. A hub name ${hubNameRule}.`),
  badCertificate: (header: string) => refusal(400, `The header ${header} holds no certificate thumbprint in hex.`),
  notFound: (address = "/client/?hub={hub}") =>
    refusal(404, `There is nothing at this address; clients connect to ${address}.`),
  notAWebSocket: () => refusal(426, "Only WebSockets are served here.", { upgrade: "websocket", connection: "Upgrade" }),
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

const shortened = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}...` : text);

export function orUnauthorized<T>(check: () => T): T | Refusal {
  try {
    return check();
  } catch (error) {
    if (error instanceof TokenError) return { refuse: refusals.unauthorized(error) };
    throw error;
  }
}

/** What decides whether a further client is taken. */
export interface Room {
  /** 0 = unlimited. */
  readonly maxConnections: number;
  /** New connections are refused; those that exist go on. */
  readonly draining: boolean;
}

/** Why no further client is taken now. Who has negotiated has a place already, or a rush of negotiates would overrun the limit. */
export function noRoom(
  { size, negotiating }: Pick<ClientEndpoint, "size" | "negotiating">,
  { draining, maxConnections }: Room,
): Response | undefined {
  if (draining) return refusals.draining();
  return maxConnections > 0 && size + negotiating >= maxConnections ? refusals.full() : undefined;
}
