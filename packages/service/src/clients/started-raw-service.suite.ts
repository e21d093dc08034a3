import { once } from "node:events";
import { signToken } from "@signalbox/protocol";
import pino from "pino";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { loadSettings } from "../config/load.ts";
import { developmentKey } from "../config/settings.ts";
import { type Service, startService } from "../service.ts";

/** A whole service in this process, with raw clients and REST callers for it. Ends with the test. */
export class StartedRawService {
  readonly service: Service;
  readonly logged: string[];

  private constructor(service: Service, logged: string[]) {
    this.service = service;
    this.logged = logged;
  }

  /** @param environment as of the command line: `SIGNALBOX_UPSTREAM_TIMEOUT` and so on */
  static async start(
    upstream: string | undefined,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<StartedRawService> {
    const { settings } = loadSettings({
      folder: "/nonexistent",
      environment: {
        SIGNALBOX_PORT: "0",
        SIGNALBOX_IP: "127.0.0.1",
        SIGNALBOX_IN_MEMORY: "true",
        ...(upstream === undefined ? {} : { SIGNALBOX_UPSTREAM_TEMPLATES: upstream }),
        ...environment,
      },
    });
    const logged: string[] = [];
    const log = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
    const service = await startService(settings, { log });
    onTestFinished(() => service.stop());
    return new StartedRawService(service, logged);
  }

  get port(): number {
    return this.service.port;
  }

  /** @throws {Error} whose `status` and `body` are those of a refusal */
  connect(path: string, subprotocols: readonly string[] = [], options: ClientOptions = {}): Promise<RawWebSocket> {
    return RawWebSocket.open(`ws://127.0.0.1:${this.port}${path}`, subprotocols, options);
  }

  /** A token of a raw client, as `azure-websockets` signs it. */
  clientToken(path = "/ws/client/hubs/chat/", claims: Readonly<Record<string, unknown>> = { sub: "ann" }): string {
    return signToken({ aud: `http://127.0.0.1${path}`, exp: inAnHour(), ...claims }, { key: developmentKey });
  }

  rest(method: string, path: string, body?: string | Uint8Array, type = "text/plain"): Promise<Response> {
    const token = signToken({ aud: `http://127.0.0.1${path}`, exp: inAnHour() }, { key: developmentKey });
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": type }) },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  }

  async status(method: string, path: string, body?: string): Promise<number> {
    return (await this.rest(method, path, body)).status;
  }
}

/** The upgrade was refused. */
export class Refused extends Error {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;

  constructor(status: number, body: string, headers: Readonly<Record<string, string | string[] | undefined>>) {
    super(`${status} ${body}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A plain `ws` client that keeps what it receives. */
export class RawWebSocket {
  readonly messages: { readonly data: string; readonly isBinary: boolean }[] = [];
  readonly closed: Promise<{ readonly code: number; readonly text: string }>;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => void this.messages.push({ data: String(data), isBinary }));
    this.closed = new Promise((resolve) => socket.on("close", (code, text) => resolve({ code, text: String(text) })));
  }

  static async open(url: string, subprotocols: readonly string[], options: ClientOptions): Promise<RawWebSocket> {
    const socket = new WebSocket(url, [...subprotocols], options);
    const client = new RawWebSocket(socket);
    const refused = new Promise<never>((_, reject) =>
      socket.on("unexpected-response", async (_request, response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        reject(new Refused(response.statusCode!, body, response.headers));
      }),
    );
    await Promise.race([once(socket, "open"), refused]);
    socket.on("error", () => {});
    return client;
  }

  get texts(): string[] {
    return this.messages.map(({ data }) => data);
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }
}

function inAnHour(): number {
  return Math.floor(Date.now() / 1000) + 3600;
}
