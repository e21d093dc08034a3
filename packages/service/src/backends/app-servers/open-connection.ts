import { type OpenConnectionMessage, ServiceHeader, ServiceMessageType } from "@signalbox/protocol";
import type { TrustedProxies } from "@signalbox/transport";
import { forwardedFor } from "../../http/forwarded.ts";
import type { ClientRequest, HubConnection } from "../../hub/hub-connection.ts";

/** The client's own token is the service's affair, and the address it came by is written anew. */
const keptBack = new Set(["authorization", "x-forwarded-for"]);

/**
 * How a client is announced to its app server (reference hub-and-service-protocol §4.3, §4.9): every claim of its token, its query, its
 * HTTP headers, and the address it comes from, which the app takes from the front of `X-Forwarded-For`.
 * @param instanceId this node of the service
 */
export function openConnectionMessage(
  { id, client, connection }: HubConnection,
  instanceId: string,
  proxies: TrustedProxies,
): OpenConnectionMessage {
  const headers = client.request === undefined ? new Map<string, readonly string[]>() : headersOf(client.request, proxies);
  headers.set(ServiceHeader.instanceId, [instanceId]);
  if (client.claims.some(({ type, value }) => type === "asrs.s.dc" && value.toLowerCase() === "true")) {
    headers.set(ServiceHeader.isDiagnosticClient, ["true"]);
  }
  return {
    type: ServiceMessageType.OpenConnection,
    connectionId: id,
    claims: client.claims,
    headers,
    queryString: client.query,
    extensions: { protocol: connection.protocol.name },
  };
}

/**
 * SDKs break on a name that comes twice in different letter case, so the values of all its spellings stand under the first one. Names
 * that the service itself uses are not taken from clients.
 */
function headersOf({ headers, peer }: ClientRequest, proxies: TrustedProxies): Map<string, readonly string[]> {
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers.entries()) {
    const lower = name.toLowerCase();
    if (keptBack.has(lower) || lower.startsWith("asrs-")) continue;
    const known = byName.get(lower);
    if (known === undefined) byName.set(lower, { name, values: [value] });
    else known.values.push(value);
  }
  const result = new Map<string, readonly string[]>([...byName.values()].map(({ name, values }) => [name, values]));
  const addresses = forwardedFor(headers, peer, proxies);
  if (addresses !== "") result.set("X-Forwarded-For", [addresses]);
  return result;
}
