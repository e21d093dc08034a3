import { once } from "node:events";
import { WebSocket } from "ws";

/** A WebSocket that speaks what a test writes. */
export class RawClient {
  readonly socket: WebSocket;
  /** Records received, parsed. */
  readonly records: Record<string, unknown>[] = [];
  closed = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      for (const record of data.toString().split("\u001e")) if (record !== "") this.records.push(JSON.parse(record));
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", () => {});
  }

  /** @param url http */
  static async open(url: string, handshake = true): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url.replace(/^http/, "ws")));
    await once(client.socket, "open");
    if (handshake) client.send({ protocol: "json", version: 1 });
    return client;
  }

  send(...messages: readonly object[]): void {
    this.socket.send(messages.map((message) => `${JSON.stringify(message)}\u001e`).join(""));
  }
}
