import { pingValue, ServiceMessageType, type ServicePingMessage } from "@signalbox/protocol";
import type { ServerConnection } from "./server-connection.ts";

/** What the service can say about a hub. */
export interface HubStatus {
  readonly clients: number;
  /** Ids of its app servers, in order. */
  readonly serverIds: readonly string[];
  /** Clients the service takes; 0: unlimited. */
  readonly capacity: number;
}

/** Values of `shutdown` by which a server says that it leaves, and what becomes of its clients: they stay, move, or are waited for. */
export const Farewell = { Off: "fin:0", Migrate: "fin:1", Wait: "fin:2" } as const;

/** What a ping says beside that the server lives (reference hub-and-service-protocol §4.6). */
export interface PingHandler {
  status(hub: string): HubStatus;
  /** @param how a value of `Farewell` */
  leaving(server: ServerConnection, how: string): void;
}

/** Ever greater, or SDKs drop the list. */
let stamp = 0;

/** A ping may say several things. Keys that are not known, such as the client counts of a plain keep-alive, are passed over. */
export function answerPing(server: ServerConnection, ping: ServicePingMessage, handler: PingHandler): void {
  if (ping.values.length === 0) return;
  const { hub } = server.identity;
  const shutdown = pingValue(ping, "shutdown");
  if (shutdown?.startsWith("fin:")) {
    say(server, "shutdown", "finack");
    handler.leaving(server, shutdown);
  }
  if (pingValue(ping, "status") !== undefined) tellStatus(server, handler.status(hub));
  if (pingValue(ping, "servers") !== undefined) {
    stamp = Math.max(Date.now(), stamp + 1);
    say(server, "servers", `${stamp}:${handler.status(hub).serverIds.join(";")}`);
  }
  const echo = pingValue(ping, "echo");
  if (echo !== undefined) server.echoed(echo);
}

function tellStatus(server: ServerConnection, { clients, serverIds, capacity }: HubStatus): void {
  const room = capacity > 0 ? ["capacity", String(capacity)] : [];
  const servers = String(serverIds.length);
  say(server, "status", clients > 0 ? "1" : "0", "clientcount", String(clients), "servercount", servers, ...room);
}

function say(server: ServerConnection, ...values: string[]): void {
  server.send({ type: ServiceMessageType.Ping, values });
}
