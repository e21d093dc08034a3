import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";

/** A bare WebSocket that keeps what it receives: JSON records as text, frames as they came. */
export class WebSocketClient {
  readonly frames: { readonly data: Buffer; readonly isBinary: boolean }[] = [];
  /** The end of the socket. */
  readonly ended: Promise<{ readonly code: number }>;
  /** Text of the close frame; set when `ended` resolves. */
  closeText = "";
  readonly #socket: WebSocket;
  #arrived: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      this.frames.push({ data, isBinary });
      this.#arrived?.();
    });
    this.ended = new Promise((resolve) =>
      socket.on("close", (code, text) => {
        this.closeText = String(text);
        resolve({ code });
        this.#arrived?.();
      }),
    );
  }

  /** @throws {Error} with the status when the upgrade is refused */
  static async open(url: string, subprotocols: readonly string[] = [], options: ClientOptions = {}): Promise<WebSocketClient> {
    const socket = new WebSocket(url, [...subprotocols], options);
    const client = new WebSocketClient(socket);
    await once(socket, "open");
    socket.on("error", () => {});
    return client;
  }

  get subprotocol(): string {
    return this.#socket.protocol;
  }

  /** Text of all records so far, without separators. */
  get records(): string[] {
    return this.text.split("\u001e").slice(0, -1);
  }

  get text(): string {
    return Buffer.concat(this.frames.map((frame) => frame.data)).toString();
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  abort(): void {
    this.#socket.terminate();
  }

  sendAndAbort(data: string): void {
    this.#socket.send(data, () => this.#socket.terminate());
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves when the server's next ping has been answered. */
  async pinged(): Promise<void> {
    await once(this.#socket, "ping");
  }

  /** Resolves when this record has arrived. */
  until(record: string): Promise<void> {
    return this.when(() => this.records.includes(record), `the record ${record}`);
  }

  /** Resolves when the condition holds, looked at after each frame. */
  async when(condition: () => boolean, what = "the condition"): Promise<void> {
    while (!condition()) {
      if (this.#socket.readyState === WebSocket.CLOSED)
        throw new Error(`The socket ended before ${what}; it brought ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
