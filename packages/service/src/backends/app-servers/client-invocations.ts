import {
  type ClientCompletionMessage,
  type ClientInvocationMessage,
  framedPayload,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { Route } from "./route.ts";
import type { ServerConnection } from "./server-connection.ts";

/** An invocation that nobody has answered for this long is forgotten, in milliseconds. */
const maxAge = 600_000;

interface Pending {
  readonly caller: ServerConnection;
  readonly route: Route;
  readonly at: number;
}

export interface ClientInvocationsParts {
  readonly instanceId: string;
  route(connectionId: string, hub: string): Route | undefined;
  /** Another connection of the same server process, when that of the caller has ended. */
  standIn(caller: ServerConnection): ServerConnection | undefined;
}

/**
 * A server awaits the result of a client's method, and the client may be another server's (reference hub-and-service-protocol §4.11).
 *
 *     caller ──34──▶ service ──invocation──▶ client ──completion as data──▶ its server
 *       ▲  ▲            ├──34: you will see the completion──────────────────▶│
 *       │  └──37────────┤                                                    │
 *       └──────35───────┴◀───────────────────35──────────────────────────────┘      36 instead: the client has gone
 *
 * When the client is the caller's own, its SDK sees the completion itself.
 */
export class ClientInvocations {
  readonly #parts: ClientInvocationsParts;
  readonly #pending = new Map<string, Pending>();

  constructor(parts: ClientInvocationsParts) {
    this.#parts = parts;
  }

  invoke(caller: ServerConnection, message: ClientInvocationMessage): void {
    const { invocationId, connectionId, payloads } = message;
    const route = this.#parts.route(connectionId, caller.identity.hub);
    const problem = whyNot(route, message);
    if (route === undefined || problem !== undefined) {
      this.#fail(caller, message, problem ?? "");
      return;
    }
    const router = route.server;
    if (router.identity.serverId !== caller.identity.serverId) {
      this.#pending.set(invocationId, { caller, route, at: performance.now() });
      router.send({ ...message, callerServerId: caller.identity.serverId });
      const { instanceId } = this.#parts;
      caller.send({ type: ServiceMessageType.ServiceMapping, invocationId, connectionId, instanceId });
    }
    route.connection.send(framedPayload(payloads));
  }

  /** From the server of the client. */
  complete(router: ServerConnection, message: ClientCompletionMessage): void {
    const { invocationId, payload } = message;
    const pending = this.#pending.get(invocationId);
    // Only the server that has the client may speak for it. An empty payload is the caller's own: it has what it wanted.
    if (pending === undefined || pending.route.server.identity.serverId !== router.identity.serverId) return;
    this.#pending.delete(invocationId);
    if (payload.length === 0) return;
    this.#answer(pending.caller, { ...message, callerServerId: pending.caller.identity.serverId });
  }

  /** The client has gone. */
  disconnected(route: Route): void {
    for (const [invocationId, { caller, route: asked }] of this.#pending) {
      if (asked !== route) continue;
      this.#pending.delete(invocationId);
      this.#fail(caller, { invocationId, connectionId: route.id }, `Connection '${route.id}' is disconnected.`);
    }
  }

  /** Forgets calls of servers that are no more, and what waits too long. */
  forgetCallers(): void {
    const oldest = performance.now() - maxAge;
    for (const [invocationId, { caller, at }] of this.#pending) {
      if (at < oldest || (!caller.isOpen && this.#parts.standIn(caller) === undefined)) this.#pending.delete(invocationId);
    }
  }

  #fail(
    caller: ServerConnection,
    { invocationId, connectionId }: { invocationId: string; connectionId: string },
    error: string,
  ): void {
    const callerServerId = caller.identity.serverId;
    this.#answer(caller, { type: ServiceMessageType.ErrorCompletion, invocationId, connectionId, callerServerId, error });
  }

  #answer(caller: ServerConnection, message: Parameters<ServerConnection["send"]>[0]): void {
    (caller.isOpen ? caller : this.#parts.standIn(caller))?.send(message);
  }
}

function whyNot(route: Route | undefined, { connectionId, payloads }: ClientInvocationMessage): string | undefined {
  if (route === undefined) return `Connection '${connectionId}' does not exist.`;
  const { name } = route.connection.protocol;
  return payloads.has(name) ? undefined : `The invocation is not written in the client's protocol '${name}'.`;
}
