import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface WireFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly payload: Buffer;
  /** Of a close frame with one. */
  readonly code: number | undefined;
}

export interface FrameOptions {
  /** Default true. */
  readonly isFinal?: boolean;
  /** The three reserved bits as a number. */
  readonly reserved?: number;
  /** Null sends the frame unmasked. */
  readonly mask?: Buffer | null;
}

const longest = 10_000;

/** A WebSocket client that sends any frame, right or wrong, and takes apart the frames it receives. */
export class WireClient {
  /** Resolves when the TCP connection is over. */
  readonly ended: Promise<void>;
  /** Frames that nobody has taken yet. */
  readonly unread: WireFrame[] = [];
  /** The answer to the upgrade. */
  head = "";
  /** The last data frame sent was not final. */
  isCut = false;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #changed = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => {});
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        resolve();
        this.#changed();
      });
      socket.on("end", () => resolve());
    });
  }

  static async open(port: number, upgradeRequest: string): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    const client = new WireClient(socket);
    socket.write(upgradeRequest);
    await client.#when(() => client.head !== "");
    return client;
  }

  static frame(opcode: number, payload: string | Uint8Array = "", options: FrameOptions = {}): Buffer {
    const { isFinal = true, reserved = 0, mask = Buffer.from([0x12, 0x34, 0x56, 0x78]) } = options;
    const bytes = Buffer.from(payload);
    const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
    const masked = mask === null ? 0 : 0x80;
    const header = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10);
    header[0] = first;
    if (header.length === 2) header[1] = masked | bytes.length;
    else if (header.length === 4) {
      header[1] = masked | 126;
      header.writeUInt16BE(bytes.length, 2);
    } else {
      header[1] = masked | 127;
      header.writeBigUInt64BE(BigInt(bytes.length), 2);
    }
    if (mask === null) return Buffer.concat([header, bytes]);
    return Buffer.concat([header, mask, bytes.map((byte, i) => byte ^ mask[i % 4]!)]);
  }

  static closePayload(code: number, reason = ""): Buffer {
    return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  }

  send(opcode: number, payload: string | Uint8Array = "", options: FrameOptions = {}): void {
    if (opcode < 3) this.isCut = options.isFinal === false;
    this.write(WireClient.frame(opcode, payload, options));
  }

  write(...parts: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** Sends the frames as pieces of `size` bytes, each in a write of its own. */
  async sendInChops(size: number, ...frames: readonly Uint8Array[]): Promise<void> {
    const bytes = Buffer.concat(frames);
    for (let at = 0; at < bytes.length; at += size) {
      this.#socket.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next frame. */
  async next(): Promise<WireFrame> {
    await this.#when(() => this.unread.length > 0);
    return this.unread.shift()!;
  }

  /** The code of the close frame that comes, whatever comes before. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      const frame = await this.next();
      if (frame.opcode === 8) return frame.code;
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #when(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + longest;
    while (!condition()) {
      if (this.#socket.destroyed || Date.now() > deadline) throw new Error("The connection ended, or nothing came in time.");
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        setTimeout(resolve, 1_000).unref();
      });
    }
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.head === "") {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#received.subarray(0, end).toString("latin1");
      this.#received = this.#received.subarray(end + 4);
    }
    for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame()) this.unread.push(frame);
    this.#changed();
  }

  #takeFrame(): WireFrame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return undefined;
    const payload = bytes.subarray(start, start + length);
    this.#received = bytes.subarray(start + length);
    const opcode = bytes[0]! & 15;
    return {
      opcode,
      isFinal: (bytes[0]! & 0x80) !== 0,
      isMasked: (bytes[1]! & 0x80) !== 0,
      payload,
      code: opcode === 8 && length >= 2 ? payload.readUInt16BE() : undefined,
    };
  }
}
