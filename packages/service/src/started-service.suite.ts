import { once } from "node:events";
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
import { signToken } from "@signalbox/protocol";
import pino from "pino";
import WebSocket from "ws";
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

  /** @param flags settings by their paths, such as `servers.timeout` */
  static async start(flags: Readonly<Record<string, string | boolean>> = {}): Promise<StartedService> {
    // A crowd may take its time between negotiate and connect.
    const usual = { port: "0", ip: "127.0.0.1", inMemory: true, "clients.negotiateTimeout": "60s" };
    const { settings } = loadSettings({ flags: { ...usual, ...flags } });
    return new StartedService(await startService(settings, { log: pino({ level: "silent" }) }));
  }

  /** A client that is not started yet. */
  client({ hub = "chat", claims, query = "", protocol = "json", reconnect, ...options }: ClientOptions = {}): HubConnection {
    const builder = new HubConnectionBuilder()
      .withUrl(`${this.service.url}/client/?hub=${hub}${query}`, {
        accessTokenFactory: () => clientToken(hub, claims),
        ...options,
      })
      .withHubProtocol(protocols[protocol]())
      .configureLogging(LogLevel.None);
    if (reconnect) builder.withAutomaticReconnect(Array.from({ length: 100 }, () => 50));
    const connection = builder.build();
    this.#clients.add(connection);
    return connection;
  }

  /** A client's negotiate, answered. */
  async negotiate(query = ""): Promise<Negotiation> {
    const response = await fetch(`${this.service.url}/client/negotiate?hub=chat&negotiateVersion=1${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${clientToken("chat")}` },
    });
    return (await response.json()) as Negotiation;
  }

  /** A bare WebSocket of such a client, in JSON, its handshake answered. */
  async connectTo({ connectionId, connectionToken }: Negotiation, claims: object = {}): Promise<BareClient> {
    const token = clientToken("chat", claims);
    const socket = new WebSocket(
      `${this.service.url.replace("http", "ws")}/client/?hub=chat&id=${connectionToken}&access_token=${token}`,
    );
    const ended = new Promise<number>((resolve) => socket.once("close", resolve));
    await once(socket, "open");
    socket.send('{"protocol":"json","version":1}\u001e');
    await once(socket, "message");
    return { id: connectionId, socket, ended };
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

  async stopClients(): Promise<void> {
    const clients = [...this.#clients];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.stop()));
  }

  async stop(): Promise<void> {
    await this.stopClients();
    await this.service.stop();
  }
}

/** A token for the clients of a hub, good for an hour. */
function clientToken(hub: string, claims: object = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return signToken({ aud: `http://localhost/client/?hub=${hub}`, exp, ...claims }, { key: developmentKey });
}

export interface Negotiation {
  readonly connectionId: string;
  readonly connectionToken: string;
  readonly useStatefulReconnect?: boolean;
}

export interface BareClient {
  readonly id: string;
  readonly socket: WebSocket;
  readonly ended: Promise<number>;
}

export interface ClientOptions extends IHttpConnectionOptions {
  readonly hub?: string;
  readonly claims?: object;
  /** What follows the hub in the URL, with `&`. */
  readonly query?: string;
  readonly protocol?: keyof typeof protocols;
  /** Comes back by itself. */
  readonly reconnect?: boolean;
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
  // As Blazor's own script makes it.
  blazorpack: (): IHubProtocol => Object.assign(new MessagePackHubProtocol(), { name: "blazorpack" }),
};

/** Each transport with each protocol it can carry to an app server. */
export const transportsAndProtocols = [
  ["WebSockets", "json", HttpTransportType.WebSockets],
  ["WebSockets", "messagepack", HttpTransportType.WebSockets],
  ["WebSockets", "blazorpack", HttpTransportType.WebSockets],
  ["ServerSentEvents", "json", HttpTransportType.ServerSentEvents],
  ["LongPolling", "json", HttpTransportType.LongPolling],
  ["LongPolling", "messagepack", HttpTransportType.LongPolling],
  ["LongPolling", "blazorpack", HttpTransportType.LongPolling],
] as const;
