import type { CloseReason, Connection, RawHandler, RawMessage, RawVerdict } from "@signalbox/transport";
import type { RawBackend, Welcome } from "../backends/backend.ts";
import type { RawClient, RawHubConnection } from "./hub-connection.ts";
import type { Hubs } from "./hubs.ts";

/**
 * Where the events of raw WebSockets meet their back end, beside {@link Hubs}, whose members they become:
 *
 *   connecting ──▶ back end ──▶ user id, groups, first message ──▶ opened: member of its hub ──▶ message … ──▶ closed
 */
export class RawClients implements RawHandler {
  readonly #hubs: Pick<Hubs, "arrive" | "heard" | "leave">;
  readonly #backend: RawBackend;
  /** What the back end gave to connections that are not open yet. */
  readonly #welcomes = new Map<Connection, Welcome>();

  constructor(hubs: Pick<Hubs, "arrive" | "heard" | "leave">, backend: RawBackend) {
    this.#hubs = hubs;
    this.#backend = backend;
  }

  async connecting(connection: Connection, subprotocols: readonly string[]): Promise<RawVerdict> {
    const peer = peerOf(connection);
    const answer = await this.#backend.connecting(peer, subprotocols);
    if ("refuse" in answer) return answer;
    this.#welcomes.set(connection, answer);
    peer.client.userId = answer.userId ?? peer.client.userId;
    return answer.subprotocol === undefined ? {} : { subprotocol: answer.subprotocol };
  }

  opened(connection: Connection): void {
    const { groups, first } = this.#welcomes.get(connection)!;
    this.#welcomes.delete(connection);
    // Before it can be reached: nothing overtakes the first message.
    if (first !== undefined) connection.send(first);
    this.#hubs.arrive(connection, groups);
  }

  message(connection: Connection, message: RawMessage): void {
    if (this.#hubs.heard(connection) !== undefined) this.#backend.message(peerOf(connection), message);
  }

  closed(connection: Connection, reason: CloseReason): void {
    if (!this.#welcomes.delete(connection)) this.#hubs.leave(connection, reason);
    this.#backend.disconnected(peerOf(connection));
  }
}

function peerOf(connection: Connection): RawHubConnection {
  return { id: connection.id, client: connection.context as RawClient, connection };
}
