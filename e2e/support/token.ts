import { createHmac } from "node:crypto";
import type { RunningService } from "./service.ts";

type Claims = Readonly<Record<string, unknown>>;
type Signer = Pick<RunningService, "endpoint" | "accessKey">;

/** A JWT as any back end would sign it: HS256, valid for an hour unless the claims say otherwise. */
export function signToken(claims: Claims, accessKey: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ iat: now, exp: now + 3_600, ...claims })}`;
  return `${text}.${createHmac("sha256", accessKey).update(text).digest("base64url")}`;
}

/** What an app's negotiate endpoint hands out as `url`. */
export function clientUrl(service: Pick<RunningService, "endpoint">, hub: string): string {
  return `${service.endpoint}/client/?hub=${hub}`;
}

/** What an app's negotiate endpoint hands out as `accessToken`. */
export function clientToken(service: Signer, hub: string, claims: Claims = {}): string {
  return signToken({ aud: clientUrl(service, hub), ...claims }, service.accessKey);
}
