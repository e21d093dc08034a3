import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Whether a request carries the key, as `x-api-key: key` or `authorization: Bearer key`. How long this takes tells nothing of the key. */
export function hasApiKey({ headers }: IncomingMessage, key: string): boolean {
  const given = headers["x-api-key"] ?? /^Bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1];
  return typeof given === "string" && timingSafeEqual(digest(given), digest(key));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
