import type { Duplex } from "node:stream";
import { decode, Encoder } from "@msgpack/msgpack";

/** An encoder keeps the space of its largest message; beyond this it is not worth keeping. Bytes. */
const keptSpace = 1024 * 1024;

/**
 * Messages between the host and an app's process, over one duplex pipe. A frame is four bytes of length (big-endian) and that many bytes
 * of MessagePack, so buffers travel as they are. Used by both sides, which may run on different runtimes. Order is kept; nothing is lost
 * while both sides live.
 */
export class Channel<Received, Sent> {
  readonly #pipe: Duplex;
  readonly #receive: (message: Received) => void;
  #encoder = newEncoder();
  /** Frames that wait for the end of this turn. */
  #waiting: Buffer[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;

  /** @param receive is called for each message, in order; must not throw */
  constructor(pipe: Duplex, receive: (message: Received) => void) {
    this.#pipe = pipe;
    this.#receive = receive;
    pipe.on("data", (chunk: Buffer) => this.#read(chunk));
    // A broken pipe is the end of the other side, which its owner learns from the end of the process.
    pipe.on("error", () => {});
  }

  /**
   * At once: it arrives even when this process never reaches the end of its turn. After the end of the other side it does nothing.
   *
   * @throws {Error} when the message holds what MessagePack cannot carry (a function, a symbol)
   */
  send(message: Sent): void {
    const frame = this.#frame(message);
    this.#flush();
    if (this.#pipe.writable) this.#pipe.write(frame);
  }

  /**
   * With the others of this turn of the event loop, in one write at its end: each write wakes the other side. Otherwise like `send`, and in
   * order with it.
   */
  sendSoon(message: Sent): void {
    this.#waiting.push(this.#frame(message));
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  /** Resolves when everything sent has been handed to the operating system, or the pipe has broken. */
  flushed(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      if (!this.#pipe.writable) resolve();
      else this.#pipe.write(Buffer.alloc(0), () => resolve());
    });
  }

  #frame(message: Sent): Buffer {
    let body: Uint8Array;
    try {
      body = this.#encoder.encodeSharedRef(message);
    } catch (error) {
      this.#encoder = newEncoder();
      throw error;
    }
    const frame = Buffer.allocUnsafe(4 + body.length);
    frame.writeUInt32BE(body.length, 0);
    frame.set(body, 4);
    if (body.length > keptSpace) this.#encoder = newEncoder();
    return frame;
  }

  #flush(): void {
    const frames = this.#waiting;
    if (frames.length === 0) return;
    this.#waiting = [];
    if (this.#pipe.writable) this.#pipe.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= 4) {
      if (this.#head().length < 4) this.#join();
      const length = this.#head().readUInt32BE(0);
      if (this.#buffered < 4 + length) return;
      if (this.#head().length < 4 + length) this.#join();
      const frame = this.#head();
      this.#buffered -= 4 + length;
      if (frame.length === 4 + length) this.#chunks.shift();
      else this.#chunks[0] = frame.subarray(4 + length);
      this.#receive(decode(frame.subarray(4, 4 + length)) as Received);
    }
  }

  #head(): Buffer {
    return this.#chunks[0] as Buffer;
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)];
  }
}

function newEncoder(): Encoder {
  return new Encoder({ ignoreUndefined: true });
}
