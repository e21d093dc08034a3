import type { ClientConnection } from "./client-connection.ts";
import { plainText } from "./http-answer.ts";
import type { Transport } from "./transport.ts";

/**
 * What clients of server-sent events and long polling send (reference hub-and-service-protocol §1.4). One request at a time: the next
 * body is read when the one before has been handed over, which is also the back-pressure of these transports.
 */
export class Posts {
  #last: Promise<unknown> | undefined;

  receive(connection: ClientConnection, transport: Transport, request: Request): Promise<Response> {
    const answer = this.#receive(this.#last, connection, transport, request);
    this.#last = answer;
    const done = (): void => {
      if (this.#last === answer) this.#last = undefined;
    };
    answer.then(done, done);
    return answer;
  }

  async #receive(
    former: Promise<unknown> | undefined,
    connection: ClientConnection,
    transport: Transport,
    request: Request,
  ): Promise<Response> {
    if (former !== undefined) await former;
    // The end is on its way to the client; what it sends meanwhile is for nobody.
    if (connection.isEnding) return plainText(200);
    const body = await readBody(request, connection.limit("maxMessageBytes"));
    if (typeof body === "number") return plainText(body);
    if (body.length > 0) connection.received(transport, body);
    await connection.caughtUp();
    return plainText(200);
  }
}

/** The body, or the status to refuse it with: 413 when larger than `limit` bytes, 400 when the client gave up. */
async function readBody(request: Request, limit: number): Promise<Uint8Array | 400 | 413> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return 413;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length;
      if (size > limit) return 413;
      chunks.push(chunk);
    }
  } catch {
    return 400;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
