import { type CompletionMessage, invocationPayload, MessageType } from "@signalbox/protocol";
import type { HubClient } from "../dispatch/hub-client.ts";
import { DeliveryError } from "../hub/errors.ts";
import { ClientResults } from "./client-results.ts";
import type { Audience, HubLifetime } from "./lifetime.ts";
import { Roster } from "./roster.ts";

/** A hub whose clients are connected to this process. */
export class LocalLifetime implements HubLifetime {
  readonly #roster = new Roster();
  readonly #results = new ClientResults();
  #invocations = 0;

  add(client: HubClient): void {
    this.#roster.add(client);
  }

  remove(client: HubClient): void {
    this.#roster.remove(client);
    this.#results.disconnected(client.connectionId);
  }

  send(audience: Audience, target: string, args: readonly unknown[]): Promise<void> | undefined {
    const payload = invocationPayload(target, args);
    if (audience.to === "connection") {
      const connection = this.#roster.find(audience.id)?.connection;
      connection?.send(payload);
      return connection?.writable();
    }
    this.#roster.forEach(audience, (client) => client.connection.send(payload));
    return undefined;
  }

  async invoke(connectionId: string, target: string, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const client = this.#roster.find(connectionId);
    if (client === undefined) throw new DeliveryError("connectionNotFound", `Connection '${connectionId}' does not exist.`);
    this.#invocations += 1;
    const invocationId = `s${this.#invocations}`;
    const answer = this.#results.wait(invocationId, connectionId, signal);
    try {
      client.send({ type: MessageType.Invocation, invocationId, target, arguments: args });
    } catch (error) {
      this.#results.fail(invocationId, error);
    }
    return answer;
  }

  complete(client: HubClient, completion: CompletionMessage): void {
    this.#results.complete(client.connectionId, completion);
  }

  join(connectionId: string, group: string): undefined {
    this.#roster.join(connectionId, group);
  }

  leave(connectionId: string, group: string): undefined {
    this.#roster.leave(connectionId, group);
  }
}
