import type { InvocationResponse } from "../../contracts/invocation.ts";
import type { RpcHttp, RpcHttpCookie, TypedData } from "../../contracts/typed-data.ts";
import type { CoreResponse } from "./core-types.ts";

/**
 * What a library made of a result holds more than the Functions RPC carries: version 3 copies every member of the app's response object,
 * its methods included. Only the members of the RPC go on.
 */
export function toInvocationResponse(invocationId: string, response: CoreResponse): InvocationResponse {
  const outputs: Record<string, TypedData> = {};
  for (const { name, data } of response.outputData ?? []) outputs[name] = toData(data);
  // Version 3 lists `$return` among the outputs, too: for HTTP with its untouched `context.res`. The cloud's host puts what was returned in
  // its place even when that is nothing, so only a returned value counts (reference functions-host §1.2: 204 for a null `$return`).
  const { $return: _, ...others } = outputs;
  return {
    invocationId,
    outputs: others,
    ...(isPresent(response.returnValue) ? { returnValue: toData(response.returnValue) } : {}),
  };
}

function toData(data: TypedData | null | undefined): TypedData {
  if (!isPresent(data)) return {};
  if (isPresent(data.http)) return { http: toHttp(data.http) };
  return pick(data, [
    "string",
    "json",
    "bytes",
    "stream",
    "int",
    "double",
    "collectionString",
    "collectionBytes",
    "collectionDouble",
    "collectionSint64",
  ]);
}

function toHttp(http: RpcHttp): RpcHttp {
  const { cookies, body } = http;
  return {
    ...pick(http, ["statusCode", "headers"]),
    ...(typeof http.enableContentNegotiation === "boolean" ? { enableContentNegotiation: http.enableContentNegotiation } : {}),
    ...(cookies?.length ? { cookies: cookies.map(toCookie) } : {}),
    ...(isPresent(body) ? { body: toData(body) } : {}),
  };
}

function toCookie(cookie: RpcHttpCookie): RpcHttpCookie {
  const optional = pick(cookie, ["domain", "path", "expires", "secure", "httpOnly", "sameSite", "maxAge"]);
  return { name: cookie.name, value: cookie.value, ...optional };
}

function pick<T extends object, Name extends keyof T>(source: T, names: readonly Name[]): Pick<T, Name> {
  const picked: Partial<Pick<T, Name>> = {};
  for (const name of names) if (isPresent(source[name])) picked[name] = source[name];
  return picked as Pick<T, Name>;
}

function isPresent<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
