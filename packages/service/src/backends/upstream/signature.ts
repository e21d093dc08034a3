import { createHmac } from "node:crypto";

/**
 * The value of `X-ASRS-Signature`: one `sha256=<hex>` for each access key, the primary first, over the connection id. Lower-case hex and
 * no blank after the comma, because the functions host splits without trimming (reference serverless-upstream §3.3).
 */
export function signConnection(connectionId: string, keys: readonly string[]): string {
  return keys.map((key) => `sha256=${createHmac("sha256", key).update(connectionId).digest("hex")}`).join(",");
}
