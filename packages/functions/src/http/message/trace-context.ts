import { randomUUID } from "node:crypto";
import type { TraceContext } from "../../contracts/invocation.ts";

const traceParentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Continues the caller's W3C trace, or begins one that nobody records. */
export function traceContextOf(headers: Headers): TraceContext {
  const match = traceParentPattern.exec(headers.get("traceparent") ?? "");
  const span = randomHex().slice(-16);
  if (match === null) return { traceParent: `00-${randomHex()}-${span}-00` };
  const traceState = headers.get("tracestate");
  return { traceParent: `00-${match[1]}-${span}-${match[2]}`, ...(traceState === null ? {} : { traceState }) };
}

/** 32 digits. Cheaper than random bytes, which are asked of the system each time. */
function randomHex(): string {
  return randomUUID().replaceAll("-", "");
}
