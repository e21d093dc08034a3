import { stringifyJson } from "@signalbox/protocol";
import type { Logger } from "pino";
import { datedVersions, type Version } from "./api-version.ts";
import type { RestError } from "./rest-error.ts";

/** What a route answers. Replies without a body are shared, so nobody may change one. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface TextReply extends Reply {
  readonly body?: string;
}

const empty = new Map<number, TextReply>();

export function emptyReply(status: number): TextReply {
  const known = empty.get(status);
  if (known !== undefined) return known;
  const reply = { status };
  empty.set(status, reply);
  return reply;
}

const json = { "Content-Type": "application/json; charset=utf-8" };

export function jsonReply(body: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return { status: 200, headers: { ...json, ...headers }, body: stringifyJson(body) };
}

/**
 * `ErrorDetail` (reference serverless-upstream §4.7); in versions without a date, which know no such object, the sentence as plain text.
 * Either way `x-ms-error-code` tells what happened.
 */
export function errorReply({ status, code, message, target }: RestError, version: Version): TextReply {
  const header = { "x-ms-error-code": code };
  if (!(datedVersions as readonly string[]).includes(version)) {
    return { status, headers: { ...header, "Content-Type": "text/plain; charset=utf-8" }, body: message };
  }
  return { status, headers: { ...header, ...json }, body: JSON.stringify({ code, message, target }) };
}

/** The answer to a request that is refused for an error, and the trace of it. */
export function refusal(error: RestError, operation: string, version: Version, log: Logger): TextReply {
  log.debug({ operation, status: error.status, code: error.code, reason: error.message }, "REST request refused");
  return errorReply(error, version);
}
