import { decodeQueryText } from "./query-text.ts";

/** The query of a client's request, as far as the door reads it. */
export interface ConnectQuery {
  /** Every `hub`, decoded. */
  readonly hubs: readonly string[];
  /** The last `access_token`, decoded (reference serverless-upstream §1.2). */
  readonly accessToken: string | undefined;
  readonly hasId: boolean;
  /** As sent and with a leading `?`, without `access_token` and `id`: they are secrets. Empty when nothing is left. */
  readonly remaining: string;
}

/**
 * Reads a query in the way of ASP.NET Core: names without regard to letter case, `+` is a blank, invalid percent-encoding stays as it is.
 * @param query without the leading `?`
 */
export function parseConnectQuery(query: string): ConnectQuery {
  const hubs: string[] = [];
  let accessToken: string | undefined;
  let hasId = false;
  const remaining = readQuery(query, (name, value) => {
    if (name === "access_token") accessToken = decodeQueryText(value);
    else if (name === "id") hasId ||= value !== "";
    else if (name === "hub") hubs.push(decodeQueryText(value));
    return name !== "access_token" && name !== "id";
  });
  return { hubs, accessToken, hasId, remaining };
}

/** The same of a raw client: its hubs are called `hubs`, and an `id` is its own affair. */
export function parseRawQuery(query: string): Omit<ConnectQuery, "hasId"> {
  const hubs: string[] = [];
  let accessToken: string | undefined;
  const remaining = readQuery(query, (name, value) => {
    if (name === "access_token") accessToken = decodeQueryText(value);
    else if (name === "hubs") hubs.push(decodeQueryText(value));
    return name !== "access_token";
  });
  return { hubs, accessToken, remaining };
}

/**
 * @param keeps told of each name, lower-case, and its value as sent; whether the pair remains
 * @returns what remains, with its leading `?`
 */
function readQuery(query: string, keeps: (name: string, value: string) => boolean): string {
  const remaining: string[] = [];
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = decodeQueryText(equals < 0 ? pair : pair.slice(0, equals)).toLowerCase();
    if (keeps(name, equals < 0 ? "" : pair.slice(equals + 1)) && pair !== "") remaining.push(pair);
  }
  return remaining.length === 0 ? "" : `?${remaining.join("&")}`;
}
