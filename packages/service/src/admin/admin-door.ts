import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { z } from "zod";
import type { Metrics } from "../telemetry/metrics.ts";
import { type AccessOptions, isSignedIn, ownPagesOnly, tokenHolders } from "./access.ts";
import type { SessionView } from "./contract.ts";
import { jsonBody } from "./json-body.ts";
import { builtPage, pageFile } from "./page-files.ts";
import { newSession, sameText, sessionCookie } from "./session.ts";
import { type UpstreamApiParts, upstreamApi } from "./upstream-api.ts";

export interface AdminOptions {
  readonly metrics: Metrics;
  readonly draining: () => boolean;
  /** Asked for each request. */
  readonly access: () => AccessOptions;
  readonly upstream: Omit<UpstreamApiParts, "isSignedIn">;
  /** An answer of 500 says nothing; this does. */
  readonly onError: (error: unknown) => void;
  /** Folder of the built page. */
  readonly page?: string;
}

/** Greatest request body, bytes: some thousand templates. */
const maxBodyBytes = 512 * 1024;

/**
 * What operators see and change: health, metrics, the dashboard and its API. Health is open to everybody who reaches the port; the page's
 * files, which hold nothing, to browsers under a known name; all else needs the token where one is set (`access.ts`).
 */
export function createAdminDoor({ metrics, draining, access, upstream, onError, page = builtPage }: AdminOptions): {
  fetch(request: Request): Response | Promise<Response>;
} {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof HTTPException) {
      // The rest of the body is not read, so nothing else can come over this socket.
      if (error.status === 413) context.header("Connection", "close");
      return context.json({ error: error.message }, error.status);
    }
    onError(error);
    return context.json({ error: "Something failed here; the log of the service says what." }, 500);
  });
  app.notFound((context) => context.json({ error: "There is nothing here." }, 404));

  app.get("/health/live", (context) => context.text("live"));
  app.get("/health/ready", (context) => (draining() ? context.text("draining", 503) : context.text("ready")));

  app.use(pageHeaders, ownPagesOnly(access));
  app.get("/metrics", tokenHolders(access), async (context) =>
    context.body(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType }),
  );

  app.use("/api/*", async (context, next) => {
    context.header("Cache-Control", "no-store");
    await next();
  });
  app.use("/api/*", bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge }));
  app.get("/api/session", (context) => {
    const tokenNeeded = access().token !== undefined;
    return context.json({ tokenNeeded, signedIn: isSignedIn(context, access()) } satisfies SessionView);
  });
  app.post("/api/session", async (context) => {
    const { token } = access();
    const given = await jsonBody(context, z.object({ token: z.string() }));
    if (token === undefined) return context.json({ tokenNeeded: false, signedIn: true } satisfies SessionView);
    if (!sameText(given.token, token)) return context.json({ error: "That is not the token of this service." }, 401);
    const { value, lifetimeSeconds } = newSession(token);
    setCookie(context, sessionCookie, value, {
      httpOnly: true,
      sameSite: "Strict",
      secure: new URL(context.req.url).protocol === "https:",
      path: "/",
      maxAge: lifetimeSeconds,
    });
    return context.json({ tokenNeeded: true, signedIn: true } satisfies SessionView);
  });
  app.delete("/api/session", (context) => {
    deleteCookie(context, sessionCookie, { path: "/" });
    const tokenNeeded = access().token !== undefined;
    return context.json({ tokenNeeded, signedIn: !tokenNeeded } satisfies SessionView);
  });
  app.use("/api/*", tokenHolders(access));
  app.route("/api/upstream", upstreamApi({ ...upstream, isSignedIn: (context) => isSignedIn(context, access()) }));

  app.get("*", async (context) => {
    const file = await pageFile(page, context.req.path);
    if (file !== undefined) {
      // The name of an asset changes with its content.
      const lasts = context.req.path === "/" ? "no-cache" : "public, max-age=31536000, immutable";
      return context.body(file.bytes, 200, { "Content-Type": file.type, "Cache-Control": lasts });
    }
    if (context.req.path !== "/") return context.notFound();
    return context.text("The dashboard has not been built: npm run build.", 503);
  });
  return { fetch: (request) => app.fetch(request) };
}

const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  // The admin port of a service on localhost speaks plain HTTP; a browser that remembers otherwise would lock its owner out.
  strictTransportSecurity: false,
});

function tooLarge(): never {
  throw new HTTPException(413, { message: `The body is larger than ${maxBodyBytes} bytes.` });
}
