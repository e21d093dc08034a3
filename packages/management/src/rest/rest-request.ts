import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import type { MessageBody } from "./message-body.ts";

/** The API versions that calls name: the oldest that has the route, so that older services answer as well. */
export type ApiVersion = "2022-06-01" | "2024-12-01" | "2026-07-01";

/** A REST call, the same for every endpoint. */
export interface RestRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Encoded, starting with a slash. */
  readonly path: string;
  /** After the path, from `?` on; empty for none. */
  readonly query: string;
  readonly body?: MessageBody;
  /** True: the service may have carried it out although it answered 500, and twice is wrong. See `isTransient`. */
  readonly isMessage?: boolean;
  /**
   * With 404, these `x-ms-error-code`s are the answer "no"; others mean failure. Lower case. `any`: of a service that gives no codes, every
   * 404 is a "no".
   */
  readonly no?: readonly string[] | "any";
}

/** A successful answer. */
export interface RestAnswer {
  /** Who gave it. */
  readonly endpoint: ServiceEndpoint;
  readonly status: number;
  readonly text: string;
}

/**
 * A path of percent-encoded segments.
 * @param segments none empty, `.` or `..`: URLs cannot carry those (see `requireId`)
 */
export function pathOf(...segments: readonly string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
}

/** @param parameters a value that is undefined is left out; a list repeats the name */
export function queryOf(parameters: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : (value ?? [])).map((item) => `${name}=${encodeURIComponent(item)}`),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
