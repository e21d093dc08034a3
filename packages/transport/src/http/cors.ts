/** Seconds a browser may reuse a preflight's answer; Chromium caps it at two hours. */
const maxAge = "7200";

/** A browser's question whether it may send the real request; it carries no token. */
export function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("origin") && request.headers.has("access-control-request-method");
}

/** Grants whatever method and headers are asked for, as the emulator does; `allowOrigin` decides whether the origin may. */
export function preflightAnswer(request: Request): Response {
  const headers = new Headers({
    "access-control-allow-methods": request.headers.get("access-control-request-method") ?? "",
    "access-control-max-age": maxAge,
  });
  const asked = request.headers.get("access-control-request-headers");
  if (asked !== null) headers.set("access-control-allow-headers", asked);
  return new Response(null, { status: 204, headers });
}

/**
 * Lets the page of `origin` read the answer, errors included. SignalR clients send credentials by default, so the origin is named rather
 * than `*` (reference hub-and-service-protocol §1.2). An origin that may not is given no permission: its browser then hides the answer.
 * @param origin of the request; null: no browser asks across origins
 * @param allowed origins, or `*` for any
 */
export function allowOrigin(answer: Response, origin: string | null, allowed: readonly string[]): Response {
  if (origin === null) return answer;
  answer.headers.append("vary", "Origin");
  if (!allowed.includes("*") && !allowed.includes(origin.toLowerCase())) return answer;
  answer.headers.set("access-control-allow-origin", origin);
  answer.headers.set("access-control-allow-credentials", "true");
  answer.headers.set("access-control-expose-headers", "Retry-After, WWW-Authenticate");
  return answer;
}
