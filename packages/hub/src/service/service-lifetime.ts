import { randomUUID } from "node:crypto";
import {
  type ClientCompletionMessage,
  type ClientInvocationMessage,
  type CompletionMessage,
  type ErrorCompletionMessage,
  hubProtocols,
  invocationPayload,
  MessageType,
  messagePayload,
  type Payload,
  ProtocolError,
  type ServiceMappingMessage,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import { AwaitedInvocations } from "@signalbox/transport";
import type { HubClient } from "../dispatch/hub-client.ts";
import { ClientResults } from "../hosting/client-results.ts";
import type { Audience, HubLifetime } from "../hosting/lifetime.ts";
import { DeliveryError, serviceUnavailable } from "../hub/errors.ts";
import { Acks } from "./acks.ts";
import { isEmpty, messageFor, payloadsOf } from "./audience-message.ts";
import type { EndpointLinks } from "./endpoint-links.ts";
import type { ServiceLink } from "./service-link.ts";

/** What is known of the clients that this process serves. */
export interface ServedClients {
  /** The server connection that carries the client; undefined when another server, or nobody, has it. */
  linkOf(connectionId: string): ServiceLink | undefined;
  /** The server connection that carries the caller, or carried it until it left. */
  wayOf(caller: HubClient): ServiceLink | undefined;
  find(connectionId: string): HubClient | undefined;
}

/** A call of a client by another server, whose answer comes through this one. */
interface Routed {
  /** The client's connection id. */
  readonly asked: string;
  /** When it came; see `performance.now`. */
  readonly at: number;
}

/**
 * A hub behind the service, which has the connections, groups and users of all servers (reference hub-and-service-protocol §4.9).
 *
 * Order: everything that a call sends takes the server connection of its caller, which also brings its result, even when the caller has left
 * meanwhile; at other endpoints, and once that one is lost, it takes the endpoint's oldest one, as what the application sends does.
 */
export class ServiceLifetime implements HubLifetime {
  readonly acks = new Acks();
  readonly #endpoints: readonly EndpointLinks[];
  readonly #served: ServedClients;
  readonly #serverId: string;
  readonly #results = new ClientResults();
  readonly #routed = new AwaitedInvocations<string, Routed>();
  /** Endpoints asked that may still answer, by invocation. */
  readonly #asked = new Map<string, number>();
  /** Where calls of other servers' clients went, by invocation. */
  readonly #instances = new Map<string, string>();
  #invocations = 0;

  constructor(endpoints: readonly EndpointLinks[], served: ServedClients, serverId: string) {
    this.#endpoints = endpoints;
    this.#served = served;
    this.#serverId = serverId;
  }

  add(): void {}

  remove(client: HubClient): void {
    this.#results.disconnected(client.connectionId);
    this.#routed.deleteOf(client.connectionId);
  }

  send(audience: Audience, target: string, args: readonly unknown[], caller?: HubClient): Promise<void> | undefined {
    if (isEmpty(audience)) return undefined;
    const payload = invocationPayload(target, args);
    if (audience.to === "connection") return this.#sendTo(audience.id, payload, caller);
    this.#sendAll(messageFor(audience, payloadsOf(payload)), caller);
    return undefined;
  }

  #sendTo(connectionId: string, payload: Payload, caller: HubClient | undefined): Promise<void> | undefined {
    const client = this.#served.find(connectionId);
    const link = this.#served.linkOf(connectionId);
    const way = link && this.#linkOf(caller, link);
    // As bytes of the client's own: the service has nothing to look up or to choose.
    if (client !== undefined && way === link) client.connection.send(payload);
    else {
      const payloads = payloadsOf(payload, client?.connection.protocol.name);
      const message = { type: ServiceMessageType.MultiConnectionData, connectionIds: [connectionId], payloads } as const;
      if (way === undefined) this.#sendAll(message, caller);
      else way.send(message);
    }
    return client?.connection.writable();
  }

  async invoke(
    connectionId: string,
    target: string,
    args: readonly unknown[],
    signal?: AbortSignal,
    caller?: HubClient,
  ): Promise<unknown> {
    this.#invocations += 1;
    const invocationId = `${connectionId}-${randomUUID().replaceAll("-", "")}-${this.#invocations}`;
    const payload = messagePayload({ type: MessageType.Invocation, invocationId, target, arguments: args });
    const served = this.#served.find(connectionId);
    const answer = this.#results.wait(invocationId, connectionId, signal, () => this.#forget(invocationId));
    try {
      if (served !== undefined) served.connection.send(payload);
      else {
        const asked = this.#sendAll(
          {
            type: ServiceMessageType.ClientInvocation,
            invocationId,
            connectionId,
            callerServerId: this.#serverId,
            payloads: payloadsOf(payload),
          },
          caller,
        );
        this.#asked.set(invocationId, asked);
      }
    } catch (error) {
      this.#results.fail(invocationId, error);
    }
    return answer;
  }

  /** A client of this process answered: this server's question, or another's. */
  complete(client: HubClient, completion: CompletionMessage, record: Uint8Array): void {
    const { connectionId } = client;
    const { invocationId } = completion;
    if (this.#results.complete(connectionId, completion)) return;
    if (this.#routed.find(invocationId, connectionId) === undefined) return;
    this.#routed.delete(invocationId);
    const protocol = client.connection.protocol.name;
    this.#served.linkOf(connectionId)?.send({
      type: ServiceMessageType.ClientCompletion,
      invocationId,
      connectionId,
      callerServerId: this.#serverId,
      protocol,
      payload: record,
      extensions: { protocol },
    });
  }

  join(connectionId: string, group: string): Promise<void> {
    return this.#request(connectionId, (ackId) => ({ type: ServiceMessageType.JoinGroupWithAck, connectionId, group, ackId }));
  }

  leave(connectionId: string, group: string): Promise<void> {
    return this.#request(connectionId, (ackId) => ({ type: ServiceMessageType.LeaveGroupWithAck, connectionId, group, ackId }));
  }

  /** Another server asks one of our clients. */
  routed({ invocationId, connectionId }: ClientInvocationMessage): void {
    if (this.#served.find(connectionId) === undefined) return;
    // Of what the other server has given up nobody tells.
    this.#routed.deleteOverdue();
    this.#routed.add(invocationId, { asked: connectionId, at: performance.now() });
  }

  /** Another server's client has answered. */
  completed({ invocationId, connectionId, protocol, payload }: ClientCompletionMessage): void {
    if (payload.length === 0) return;
    this.#forget(invocationId);
    try {
      const message = hubProtocols.get(protocol.toLowerCase())?.decode(payload);
      if (message?.type !== MessageType.Completion) throw new ProtocolError("The client's answer is no completion.");
      this.#results.complete(connectionId, { ...message, invocationId });
    } catch (error) {
      this.#results.fail(invocationId, error);
    }
  }

  /** An endpoint cannot ask the client; another one may have it. */
  failed({ invocationId, error }: ErrorCompletionMessage): void {
    const asked = this.#asked.get(invocationId) ?? 1;
    if (asked > 1) {
      this.#asked.set(invocationId, asked - 1);
      return;
    }
    // Where the client is has been told of those that were there when they were asked.
    const code = this.#instances.has(invocationId) ? "disconnected" : "connectionNotFound";
    this.#forget(invocationId);
    this.#results.fail(invocationId, new DeliveryError(code, error));
  }

  mapped({ invocationId, instanceId }: ServiceMappingMessage): void {
    if (this.#asked.has(invocationId)) this.#instances.set(invocationId, instanceId);
  }

  /** A service instance has died, and the clients that it had. */
  instanceLost(instanceId: string): void {
    for (const [invocationId, instance] of this.#instances) {
      if (instance !== instanceId) continue;
      this.#forget(invocationId);
      this.#results.fail(invocationId, new DeliveryError("disconnected", "The service instance that has the client is gone."));
    }
  }

  /** A server connection is lost. Without any other, nothing that was asked of clients of other servers will be answered. */
  lost(): void {
    if (this.#endpoints.some(({ isConnected }) => isConnected)) return;
    for (const invocationId of this.#asked.keys()) {
      this.#forget(invocationId);
      this.#results.fail(invocationId, serviceUnavailable());
    }
  }

  #forget(invocationId: string): void {
    this.#asked.delete(invocationId);
    this.#instances.delete(invocationId);
  }

  async #request(connectionId: string, message: (ackId: number) => ServiceMessage): Promise<void> {
    const own = this.#served.linkOf(connectionId);
    await this.acks.request((ackId) => {
      if (own === undefined) return this.#sendAll(message(ackId));
      own.send(message(ackId));
      return 1;
    });
  }

  /**
   * Sends to every endpoint.
   * @returns how many there were
   * @throws {DeliveryError} when there was none
   */
  #sendAll(message: ServiceMessage, caller?: HubClient): number {
    const own = caller && this.#served.wayOf(caller);
    let sent = 0;
    for (const endpoint of this.#endpoints) {
      const link = own?.isOpen && endpoint.has(own) ? own : endpoint.first;
      if (link === undefined) continue;
      link.send(message);
      sent += 1;
    }
    if (sent === 0) throw serviceUnavailable();
    return sent;
  }

  /** The caller's way when it leads to the same endpoint as the receiver's. */
  #linkOf(caller: HubClient | undefined, receivers: ServiceLink): ServiceLink {
    const own = caller && this.#served.wayOf(caller);
    if (!own?.isOpen || own === receivers) return receivers;
    return this.#endpoints.some((endpoint) => endpoint.has(own) && endpoint.has(receivers)) ? own : receivers;
  }
}
