import { type HubConnection, HubConnectionBuilder, type IHubProtocol, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { loadSettings, type Service, startService } from "@signalbox/service";
import pino from "pino";
import type { ClientAccess } from "./hub/negotiate.ts";

/** The real service on a free port, and real clients of it. */
export class StartedService implements AsyncDisposable {
  readonly service: Service;
  readonly #clients: HubConnection[] = [];

  private constructor(service: Service) {
    this.service = service;
  }

  static async start(flags: Readonly<Record<string, string | boolean>> = {}): Promise<StartedService> {
    const { settings } = loadSettings({ flags: { port: "0", ip: "127.0.0.1", inMemory: true, ...flags } });
    return new StartedService(await startService(settings, { log: pino({ level: "silent" }) }));
  }

  get connectionString(): string {
    return this.service.connectionString;
  }

  /** Connects a client that writes down the calls of these targets. */
  async connect({ url, accessToken }: ClientAccess, options: ClientOptions = {}): Promise<ConnectedClient> {
    const connection = new HubConnectionBuilder()
      .withUrl(url, { accessTokenFactory: () => accessToken })
      .withHubProtocol(protocols[options.protocol ?? "json"]())
      .configureLogging(LogLevel.None)
      .build();
    const calls: unknown[][] = [];
    for (const target of options.targets ?? ["news"]) {
      connection.on(target, (...args: unknown[]) => void calls.push([target, ...args]));
    }
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await connection.start();
    this.#clients.push(connection);
    return { id: connection.connectionId!, connection, calls, closed };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await this.service.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

export interface ClientOptions {
  readonly protocol?: keyof typeof protocols;
  readonly targets?: readonly string[];
}

export interface ConnectedClient {
  readonly id: string;
  readonly connection: HubConnection;
  /** Target and arguments of each call. */
  readonly calls: unknown[][];
  /** With the error that the connection closed with. */
  readonly closed: Promise<Error | undefined>;
}

const protocols = {
  json: (): IHubProtocol => new JsonHubProtocol(),
  messagepack: (): IHubProtocol => new MessagePackHubProtocol(),
};
