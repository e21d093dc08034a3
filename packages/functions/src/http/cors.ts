export interface CorsOptions {
  /** Origins that pages may ask from, or `*` for any; empty: no CORS at all. */
  readonly origins: readonly string[];
  /** Cookies and authorization may come along. Has no effect with `*` (reference functions-host §3.2). */
  readonly credentials: boolean;
}

/**
 * Answers a browser's question whether it may send the real request: any method and any header, for the origins allowed.
 * @returns undefined when it is no such question, or CORS is off and the function shall answer
 */
export function answerPreflight(method: string, headers: Headers, { origins }: CorsOptions): Response | undefined {
  const asked = headers.get("access-control-request-method");
  if (origins.length === 0 || method !== "OPTIONS" || asked === null || !headers.has("origin")) return undefined;
  const answer = new Headers({ "access-control-allow-methods": asked });
  const names = headers.get("access-control-request-headers");
  if (names !== null) answer.set("access-control-allow-headers", names);
  return new Response(null, { status: 204, headers: answer });
}

/** Lets the page of `origin` read an answer, errors included. An origin that may not gets no permission: its browser hides the answer. */
export function permitOrigin(answer: Headers, origin: string | null, { origins, credentials }: CorsOptions): void {
  if (origins.length === 0) return;
  if (origins.includes("*")) {
    if (origin !== null) answer.set("access-control-allow-origin", "*");
    return;
  }
  answer.append("vary", "Origin");
  if (origin === null || !origins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase())) return;
  answer.set("access-control-allow-origin", origin);
  if (credentials) answer.set("access-control-allow-credentials", "true");
}
