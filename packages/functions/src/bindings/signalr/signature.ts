import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Whether `X-ASRS-Signature` carries a signature of the connection id by one of the keys: a comma list of `sha256=<hex HMAC-SHA256>`, in
 * any letter case (reference functions-host §2.5).
 */
export function isSigned(header: string | null, connectionId: string, keys: readonly string[]): boolean {
  if (!header) return false;
  const given = header.split(",").map((part) => Buffer.from(part.trim().toLowerCase()));
  return keys.some((key) => {
    const expected = Buffer.from(`sha256=${createHmac("sha256", key).update(connectionId).digest("hex")}`);
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
}
