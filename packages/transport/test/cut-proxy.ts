import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy that breaks: what it holds in one direction or both is lost. */
export class CutProxy {
  readonly #server: Server;
  readonly #pairs = new Set<{ client: Socket; server: Socket }>();
  /** Swallowing: bytes go nowhere, as on a line that has died without a word. */
  #swallows = { up: false, down: false };

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number): Promise<CutProxy> {
    const server = createServer();
    const proxy = new CutProxy(server);
    server.on("connection", (client) => proxy.#join(client, port));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections there are. */
  get size(): number {
    return this.#pairs.size;
  }

  swallow(direction: { up?: boolean; down?: boolean }): void {
    this.#swallows = { up: false, down: false, ...direction };
  }

  /** Resets every connection there is; later ones work. */
  cut(): void {
    this.swallow({});
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  stop(): void {
    this.cut();
    this.#server.close();
  }

  #join(client: Socket, port: number): void {
    const server = connect(port, "127.0.0.1");
    const pair = { client, server };
    this.#pairs.add(pair);
    client.on("data", (data) => this.#swallows.up || server.write(data));
    server.on("data", (data) => this.#swallows.down || client.write(data));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => {});
      one.on("end", () => other.end());
      one.on("close", () => {
        other.destroySoon();
        this.#pairs.delete(pair);
      });
    }
  }
}
