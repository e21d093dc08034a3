/**
 * The little of Bun's API that the listener uses (Bun ≥ 1.4). Declared here because Bun's own type package replaces the global types
 * of everything that is compiled with it.
 */
interface BunRuntime {
  serve<Data>(options: BunServeOptions<Data>): BunServer<Data>;
}

interface BunServeOptions<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly development: boolean;
  readonly reusePort: boolean;
  /** Seconds without traffic after which an HTTP connection is ended. At most 255. */
  readonly idleTimeout: number;
  fetch(request: Request, server: BunServer<Data>): Response | undefined | Promise<Response | undefined>;
  error(error: unknown): Response;
  readonly websocket: BunWebSocketHandler<Data>;
}

export interface BunServer<Data> {
  readonly port: number;
  readonly hostname: string;
  /** Stops accepting; with true ends everything at once. Resolves when the last connection is gone. */
  stop(closeActiveConnections?: boolean): Promise<void>;
  /** Calls `open` before it returns. False when the client is gone or its handshake is malformed. */
  upgrade(request: Request, options: { readonly data: Data; readonly headers?: HeadersInit }): boolean;
  requestIP(request: Request): { readonly address: string } | null;
}

interface BunWebSocketHandler<Data> {
  readonly maxPayloadLength: number;
  /** 0: unlimited. */
  readonly backpressureLimit: number;
  /** 0: never. */
  readonly idleTimeout: number;
  readonly sendPings: boolean;
  readonly perMessageDeflate: boolean;
  open(socket: BunWebSocket<Data>): void;
  message(socket: BunWebSocket<Data>, message: string | Buffer): void;
  drain(socket: BunWebSocket<Data>): void;
  ping(socket: BunWebSocket<Data>): void;
  pong(socket: BunWebSocket<Data>): void;
  close(socket: BunWebSocket<Data>, code: number, reason: string): void;
}

export interface BunWebSocket<Data> {
  readonly data: Data;
  readonly isPaused: boolean;
  sendText(text: string): number;
  sendBinary(bytes: Uint8Array): number;
  ping(): number;
  /** What is sent in the callback leaves together. */
  cork(send: () => void): void;
  /** Sends what is pending and a close frame, ends the TCP connection, calls `close` before it returns. */
  close(code: number, reason?: string): void;
  terminate(): void;
  getBufferedAmount(): number;
  pause(): void;
  resume(): void;
}

type HeadersInit = Readonly<Record<string, string>>;

/** Bun itself; only to be called where it runs. */
export const bun = (globalThis as unknown as { readonly Bun: BunRuntime }).Bun;
