import { connect, type Socket } from "node:net";

/** A TCP client that sends exactly the bytes it is told, right or wrong, and keeps what it receives as Latin-1 text. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  receivedBytes = 0;
  isEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.receivedBytes += chunk.length;
      if (this.received.length < 100_000) this.received += chunk.toString("latin1");
    });
    socket.on("error", () => {
      this.isEnded = true;
    });
    socket.on("end", () => {
      this.isEnded = true;
    });
    socket.on("close", () => {
      this.isEnded = true;
    });
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  write(...parts: readonly (string | Uint8Array)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part))));
  }

  /** Resets the connection, as a client that crashes does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** A well-formed WebSocket upgrade request. */
export function upgradeRequest(target: string, extraHeaders = ""): string {
  return (
    `GET ${target} HTTP/1.1\r\nHost: fixture\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extraHeaders}\r\n`
  );
}

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A client frame, masked with zeros. At most 65,535 bytes. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array,
  options: { isFinal?: boolean; isMasked?: boolean } = {},
): Buffer {
  const { isFinal = true, isMasked = true } = options;
  const bytes = Buffer.from(payload);
  const mask = isMasked ? 0x80 : 0;
  const first = (isFinal ? 0x80 : 0) | opcode;
  const header =
    bytes.length < 126 ? [first, mask | bytes.length] : [first, mask | 126, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from(header), Buffer.alloc(isMasked ? 4 : 0), bytes]);
}
