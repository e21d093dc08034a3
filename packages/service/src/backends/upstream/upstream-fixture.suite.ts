import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type HubMessage, type HubProtocol, jsonProtocol, MessageType } from "@signalbox/protocol";
import type { CloseReason, Payload, SignalRConnection } from "@signalbox/transport";
import pino from "pino";
import { onTestFinished } from "vitest";
import type { Client, HubConnection } from "../../hub/hub-connection.ts";
import type { UpstreamCall } from "./observer.ts";
import type { UpstreamOptions } from "./options.ts";
import type { UpstreamEventName } from "./template.ts";
import { UpstreamBackend } from "./upstream-backend.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  /** As on the wire: name, value, name, value; one character a byte. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** A header's value, read as UTF-8. */
  header(name: string): string | undefined;
}

export type UpstreamHandler = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server that plays the upstream. Ends with the test. */
export class Upstream {
  handler: UpstreamHandler;
  readonly requests: ReceivedRequest[] = [];
  socketsOpened = 0;
  socketsOpen = 0;
  socketsPeak = 0;
  readonly #server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => void this.#receive(request, response));

  constructor(handler: UpstreamHandler) {
    this.handler = handler;
    this.#server.on("connection", (socket) => {
      this.socketsOpened += 1;
      this.socketsOpen += 1;
      this.socketsPeak = Math.max(this.socketsPeak, this.socketsOpen);
      socket.on("close", () => {
        this.socketsOpen -= 1;
      });
    });
  }

  static async start(handler: UpstreamHandler, port = 0): Promise<Upstream> {
    const upstream = new Upstream(handler);
    await new Promise<void>((resolve) => upstream.#server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => upstream.stop());
    return upstream;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** `category/event` of the requests so far. */
  get told(): string[] {
    return this.requests.map((request) => `${request.header("x-asrs-category")}/${request.header("x-asrs-event")}`);
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received: ReceivedRequest = {
      method: request.method!,
      url: request.url!,
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(chunks),
      header(name) {
        const value = request.headers[name];
        return typeof value === "string" ? Buffer.from(value, "latin1").toString("utf8") : undefined;
      },
    };
    this.requests.push(received);
    await this.handler(received, response);
  }
}

/**
 * A client in its hub. Not a real socket: what the backend asks of a connection (`send`, `close`, `pause`, `resume`) is looked at
 * call by call here; real clients meet webhooks in the end-to-end tests.
 */
export class TestClient implements SignalRConnection, HubConnection {
  readonly id: string;
  readonly client: Client;
  readonly connection = this;
  readonly context: unknown = undefined;
  readonly transport = "WebSockets";
  readonly connectedAt = 0;
  readonly protocol: HubProtocol;
  readonly records: Uint8Array[] = [];
  closedFor: { readonly reason: CloseReason; readonly text: string | undefined } | undefined;
  pauses = 0;
  resumes = 0;

  constructor(id: string, protocol: HubProtocol, client: Partial<Client>) {
    this.id = id;
    this.protocol = protocol;
    this.client = { hub: "obs", hubName: "obs", userId: undefined, claims: [], query: "?hub=obs", ...client };
  }

  get messages(): (HubMessage | undefined)[] {
    return this.records.map((record) => this.protocol.decode(record));
  }

  /** The only message so far, when it is a completion. */
  get completion(): { readonly error?: string; readonly result?: unknown; readonly invocationId?: string } {
    const [message, ...others] = this.messages;
    if (message?.type !== MessageType.Completion || others.length > 0) throw new Error("not one completion");
    return message;
  }

  send(payload: Payload): boolean {
    const record = payload.bytes(this.protocol.name);
    if (record !== undefined) this.records.push(record);
    return record !== undefined;
  }

  close(reason: CloseReason, text?: string): void {
    this.closedFor = { reason, text };
  }

  pause(): void {
    this.pauses += 1;
  }

  resume(): void {
    this.resumes += 1;
  }

  writable(): undefined {}
}

/** The settings' defaults. */
const defaults: UpstreamOptions = {
  templates: [],
  timeoutMs: 100_000,
  responseLimitBytes: 16 * 1024 * 1024,
  concurrencyPerEndpoint: 100,
  waitingPerEndpoint: 100_000,
  maxRedirects: 50,
  closeOnRefusedConnect: false,
  retry: { attempts: 4, baseDelayMs: 500, maxDelayMs: 30_000, messages: false },
};

/** A backend with its settings at hand, and clients for it. */
export class Bench {
  options: UpstreamOptions;
  keys: readonly string[] = ["primary-key"];
  readonly calls: UpstreamCall[] = [];
  readonly untaken: UpstreamEventName[] = [];
  readonly logged: string[] = [];
  readonly backend: UpstreamBackend;
  #clients = 0;

  constructor(urlTemplate: string | undefined, options: Partial<UpstreamOptions> = {}) {
    const templates = urlTemplate === undefined ? [] : [{ urlTemplate }];
    this.options = { ...defaults, templates, ...options };
    this.backend = new UpstreamBackend({
      options: () => this.options,
      keys: () => this.keys,
      log: pino({ level: "debug" }, { write: (line: string) => this.logged.push(line) }),
      observer: { onCall: (call) => this.calls.push(call), onUntaken: (event) => this.untaken.push(event) },
    });
  }

  client(protocol: HubProtocol = jsonProtocol, client: Partial<Client> = {}): TestClient {
    this.#clients += 1;
    return new TestClient(`connection-${this.#clients}`, protocol, client);
  }

  /** What a client sends, as the transport hands it over. */
  send(client: TestClient, message: HubMessage): void {
    this.backend.message(client, { record: client.protocol.encode(message), type: message.type, message });
  }

  invoke(client: TestClient, target: string, ...args: readonly unknown[]): void {
    this.send(client, { type: MessageType.Invocation, invocationId: "7", target, arguments: args });
  }

  /** Invokes and waits until all is told. */
  async answer(target: string, protocol?: HubProtocol): Promise<TestClient> {
    const client = this.client(protocol);
    this.invoke(client, target);
    await this.backend.drained();
    return client;
  }
}

/** A framed JSON record. */
export function record(message: object): string {
  return `${JSON.stringify(message)}\u001e`;
}
