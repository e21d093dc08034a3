import { createHmac, timingSafeEqual } from "node:crypto";

/** Of a cookie; then the token is asked for again. */
const lifetimeSeconds = 12 * 3600;
export const sessionCookie = "signalbox-admin";

/** Compares in the same time whatever differs. */
export function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** What a browser keeps instead of the token: an end and its signature. It ends early when the token changes. */
export function newSession(token: string): { readonly value: string; readonly lifetimeSeconds: number } {
  const end = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  return { value: `${end}.${signature(end, token)}`, lifetimeSeconds };
}

export function isSession(value: string, token: string): boolean {
  const [, end, signed] = /^(\d{1,12})\.([\w-]+)$/.exec(value) ?? [];
  return end !== undefined && Number(end) > Date.now() / 1000 && sameText(signed!, signature(Number(end), token));
}

function signature(end: number, token: string): string {
  return createHmac("sha256", token).update(`signalbox admin session ${end}`).digest("base64url");
}
