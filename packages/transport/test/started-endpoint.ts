import { type HubMessage, type HubProtocolName, MessageType, messagePayload } from "@signalbox/protocol";
import type { Admission } from "../src/connection/admission.ts";
import { ClientEndpoint } from "../src/connection/client-endpoint.ts";
import type { CloseReason } from "../src/connection/close-reason.ts";
import type {
  ClientMessage,
  Connection,
  ConnectionHandler,
  ConnectionLimits,
  OpeningConnection,
  Payload,
  SignalRConnection,
} from "../src/connection/connection.ts";
import { listen } from "../src/listener/listen.ts";
import type { Listener } from "../src/listener/listener.ts";

export const defaultLimits: ConnectionLimits = {
  negotiateTimeout: 60_000,
  handshakeTimeout: 15_000,
  keepAliveInterval: 15_000,
  clientTimeout: 30_000,
  maxLifetime: 0,
  maxMessageBytes: 1024 * 1024,
  maxPendingBytes: 1024 * 1024,
  sendTimeout: 10_000,
  reconnectBufferBytes: 100_000,
  reconnectWindow: 30_000,
  pollTimeout: 90_000,
  pollInterval: 5_000,
};

/** Notes what a handler hears, and behaves as a small hub: `echo` answers, `publish` sends to everybody. */
class NotingHandler implements ConnectionHandler {
  readonly connections = new Map<string, SignalRConnection>();
  readonly messages: { readonly connection: Connection; readonly message: HubMessage; readonly record: Uint8Array }[] = [];
  readonly ends: { readonly id: string; readonly reason: CloseReason; readonly error: string | undefined }[] = [];
  /** Replaceable by a test. */
  whenOpening: (connection: OpeningConnection, request: Uint8Array) => "answer" | "relay" = () => "answer";
  whenMessage: (connection: Connection, message: HubMessage) => void = () => {};

  opening(connection: OpeningConnection, request: Uint8Array): "answer" | "relay" {
    return this.whenOpening(connection, request);
  }

  opened(connection: SignalRConnection): void {
    this.connections.set(connection.id, connection);
  }

  message(connection: Connection, { message, record }: ClientMessage): void {
    this.messages.push({ connection, message, record });
    this.whenMessage(connection, message);
    if (message.type === MessageType.Invocation && message.target === "echo" && message.invocationId !== undefined) {
      const { invocationId, arguments: args } = message;
      connection.send(messagePayload({ type: MessageType.Completion, invocationId, result: args[0] }));
    }
    if (message.type === MessageType.Invocation && message.target === "publish") {
      this.broadcast(invocation("news", ...message.arguments));
    }
  }

  closed(connection: Connection, reason: CloseReason, error: string | undefined): void {
    this.connections.delete(connection.id);
    this.ends.push({ id: connection.id, reason, error });
  }

  /** The only connection there is. */
  get one(): SignalRConnection {
    const [connection] = this.connections.values();
    if (connection === undefined) throw new Error("There is no connection.");
    return connection;
  }

  /** First arguments of the calls of a method, in the order they came. */
  calls(target: string): unknown[] {
    return this.messages.flatMap(({ message }) =>
      message.type === MessageType.Invocation && message.target === target ? [message.arguments[0]] : [],
    );
  }

  broadcast(payload: Payload): void {
    for (const connection of this.connections.values()) connection.send(payload);
  }
}

/** A door without tokens in front of an endpoint on a real listener. */
export class StartedEndpoint {
  readonly handler = new NotingHandler();
  readonly errors: unknown[] = [];
  readonly endpoint: ClientEndpoint;
  limits: ConnectionLimits;
  /** What the door decides about the next requests. */
  admission: Partial<Admission> = {};
  /** Methods of the requests that have reached the endpoint. */
  readonly requests: string[] = [];
  /** How many of them their clients gave up. */
  aborted = 0;
  #listener: Listener | undefined;

  private constructor(limits: Partial<ConnectionLimits>) {
    this.limits = { ...defaultLimits, ...limits };
    this.endpoint = new ClientEndpoint({
      limits: () => this.limits,
      onError: (error) => this.errors.push(error),
      sweepInterval: 20,
    });
  }

  static async start(limits: Partial<ConnectionLimits> = {}): Promise<StartedEndpoint> {
    const started = new StartedEndpoint(limits);
    const { endpoint } = started;
    const admit = (): Admission => ({ scope: "chat", handler: started.handler, context: "context", ...started.admission });
    started.#listener = await listen({
      port: 0,
      host: "127.0.0.1",
      maxHeaderBytes: 16 * 1024,
      maxMessageBytes: 16 * 1024 * 1024,
      handler: {
        fetch: (request) => {
          if (new URL(request.url).pathname.endsWith("/negotiate")) return endpoint.negotiate(admit(), request);
          const response = endpoint.handle(admit(), request);
          started.requests.push(request.method);
          request.signal.addEventListener("abort", () => started.aborted++);
          return response;
        },
        upgrade: (request) => endpoint.upgrade(admit(), request),
        onError: (error) => started.errors.push(error),
      },
    });
    return started;
  }

  get port(): number {
    return this.#listener!.port;
  }

  /** The connect URL, with a query that clients have to keep. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/client/?hub=chat`;
  }

  get webSocketUrl(): string {
    return this.url.replace("http", "ws");
  }

  async negotiate(query = "negotiateVersion=1"): Promise<{ connectionId: string; connectionToken: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port}/client/negotiate?hub=chat&${query}`, { method: "POST" });
    return (await response.json()) as { connectionId: string; connectionToken: string };
  }

  async stop(): Promise<void> {
    await this.endpoint.stop();
    await this.#listener?.close();
  }
}

export function invocation(target: string, ...args: unknown[]): Payload {
  return messagePayload({ type: MessageType.Invocation, target, arguments: args });
}

export const handshakeOf = (protocol: HubProtocolName, version = 1): string => `${JSON.stringify({ protocol, version })}\u001e`;
