import { type OpenConnectionMessage, ServiceHeader, ServiceMessageType } from "@signalbox/protocol";
import type { ClientRequest, HubConnection } from "../../hub/hub-connection.ts";

/** The client's own token is the service's affair. */
const keptBack = new Set(["authorization"]);
const forwardedFor = "x-forwarded-for";

/**
 * How a client is announced to its app server (reference hub-and-service-protocol §4.3, §4.9): every claim of its token, its query, its
 * HTTP headers, and the address it comes from.
 * @param instanceId this node of the service
 */
export function openConnectionMessage({ id, client, connection }: HubConnection, instanceId: string): OpenConnectionMessage {
  const headers = client.request === undefined ? new Map<string, readonly string[]>() : headersOf(client.request);
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
function headersOf({ headers, peer }: ClientRequest): Map<string, readonly string[]> {
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers.entries()) {
    const lower = name.toLowerCase();
    if (keptBack.has(lower) || lower.startsWith("asrs-")) continue;
    const known = byName.get(lower);
    if (known === undefined) byName.set(lower, { name, values: [value] });
    else known.values.push(value);
  }
  const addresses = forwardedAddresses(byName.get(forwardedFor)?.values ?? [], peer.address);
  byName.delete(forwardedFor);
  const result = new Map<string, readonly string[]>([...byName.values()].map(({ name, values }) => [name, values]));
  if (addresses !== "") result.set("X-Forwarded-For", [addresses]);
  return result;
}

/**
 * The app server takes the first address for the client's. What a proxy says counts when the proxy is near: on this machine or in a
 * private network. Others may claim what they like.
 */
function forwardedAddresses(claimed: readonly string[], peer: string): string {
  const addresses = isNear(peer) ? [...claimed, peer] : [peer];
  return addresses.filter((address) => address !== "").join(", ");
}

/** Loopback, link-local and private addresses (RFC 1918, RFC 3927, RFC 4193). */
function isNear(address: string): boolean {
  return /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80:)/i.test(address);
}
