/*
 * A client hands in a new token for the connection it has, as the .NET client does from version 11 on: `POST {hub}/refresh`, which names the
 * connection by its secret token (reference hub-and-service-protocol §1.1; the header as that client sends it, the query as previews did).
 */

import type { ClientRequest } from "./client-request.ts";

/** The secret token of the connection. */
export function connectionTokenOf({ headers, query }: ClientRequest): string | undefined {
  return headers.get("x-signalr-connection-token") || query.get("id") || undefined;
}

const refusals = {
  refresh_disabled: [404, "Without authentication there is nothing to refresh."],
  missing_connection_token: [400, "The header 'X-SignalR-Connection-Token' is required."],
  invalid_token: [401, "The client may not connect."],
  connection_not_found: [404, "No open connection has this token."],
  permission_change_rejected: [403, "The user of a connection cannot change."],
  token_too_large: [413, "The user has too many claims for an access token."],
  internal_server_error: [500, "The service did not answer."],
} as const;

export function refuseRefresh(error: keyof typeof refusals): Response {
  const [status, description] = refusals[error];
  return Response.json({ error, error_description: description }, { status });
}

/** @param more what the client needs besides */
export function refreshed(expiresAt: number | undefined, more: Readonly<Record<string, string>>): Response {
  return Response.json({ ...more, refreshedAt: new Date().toISOString(), ...tokenLifetime(expiresAt) });
}

/** When the client is to refresh at the latest, as negotiate and refresh answers say it. @param expiresAt milliseconds since 1970 */
export function tokenLifetime(expiresAt: number | undefined): { readonly tokenLifetimeSeconds?: number } {
  if (expiresAt === undefined || expiresAt === Number.POSITIVE_INFINITY) return {};
  const seconds = Math.floor((expiresAt - Date.now()) / 1_000);
  return seconds > 0 ? { tokenLifetimeSeconds: seconds } : {};
}
