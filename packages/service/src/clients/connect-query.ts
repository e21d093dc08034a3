import { decodeQueryText } from "../http/query-text.ts";

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
  const remaining: string[] = [];
  let accessToken: string | undefined;
  let hasId = false;
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = decodeQueryText(equals < 0 ? pair : pair.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? "" : pair.slice(equals + 1);
    if (name === "access_token") {
      accessToken = decodeQueryText(value);
      continue;
    }
    if (name === "id") {
      hasId ||= value !== "";
      continue;
    }
    if (name === "hub") hubs.push(decodeQueryText(value));
    if (pair !== "") remaining.push(pair);
  }
  return { hubs, accessToken, hasId, remaining: remaining.length === 0 ? "" : `?${remaining.join("&")}` };
}
