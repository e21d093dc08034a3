import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import type { ClientOptions, StreamOutcome, TestClient } from "./test-client.ts";

/** A builder with transport and protocol chosen, for tests that need more of it. */
export function connectionBuilder(options: ClientOptions): HubConnectionBuilder {
  const builder = new HubConnectionBuilder()
    .withUrl(options.url, { transport: HttpTransportType[options.transport], accessTokenFactory: () => options.accessToken })
    .configureLogging(LogLevel.None);
  return options.protocol === "messagepack" ? builder.withHubProtocol(new MessagePackHubProtocol()) : builder;
}

/** Connects with `@microsoft/signalr` in this process. */
export async function connectInNode(options: ClientOptions): Promise<TestClient> {
  const builder = connectionBuilder(options);
  if (options.reconnect === "automatic") builder.withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 100 });
  if (options.reconnect === "stateful") builder.withStatefulReconnect();
  const connection = builder.build();
  const messages = recordMessages(connection);
  connection.on("double", (number: number) => number * 2);
  connection.on("fail", () => {
    throw new Error("the client failed");
  });
  const reconnections: string[] = [];
  connection.onreconnected((id) => {
    reconnections.push(id!);
  });
  let closed: string | undefined;
  connection.onclose((error) => {
    closed = error?.message ?? "";
  });
  await connection.start();
  return {
    connectionId: connection.connectionId!,
    reconnections: async () => reconnections,
    messages: async () => messages,
    invoke: (target, ...args) => connection.invoke(target, ...args),
    send: (target, ...args) => connection.send(target, ...args),
    stream: (target, ...args) => collect(connection, target, args),
    closed: async () => closed,
    stop: () => connection.stop(),
  };
}

/** The arguments of each call of `message` from now on. */
export function recordMessages(connection: HubConnection): readonly (readonly unknown[])[] {
  const messages: unknown[][] = [];
  connection.on("message", (...args: unknown[]) => {
    messages.push(args);
  });
  return messages;
}

function collect(connection: HubConnection, target: string, args: readonly unknown[]): Promise<StreamOutcome> {
  const items: unknown[] = [];
  return new Promise((resolve) => {
    connection.stream(target, ...args).subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items, error: undefined }),
      error: (error: Error) => resolve({ items, error: error.message }),
    });
  });
}
