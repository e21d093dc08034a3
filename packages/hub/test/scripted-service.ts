import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ClaimEntry,
  DataMessageType,
  encodeServiceMessage,
  jsonProtocol,
  type OpenConnectionMessage,
  type ServiceMessage,
  ServiceMessageReader,
  ServiceMessageType,
} from "@signalbox/protocol";
import { expect } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

export const accessKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

/** One server connection as the service sees it. */
export class ServerConnection {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  readonly messages: ServiceMessage[] = [];

  constructor(request: IncomingMessage, socket: WebSocket, answer: string, isReady: Promise<void>) {
    this.request = request;
    this.socket = socket;
    const reader = new ServiceMessageReader(1024 * 1024);
    socket.on("message", (data: Buffer) =>
      reader.read(data, async (message) => {
        this.messages.push(message);
        if (message.type !== ServiceMessageType.HandshakeRequest) return;
        await isReady;
        this.send({ type: ServiceMessageType.HandshakeResponse, error: answer, connectionId: "sc" });
        if (answer !== "") socket.close();
      }),
    );
  }

  get query(): URLSearchParams {
    return new URL(this.request.url!, "http://localhost").searchParams;
  }

  send(...messages: readonly ServiceMessage[]): void {
    for (const message of messages) this.socket.send(encodeServiceMessage(message));
  }

  ping(...values: readonly string[]): void {
    this.send({ type: ServiceMessageType.Ping, values });
  }

  of<T extends ServiceMessage["type"]>(type: T): Extract<ServiceMessage, { type: T }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<ServiceMessage, { type: T }>[];
  }

  /** A client arrives and shakes hands. */
  open(connectionId: string, options: Partial<Omit<OpenConnectionMessage, "type">> = {}): void {
    const protocol = options.extensions?.protocol ?? "json";
    this.send({
      type: ServiceMessageType.OpenConnection,
      connectionId,
      claims: options.claims ?? [],
      headers: options.headers ?? new Map(),
      queryString: options.queryString ?? "?hub=chat",
      extensions: { protocol },
    });
    this.data(connectionId, `{"protocol":"${protocol}","version":1}\u001e`, DataMessageType.Handshake);
  }

  data(connectionId: string, text: string, dataMessageType: number = DataMessageType.Invocation): void {
    const payload = Buffer.from(text);
    this.send({ type: ServiceMessageType.ConnectionData, connectionId, payload, extensions: { dataMessageType } });
  }

  /** A client calls a method. */
  call(connectionId: string, target: string, args: readonly unknown[] = [], invocationId?: string): void {
    this.data(
      connectionId,
      text({ type: 1, target, arguments: args, ...(invocationId === undefined ? {} : { invocationId }) }),
    );
  }

  /** What the client is told by name, in order: texts of ConnectionData. */
  said(connectionId: string): string[] {
    return this.of(ServiceMessageType.ConnectionData)
      .filter((message) => message.connectionId === connectionId)
      .map(({ payload }) => Buffer.from(payload).toString());
  }
}

/** A hub record as text. */
export function text(message: object): string {
  return Buffer.from(jsonProtocol.encode(message as never)).toString();
}

/**
 * A service that does what a test says. The real one is used wherever it can be (`e2e/`); it neither asks for connections on demand, nor
 * dies by instances, nor breaks its own rules.
 */
export class ScriptedService {
  /** Since the start, the ended ones included. */
  readonly connections: ServerConnection[] = [];
  /** Error text of the next handshake answers; empty: accepted. */
  answer = "";
  /** The next handshakes are answered when this has resolved. */
  ready = Promise.resolve();
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  /** Answers HTTP requests: status and body. */
  onRequest: (request: IncomingMessage) => readonly [number, string] = () => [404, ""];

  private constructor() {
    this.#http = createServer((request, response) => {
      const [status, body] = this.onRequest(request);
      response.writeHead(status).end(body);
    });
    this.#http.on("upgrade", (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (ws) =>
        this.connections.push(new ServerConnection(request, ws, this.answer, this.ready)),
      ),
    );
  }

  static async start(): Promise<ScriptedService> {
    const service = new ScriptedService();
    service.#http.listen(0, "127.0.0.1");
    await once(service.#http, "listening");
    return service;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get connectionString(): string {
    return `Endpoint=http://127.0.0.1;Port=${this.port};AccessKey=${accessKey};Version=1.0;`;
  }

  /** The nth server connection, once it has shaken hands. */
  async connection(at = 0): Promise<ServerConnection> {
    await expect.poll(() => this.connections[at]?.messages.length).toBeGreaterThan(0);
    return this.connections[at]!;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }
}

export function claims(entries: Readonly<Record<string, string>>): ClaimEntry[] {
  return Object.entries(entries).map(([type, value]) => ({ type, value }));
}
