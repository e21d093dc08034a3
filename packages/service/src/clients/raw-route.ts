/** Where a raw client's request goes: a hub, undefined for none named, or "nowhere" below `/ws/client/`. */
export type RawRoute = { readonly hub: string | undefined } | "nowhere";

/**
 * `/ws/client` and `/ws/client/hubs/{hub}` (reference serverless-upstream §5.2). Letter case of the fixed parts and a trailing slash make
 * no difference.
 * @param path as sent
 * @returns undefined for a path that is not a raw client's
 */
export function rawRoute(path: string): RawRoute | undefined {
  const [start, ws, client, ...rest] = path.split("/");
  if (start !== "" || ws?.toLowerCase() !== "ws" || client?.toLowerCase() !== "client") return undefined;
  if (rest.at(-1) === "") rest.pop();
  const [hubs, hub, ...more] = rest;
  if (hubs === undefined) return { hub: undefined };
  if (hubs.toLowerCase() !== "hubs" || hub === undefined || more.length > 0) return "nowhere";
  try {
    return { hub: decodeURIComponent(hub) };
  } catch {
    return { hub };
  }
}
