import { randomFillSync } from "node:crypto";

const idBytes = 16;
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;

/** 16 random bytes, base64url: 22 characters (reference hub-and-service-protocol §1.1). For connection ids and connection tokens. */
export function randomId(): string {
  // One call of the generator for 256 ids: it costs far more than the bytes.
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString("base64url", used, used + idBytes);
  used += idBytes;
  return id;
}
