/** The subprotocols of a `Sec-WebSocket-Protocol` header, in the client's order. */
export function parseSubprotocols(header: string | null | undefined): readonly string[] {
  if (!header) return [];
  return header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** Whether an `Upgrade` header asks for a WebSocket; other upgrades, such as to HTTP/2, are not taken and the request is an ordinary one. */
export function asksForWebSocket(upgrade: string | null | undefined): boolean {
  return typeof upgrade === "string" && upgrade.toLowerCase() === "websocket";
}
