import {
  type HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  JsonHubProtocol,
  LogLevel,
  HttpTransportType as Transports,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

export const transports = {
  WebSockets: Transports.WebSockets,
  ServerSentEvents: Transports.ServerSentEvents,
  LongPolling: Transports.LongPolling,
} as const;

export type TransportName = keyof typeof transports;
export type ProtocolName = "json" | "messagepack";

/** Every way in which a client can speak. */
export const combinations: readonly { readonly transport: TransportName; readonly protocol: ProtocolName }[] = [
  { transport: "WebSockets", protocol: "json" },
  { transport: "WebSockets", protocol: "messagepack" },
  { transport: "ServerSentEvents", protocol: "json" },
  { transport: "LongPolling", protocol: "json" },
  { transport: "LongPolling", protocol: "messagepack" },
];

export interface ClientOptions extends IHttpConnectionOptions {
  readonly url: string;
  readonly transportName?: TransportName;
  readonly protocol?: ProtocolName;
  readonly reconnect?: readonly number[];
  readonly stateful?: boolean;
  /** Handlers are there before the connection is. */
  readonly on?: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** A real client, not connected yet. */
export function client({ url, transportName, protocol, reconnect, stateful, on, ...options }: ClientOptions): HubConnection {
  const transport: HttpTransportType | undefined = transportName === undefined ? undefined : transports[transportName];
  const builder = new HubConnectionBuilder()
    .withUrl(url, { ...options, ...(transport === undefined ? {} : { transport }) })
    .withHubProtocol(protocol === "messagepack" ? new MessagePackHubProtocol() : new JsonHubProtocol())
    .configureLogging(LogLevel.None);
  if (reconnect !== undefined) builder.withAutomaticReconnect([...reconnect]);
  if (stateful) builder.withStatefulReconnect();
  const connection = builder.build();
  for (const [name, handler] of Object.entries(on ?? {})) connection.on(name, handler as (...args: unknown[]) => unknown);
  return connection;
}

/** A real client, connected. */
export async function connect(options: ClientOptions): Promise<HubConnection> {
  const connection = client(options);
  await connection.start();
  return connection;
}

/** What a stream brought, and how it ended. */
export function collect<T>(stream: ReturnType<HubConnection["stream"]>): Promise<T[]> {
  const items: T[] = [];
  return new Promise((resolve, reject) => {
    stream.subscribe({ next: (item) => items.push(item as T), complete: () => resolve(items), error: reject });
  });
}
