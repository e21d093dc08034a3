import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Claims of the bearer token. */
  readonly claims: Readonly<Record<string, unknown>>;
}

interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `hang`: never answered; `reset`: the connection is cut. */
export type Script = (request: SeenRequest, number: number) => ScriptedAnswer | number | "hang" | "reset";

/** An HTTP server that answers by a script: what a service does only when it is in trouble cannot be had from a healthy one. */
export class ScriptedServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  script: Script = () => 202;
  /** Opened so far. */
  connections = 0;
  /** Requests that the caller gave up. */
  abandoned = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = "", url = "", headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks), claims: claimsOf(headers.authorization) };
      this.seen.push(seen);
      const answer = this.script(seen, this.seen.length);
      if (answer === "hang") return response.on("close", () => this.abandoned++);
      if (answer === "reset") return request.socket.destroy();
      const { status, headers: answered = {}, body } = typeof answer === "number" ? { status: answer } : answer;
      response.writeHead(status, answered).end(body);
    });
    this.#server.on("connection", () => this.connections++);
  }

  static async start(): Promise<ScriptedServer> {
    const started = new ScriptedServer();
    started.#server.listen(0, "127.0.0.1");
    await once(started.#server, "listening");
    return started;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connectionString(): string {
    return `Endpoint=${this.origin};AccessKey=a-key-of-the-scripted-server-0123456789;Version=1.0;`;
  }

  get requests(): readonly string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

export function claimsOf(bearer: string | undefined): Record<string, unknown> {
  const payload = bearer?.replace(/^Bearer /, "").split(".")[1];
  if (payload === undefined) return {};
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}
