import {
  type CloseConnectionMessage,
  type ConnectionDataMessage,
  type ConnectionFlowControlMessage,
  FlowControlOperation,
  FlowControlSubject,
  type OpenConnectionMessage,
  ServiceHeader,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { AdoptedConnection, HeaderReader } from "@signalbox/transport";
import type { HubClient } from "../dispatch/hub-client.ts";
import { RelayedTransport, type RelayedTransportOwner } from "./relayed-transport.ts";
import type { ServedClients } from "./service-lifetime.ts";
import type { ServiceLink } from "./service-link.ts";

/** Makes the connection of a client that the service has let in. */
export type AdoptClient = (message: OpenConnectionMessage) => AdoptedConnection;

/** The clients whose messages come through this server, by the connection ids of the service. */
export class RelayedClients implements ServedClients, RelayedTransportOwner {
  readonly #adopt: AdoptClient;
  readonly #transports = new Map<string, RelayedTransport>();
  readonly #perLink = new Map<ServiceLink, Set<RelayedTransport>>();
  /** Of clients that have left: what their calls still send follows what they sent before. */
  readonly #lastLinks = new WeakMap<HubClient, ServiceLink>();
  /** Those whose senders wait for their link: to ask every client after each write would cost more than the write. */
  readonly #waiting = new Set<RelayedTransport>();

  constructor(adopt: AdoptClient) {
    this.#adopt = adopt;
  }

  get size(): number {
    return this.#transports.size;
  }

  sizeOf(link: ServiceLink): number {
    return this.#perLink.get(link)?.size ?? 0;
  }

  linkOf(connectionId: string): ServiceLink | undefined {
    return this.#transports.get(connectionId)?.link;
  }

  wayOf(caller: HubClient): ServiceLink | undefined {
    return this.#lastLinks.get(caller) ?? this.linkOf(caller.connectionId);
  }

  find(connectionId: string): HubClient | undefined {
    return this.#transports.get(connectionId)?.connection.context as HubClient | undefined;
  }

  open(link: ServiceLink, message: OpenConnectionMessage): void {
    const { connectionId, headers } = message;
    this.#transports.get(connectionId)?.left(1006);
    const where = {
      instanceId: headerOf(headers, ServiceHeader.instanceId),
      isMigrated: headerOf(headers, ServiceHeader.migrateFrom) !== undefined,
    };
    const transport = new RelayedTransport(this.#adopt(message), link, where, this);
    this.#transports.set(connectionId, transport);
    this.#listed(link).add(transport);
  }

  data({ connectionId, payload }: ConnectionDataMessage): void {
    this.#transports.get(connectionId)?.received(payload);
  }

  /** The client is on a new transport of its own. */
  restarted(connectionId: string): void {
    this.#transports.get(connectionId)?.connection.restarted();
  }

  /** The client has left, or belongs to another server from now on. */
  close({ connectionId }: CloseConnectionMessage): void {
    this.#transports.get(connectionId)?.left(1000);
  }

  flowControl(link: ServiceLink, message: ConnectionFlowControlMessage): void {
    const { connectionId, connectionType, operation } = message;
    const transport = this.#transports.get(connectionId);
    if (connectionType !== FlowControlSubject.Client || transport === undefined) return;
    if (operation === FlowControlOperation.Pause) {
      transport.hold();
      link.send({
        type: ServiceMessageType.ConnectionFlowControl,
        connectionId,
        connectionType: FlowControlSubject.Client,
        operation: FlowControlOperation.PauseAck,
      });
    } else if (operation === FlowControlOperation.Resume) {
      this.#perLink.get(transport.link)?.delete(transport);
      this.#listed(link).add(transport);
      transport.release(link);
    }
  }

  drained(link: ServiceLink): void {
    for (const transport of [...this.#waiting]) {
      if (transport.link !== link) continue;
      this.#waiting.delete(transport);
      transport.connection.drained();
    }
  }

  awaitsDrain(transport: RelayedTransport): void {
    this.#waiting.add(transport);
  }

  ended(transport: RelayedTransport): void {
    const client = transport.connection.context as HubClient | undefined;
    if (client !== undefined) this.#lastLinks.set(client, transport.link);
    if (this.#transports.get(transport.id) === transport) this.#transports.delete(transport.id);
    this.#perLink.get(transport.link)?.delete(transport);
    this.#waiting.delete(transport);
  }

  /** A server connection is lost, and its clients with it. */
  lost(link: ServiceLink): void {
    for (const transport of [...(this.#perLink.get(link) ?? [])]) transport.left(1006);
    this.#perLink.delete(link);
  }

  /** A service instance has died. */
  instanceLost(instanceId: string): void {
    for (const transport of [...this.#transports.values()]) if (transport.instanceId === instanceId) transport.left(1006);
  }

  #listed(link: ServiceLink): Set<RelayedTransport> {
    const listed = this.#perLink.get(link) ?? new Set();
    this.#perLink.set(link, listed);
    return listed;
  }
}

/** The client's HTTP headers as the service forwards them. */
export class ForwardedHeaders implements HeaderReader {
  readonly #headers: ReadonlyMap<string, readonly string[]>;

  constructor(headers: ReadonlyMap<string, readonly string[]>) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    return headerOf(this.#headers, name) ?? null;
  }

  *entries(): Iterable<readonly [string, string]> {
    for (const [name, values] of this.#headers) for (const value of values) yield [name, value];
  }
}

function headerOf(headers: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const lower = name.toLowerCase();
  for (const [key, values] of headers) if (key.toLowerCase() === lower) return values.join(", ");
  return undefined;
}
