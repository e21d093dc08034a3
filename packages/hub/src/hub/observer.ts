import type { HubCallerContext } from "./caller-context.ts";

/**
 * How a connection ended, in the words of ASP.NET Core's metrics (reference hub-and-service-protocol §3.7): `app_shutdown` when the server
 * stops, `timeout` when the client was silent for too long, `normal_closure` otherwise.
 */
export type ConnectionStatus = "normal_closure" | "timeout" | "app_shutdown";

/** Hears of connections, for figures; filters see single calls. What it throws goes to `onError` and changes nothing. */
export interface HubObserver {
  /** A client is there; its `onConnected` comes next. */
  connectionStarted?(context: HubCallerContext): void;
  /** Once for each that started. @param duration seconds */
  connectionEnded?(context: HubCallerContext, status: ConnectionStatus, duration: number): void;
}
