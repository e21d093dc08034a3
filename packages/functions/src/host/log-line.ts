import type { LogEvent } from "../contracts/invocation.ts";

/** The event as `func start` prints it: `[2026-01-31T12:00:00.000Z] message` (reference functions-host §3.6). */
export function logLine({ time, message }: LogEvent): string {
  return `[${new Date(time).toISOString()}] ${message}`;
}
