import { Hono } from "hono";
import type { Metrics } from "../telemetry/metrics.ts";

export interface AdminOptions {
  readonly metrics: Metrics;
  readonly draining: () => boolean;
}

/**
 * What operators ask: metrics, liveness, readiness. Its listener is bound to loopback and asks for no token, so nothing here may tell
 * a secret or change anything.
 */
export function createAdminDoor({ metrics, draining }: AdminOptions): {
  fetch(request: Request): Response | Promise<Response>;
} {
  const app = new Hono();
  app.get("/metrics", async (context) =>
    context.body(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType }),
  );
  app.get("/health/live", (context) => context.text("live"));
  app.get("/health/ready", (context) => (draining() ? context.text("draining", 503) : context.text("ready")));
  return { fetch: (request) => app.fetch(request) };
}
