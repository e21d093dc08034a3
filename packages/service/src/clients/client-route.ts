/** Where a client's request goes. "nowhere": below `/client/`, but nothing is there. */
export type ClientRoute = "connect" | "negotiate" | "nowhere";

/**
 * Letter case and a trailing slash make no difference (reference emulator-observed §1).
 * @param path as sent
 * @returns undefined for a path that is not a client's
 */
export function clientRoute(path: string): ClientRoute | undefined {
  if (path === "/client/negotiate") return "negotiate";
  if (path === "/client/" || path === "/client") return "connect";
  const words = decoded(path).toLowerCase();
  if (words === "/client" || words === "/client/") return "connect";
  if (words === "/client/negotiate" || words === "/client/negotiate/") return "negotiate";
  return words.startsWith("/client/") ? "nowhere" : undefined;
}

function decoded(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
