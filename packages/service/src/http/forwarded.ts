import type { HeaderReader, Peer, TrustedProxies } from "@signalbox/transport";

/** The addresses by which a request came, the client's own first. What is claimed in `X-Forwarded-For` counts when a trusted proxy says it. */
export function forwardedFor(headers: HeaderReader, { address }: Peer, proxies: TrustedProxies): string {
  const claimed = proxies.has(address) ? headers.get("x-forwarded-for") : null;
  return claimed ? `${claimed}, ${address}` : address;
}
