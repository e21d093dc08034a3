import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { MessageType } from "@microsoft/signalr";
import { decode, encode } from "@msgpack/msgpack";

/** An app's answer to one webhook call. Absent: 200 with an empty body. */
export interface UpstreamAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What an app sees of an invocation, whatever the client's protocol. */
export interface Invocation {
  readonly type: number;
  readonly invocationId: string | undefined;
  readonly target: string;
  readonly arguments: readonly unknown[];
}

/** One webhook call. */
export class UpstreamRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly body: Buffer;

  constructor(headers: IncomingHttpHeaders, url: string, body: Buffer) {
    this.headers = headers;
    this.url = url;
    this.body = body;
  }

  /** `connections/connected`, `messages/<target>`, … */
  get event(): string {
    return `${this.headers["x-asrs-category"]}/${this.headers["x-asrs-event"]}`;
  }

  get connectionId(): string {
    return String(this.headers["x-asrs-connection-id"]);
  }

  /** The body of a call of category `messages`. */
  get invocation(): Invocation {
    if (!this.#binary) return JSON.parse(this.body.toString());
    const [type, , invocationId, target, args] = decode(this.body) as [number, unknown, string | null, string, unknown[]];
    return { type, invocationId: invocationId ?? undefined, target, arguments: args };
  }

  /** The framed completion of this invocation, in the client's protocol. Neither `result` nor `error`: void. */
  completion(outcome: { readonly result?: unknown; readonly error?: string }): UpstreamAnswer {
    const { invocationId } = this.invocation;
    if (!this.#binary) return { body: `${JSON.stringify({ type: MessageType.Completion, invocationId, ...outcome })}\u001e` };
    const end = outcome.error !== undefined ? [1, outcome.error] : "result" in outcome ? [3, outcome.result] : [2];
    const record = encode([MessageType.Completion, {}, invocationId, ...end]);
    return { body: Buffer.concat([lengthPrefix(record.length), record]) };
  }

  get #binary(): boolean {
    return this.headers["content-type"] === "application/x-msgpack";
  }
}

/** An app that answers webhooks. */
export interface Upstream {
  /** Settings under which the service calls it for every event of every hub. */
  readonly settings: { readonly UpstreamSettings: { readonly Templates: readonly { readonly UrlTemplate: string }[] } };
  /** In the order in which they arrived. */
  readonly requests: readonly UpstreamRequest[];
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an app; `answer` is asked for each call.
 * @param idleLimit milliseconds after which it closes a socket that nobody uses; absent: as Node does, after 5 s or more
 */
export async function startUpstream(
  answer: (request: UpstreamRequest) => UpstreamAnswer | undefined | Promise<UpstreamAnswer | undefined>,
  idleLimit?: number,
): Promise<Upstream> {
  const requests: UpstreamRequest[] = [];
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  const server = createServer(async (incoming, response) => {
    const { socket } = incoming;
    if (idleLimit !== undefined) {
      clearTimeout(timers.get(socket));
      response.on("finish", () =>
        timers.set(
          socket,
          setTimeout(() => socket.destroy(), idleLimit),
        ),
      );
    }
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = new UpstreamRequest(incoming.headers, incoming.url ?? "", Buffer.concat(chunks));
    requests.push(request);
    const { status = 200, headers, body = "" } = (await answer(request)) ?? {};
    response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    settings: {
      UpstreamSettings: { Templates: [{ UrlTemplate: `http://127.0.0.1:${port}/{hub}/{category}/{event}` }] },
    },
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The length prefix of MessagePack records: seven bits a byte, least significant first. */
function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = [];
  do {
    bytes.push((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
    length >>= 7;
  } while (length > 0);
  return Uint8Array.from(bytes);
}
