import { InvalidArgumentError } from "./errors.ts";
import { WebSocketClient, type WebSocketClientOptions, type WebSocketLog } from "./websocket/web-socket-client.ts";

export { ConnectionStringError } from "@signalbox/protocol";
export * from "./errors.ts";
export type { WebSocketContent } from "./websocket/content.ts";
export { type EventHeaders, event, type WebSocketEvent } from "./websocket/event.ts";
export type {
  SendOptions,
  WebSocketClient,
  WebSocketClientOptions,
  WebSocketLog,
  WebSocketResult,
} from "./websocket/web-socket-client.ts";

/**
 * The raw WebSocket clients of the hub that the environment names: `AzureSignalRConnectionString`, and `HubName`, without which it is the
 * default hub.
 * @param context logs the calls; absent: the console
 * @throws {InvalidArgumentError} when `AzureSignalRConnectionString` is missing
 * @throws {ConnectionStringError}
 */
export function client(context?: WebSocketLog): WebSocketClient;
/**
 * @param hubName absent: as `HubName` of the environment says
 * @throws {ConnectionStringError}
 * @throws {InvalidArgumentError} for a hub that cannot be named
 */
export function client(
  connectionString: string | undefined,
  hubName?: string,
  context?: WebSocketLog,
  options?: WebSocketClientOptions,
): WebSocketClient;
export function client(
  first?: string | WebSocketLog,
  hubName?: string,
  context?: WebSocketLog,
  options?: WebSocketClientOptions,
): WebSocketClient {
  const [connectionString, log] = typeof first === "object" ? [undefined, first] : [first, context];
  const given = connectionString || process.env.AzureSignalRConnectionString;
  if (!given) {
    throw new InvalidArgumentError(
      "There is no connection string: pass one, or set AzureSignalRConnectionString in the environment.",
    );
  }
  return new WebSocketClient(given, hubName || process.env.HubName, log ?? console, options);
}

/** So that `require("…").default(context)` and `import client from` work as with the old library. @public */
export { client as default };
