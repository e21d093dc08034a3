import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  HubConnectionState,
  type IHttpConnectionOptions,
  type ILogger,
  type LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { expect } from "vitest";
import type { HubServer } from "./hub-server.ts";
import type { Combination } from "./test-client.ts";

export interface HubClientOptions extends Omit<IHttpConnectionOptions, "transport"> {
  /** Of `test-hub.md`. Default: `/testhub`. */
  readonly path?: string;
  /** Where to negotiate instead; no query is added. */
  readonly url?: string;
  /** Of the first request. */
  readonly query?: string;
  readonly reconnect?: "automatic" | "stateful";
  /** Default: what the combination says. `"any"` leaves the choice to the client. */
  readonly transport?: "any";
  /** Registers further handlers and settings before the start. */
  readonly prepare?: (connection: HubConnection) => void;
}

/** A client of a hub of `test-hub.md`, not started yet, that records calls of `message`. */
export class HubClient implements AsyncDisposable {
  readonly connection: HubConnection;
  /** First argument of each call of `message`, in the order of arrival. */
  readonly messages: unknown[] = [];
  /** Ids of the connections it reconnected as. */
  readonly reconnections: string[] = [];
  /** Transports that negotiate chose, in time order. */
  readonly transports: string[] = [];
  /** Undefined until the connection is closed for good, then the error's text, empty for none. */
  closed: string | undefined;

  constructor(server: Pick<HubServer, "clientUrl">, combination: Combination, options: HubClientOptions = {}) {
    const { path = "/testhub", query, reconnect, transport, prepare, url: elsewhere, ...http } = options;
    const url = elsewhere ?? `${server.clientUrl}${path}${query === undefined ? "" : `?${query}`}`;
    const builder = new HubConnectionBuilder().configureLogging(this.#logger());
    builder.withUrl(url, transport === "any" ? http : { ...http, transport: HttpTransportType[combination.transport] });
    if (combination.protocol === "messagepack") builder.withHubProtocol(new MessagePackHubProtocol());
    if (reconnect === "automatic") builder.withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 50 });
    if (reconnect === "stateful") builder.withStatefulReconnect();
    this.connection = builder.build();
    this.connection.on("message", (value: unknown) => {
      this.messages.push(value);
    });
    this.connection.onreconnected((id) => {
      this.reconnections.push(id!);
    });
    this.connection.onclose((error) => {
      this.closed = error?.message ?? "";
    });
    prepare?.(this.connection);
  }

  static async start(
    server: Pick<HubServer, "clientUrl">,
    combination: Combination,
    options?: HubClientOptions,
  ): Promise<HubClient> {
    const client = new HubClient(server, combination, options);
    await client.connection.start();
    return client;
  }

  get id(): string {
    return this.connection.connectionId!;
  }

  invoke<T = unknown>(method: string, ...args: readonly unknown[]): Promise<T> {
    return this.connection.invoke<T>(method, ...args);
  }

  /** The items and the end of a stream: undefined when it completed, otherwise the error's text. */
  stream(method: string, ...args: readonly unknown[]): Promise<{ items: unknown[]; error: string | undefined }> {
    const items: unknown[] = [];
    return new Promise((resolve) => {
      this.connection.stream(method, ...args).subscribe({
        next: (item) => items.push(item),
        complete: () => resolve({ items, error: undefined }),
        error: (error: Error) => resolve({ items, error: error.message }),
      });
    });
  }

  /** Waits until exactly these messages have come, in this order. */
  async received(...expected: readonly unknown[]): Promise<void> {
    await expect.poll(() => this.messages).toEqual(expected);
  }

  /** Waits for the end of the connection. @returns the error's text, empty for none */
  async end(): Promise<string> {
    await expect.poll(() => this.closed, { message: "the client is closed" }).toBeDefined();
    return this.closed!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.connection.state !== HubConnectionState.Disconnected) await this.connection.stop();
  }

  #logger(): ILogger {
    return {
      log: (_level: LogLevel, text: string) => {
        const transport = /^Selecting transport '(\w+)'/.exec(text)?.[1];
        if (transport !== undefined) this.transports.push(transport);
      },
    };
  }
}
