import { rawPayload } from "@signalbox/protocol";
import { ClientEndpoint } from "../src/connection/client-endpoint.ts";
import type { CloseReason } from "../src/connection/close-reason.ts";
import type { Connection, ConnectionLimits, Payload } from "../src/connection/connection.ts";
import type { RawAdmission, RawHandler, RawMessage, RawVerdict } from "../src/connection/raw-handler.ts";
import { listen } from "../src/listener/listen.ts";
import type { Listener } from "../src/listener/listener.ts";
import { defaultLimits } from "./started-endpoint.ts";

/** Notes what a handler hears. */
class NotingRawHandler implements RawHandler {
  readonly open = new Map<string, Connection>();
  readonly messages: RawMessage[] = [];
  readonly ends: { readonly reason: CloseReason; readonly error: string | undefined }[] = [];
  /** Replaceable by a test. */
  whenConnecting: (subprotocols: readonly string[]) => RawVerdict | Promise<RawVerdict> = () => ({});
  whenMessage: (connection: Connection, message: RawMessage) => void = () => {};

  async connecting(_: Connection, subprotocols: readonly string[]): Promise<RawVerdict> {
    return this.whenConnecting(subprotocols);
  }

  opened(connection: Connection): void {
    this.open.set(connection.id, connection);
  }

  message(connection: Connection, message: RawMessage): void {
    this.messages.push(message);
    this.whenMessage(connection, message);
  }

  closed(connection: Connection, reason: CloseReason, error: string | undefined): void {
    this.open.delete(connection.id);
    this.ends.push({ reason, error });
  }

  /** The only connection there is. */
  get one(): Connection {
    const [connection] = this.open.values();
    if (connection === undefined) throw new Error("There is no connection.");
    return connection;
  }

  get texts(): string[] {
    return this.messages.map(({ content }) => Buffer.from(content).toString());
  }
}

/** A door that lets everybody in, in front of an endpoint on a real listener. */
export class StartedRaw {
  readonly handler = new NotingRawHandler();
  readonly errors: unknown[] = [];
  readonly endpoint: ClientEndpoint;
  limits: ConnectionLimits;
  admission: Partial<RawAdmission> = {};
  #listener: Listener | undefined;

  private constructor(limits: Partial<ConnectionLimits>) {
    this.limits = { ...defaultLimits, ...limits };
    this.endpoint = new ClientEndpoint({
      limits: () => this.limits,
      onError: (error) => this.errors.push(error),
      sweepInterval: 20,
    });
  }

  static async start(limits: Partial<ConnectionLimits> = {}): Promise<StartedRaw> {
    const started = new StartedRaw(limits);
    started.#listener = await listen({
      port: 0,
      host: "127.0.0.1",
      maxHeaderBytes: 16 * 1024,
      maxMessageBytes: 16 * 1024 * 1024,
      handler: {
        fetch: () => new Response(null, { status: 404 }),
        upgrade: (request) =>
          started.endpoint.upgradeRaw(
            { handler: started.handler, context: "context", ...started.admission },
            request.subprotocols,
          ),
        onError: (error) => started.errors.push(error),
      },
    });
    return started;
  }

  get port(): number {
    return this.#listener!.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws/client`;
  }

  async stop(): Promise<void> {
    await this.endpoint.stop();
    await this.#listener?.close();
  }
}

export const textOf = (text: string): Payload => rawPayload("text", Buffer.from(text));
export const binaryOf = (...bytes: number[]): Payload => rawPayload("binary", Uint8Array.from(bytes));
