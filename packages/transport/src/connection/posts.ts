import type { ClientConnection } from "./client-connection.ts";
import { plainText } from "./http-answer.ts";
import type { Transport } from "./transport.ts";

/**
 * What clients of server-sent events and long polling send (reference hub-and-service-protocol §1.4). One request at a time: the next
 * body is read when the one before has been handed over, which is also the back-pressure of these transports. A body is a part of the
 * client's stream and may hold any number of records: its size is not limited, that of a record is.
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
    try {
      for await (const chunk of request.body ?? []) {
        // The end is on its way to the client; what it sends meanwhile is for nobody.
        if (connection.isEnding) break;
        connection.received(transport, chunk);
        await connection.caughtUp();
      }
    } catch {
      return plainText(400);
    }
    return plainText(200);
  }
}
