import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  type IHttpConnectionOptions,
  type IHubProtocol,
  JsonHubProtocol,
  LogLevel,
} from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import pino from "pino";
import { signToken } from "./auth/sign-token.ts";
import { loadSettings } from "./config/load.ts";
import { developmentKey } from "./config/settings.ts";
import { type Service, startService } from "./service.ts";

/** The whole service on a free port, and real clients of it. */
export class StartedService {
  readonly service: Service;
  readonly #clients = new Set<HubConnection>();

  private constructor(service: Service) {
    this.service = service;
  }

  /** @param flags settings by the names of their flags, without the dashes */
  static async start(flags: Readonly<Record<string, string | boolean>> = {}): Promise<StartedService> {
    const { settings } = loadSettings({ flags: { port: "0", ip: "127.0.0.1", inMemory: true, ...flags } });
    return new StartedService(await startService(settings, { log: pino({ level: "silent" }) }));
  }

  /** A client that is not started yet. */
  client({ hub = "chat", claims = {}, query = "", protocol = "json", ...options }: ClientOptions = {}): HubConnection {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const token = signToken({ aud: `http://localhost/client/?hub=${hub}`, exp, ...claims }, developmentKey);
    const connection = new HubConnectionBuilder()
      .withUrl(`${this.service.url}/client/?hub=${hub}${query}`, { accessTokenFactory: () => token, ...options })
      .withHubProtocol(protocols[protocol]())
      .configureLogging(LogLevel.None)
      .build();
    this.#clients.add(connection);
    return connection;
  }

  async connect(options: ClientOptions = {}): Promise<ConnectedClient> {
    const connection = this.client(options);
    const calls: unknown[][] = [];
    for (const target of options.targets ?? ["news"]) {
      connection.on(target, (...args: unknown[]) => void calls.push(args));
    }
    const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
    await connection.start();
    return { id: connection.connectionId!, connection, calls, closed };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.stop()));
    await this.service.stop();
  }
}

export interface ClientOptions extends IHttpConnectionOptions {
  readonly hub?: string;
  readonly claims?: object;
  /** What follows the hub in the URL, with `&`. */
  readonly query?: string;
  readonly protocol?: keyof typeof protocols;
  readonly targets?: readonly string[];
}

export interface ConnectedClient {
  readonly id: string;
  readonly connection: HubConnection;
  /** Arguments of each call. */
  readonly calls: unknown[][];
  /** With the error that the connection closed with. */
  readonly closed: Promise<Error | undefined>;
}

const protocols = {
  json: (): IHubProtocol => new JsonHubProtocol(),
  messagepack: (): IHubProtocol => new MessagePackHubProtocol(),
};

/** Each transport with each protocol it can carry. */
export const transportsAndProtocols = [
  ["WebSockets", "json", HttpTransportType.WebSockets],
  ["WebSockets", "messagepack", HttpTransportType.WebSockets],
  ["ServerSentEvents", "json", HttpTransportType.ServerSentEvents],
  ["LongPolling", "json", HttpTransportType.LongPolling],
  ["LongPolling", "messagepack", HttpTransportType.LongPolling],
] as const;
