import type { AppSettings } from "../../contracts/binding.ts";
import type { Inbound } from "../inbound.ts";
import type { RouteValues } from "../routing/route-template.ts";

/** What `%X%` and `{x}` of a proxy read (reference functions-host §2.9). */
export interface SubstitutionSource {
  readonly settings: Pick<AppSettings, "get">;
  readonly values: RouteValues;
  readonly request: Pick<Inbound, "method" | "headers" | "url">;
  /** Known on the way back. */
  readonly backend?: Pick<Response, "status" | "statusText" | "headers">;
}

/** A name has no quotation marks and colons, so that JSON is not taken for one. The star of a catch-all may be repeated. */
const reference = /%([^%{}\s]+)%|\{\*{0,2}([A-Za-z_][\w.$-]*)\}/g;

/**
 * Replaces `%SETTING%`, `{routeParameter}`, `{request.…}` and `{backend.response.…}`. What is not there becomes empty. What was put in is
 * not looked at again.
 * @param encode applied to each value that comes from the request or the backend
 */
export function substitute(
  text: string,
  source: SubstitutionSource,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replace(reference, (_, setting: string | undefined, name: string | undefined) =>
    setting !== undefined ? (source.settings.get(setting) ?? "") : encode(lookUp(name!, source) ?? ""),
  );
}

/** In every text of a JSON value, so that what was put in cannot change its shape. */
export function substituteWithin(value: unknown, source: SubstitutionSource): unknown {
  if (typeof value === "string") return substitute(value, source);
  if (Array.isArray(value)) return value.map((item) => substituteWithin(item, source));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, substituteWithin(member, source)]));
}

function lookUp(name: string, { values, request, backend }: SubstitutionSource): string | null | undefined {
  const lower = name.toLowerCase();
  if (lower === "request.method") return request.method;
  const header = after(name, "request.headers.");
  if (header !== undefined) return headerOf(request.headers, header);
  const parameter = after(name, "request.querystring.");
  if (parameter !== undefined) return request.url.searchParams.get(parameter);
  if (lower === "backend.response.statuscode") return backend === undefined ? undefined : String(backend.status);
  if (lower === "backend.response.statusreason") return backend?.statusText;
  const answered = after(name, "backend.response.headers.");
  if (answered !== undefined) return backend === undefined ? undefined : headerOf(backend.headers, answered);
  const spelled = Object.keys(values).find((candidate) => candidate.toLowerCase() === lower);
  return spelled === undefined ? undefined : values[spelled];
}

function headerOf(headers: Headers, name: string): string | null {
  return /^[\w.$-]+$/.test(name) ? headers.get(name) : null;
}

function after(text: string, prefix: string): string | undefined {
  return text.toLowerCase().startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

/** A route value within an address: slashes part segments, everything else is text. */
export function encodePath(value: string): string {
  return value.split("/").map(encodeSegment).join("/");
}

/** What came encoded (an encoded slash) stays as it is. A dot segment must not climb. */
function encodeSegment(segment: string): string {
  if (segment === "." || segment === "..") return segment.replaceAll(".", "%252E");
  return encodeURIComponent(segment.toWellFormed()).replaceAll(/%252f/gi, "%2F");
}
