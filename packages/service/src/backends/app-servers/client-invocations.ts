import {
  type ClientCompletionMessage,
  type ClientInvocationMessage,
  type CompletionMessage,
  framedPayload,
  ProtocolError,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import { AwaitedInvocations, type ClientMessage } from "@signalbox/transport";
import type { Route } from "./route.ts";
import type { ServerConnection } from "./server-connection.ts";

/**
 * The .NET SDK begins to wait for a result only after it has sent the invocation, and a client near by is faster than that. What is said of
 * an invocation too soon would be lost, so it is held back, or repeated until the SDK says that it knew the invocation; milliseconds.
 */
const earliestAnswer = 20;
const repetitions = [30, 100, 300, 1_000, 3_000];

interface Pending {
  readonly caller: ServerConnection;
  readonly asked: Route;
  /** When it began; see `performance.now`. */
  readonly at: number;
  repetition: NodeJS.Timeout | undefined;
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
 * When the client is the caller's own, its SDK sees the completion itself, and the 35 is empty.
 */
export class ClientInvocations {
  readonly #parts: ClientInvocationsParts;
  readonly #pending = new AwaitedInvocations<Route, Pending>();

  constructor(parts: ClientInvocationsParts) {
    this.#parts = parts;
  }

  invoke(caller: ServerConnection, message: ClientInvocationMessage): void {
    const { invocationId, connectionId, payloads } = message;
    const route = this.#parts.route(connectionId, caller.identity.hub);
    const problem = whyNot(route, message);
    if (route === undefined || problem !== undefined) {
      this.#fail(caller, performance.now(), message, problem ?? "");
      return;
    }
    // A client that stays and never answers would otherwise be remembered call by call.
    for (const { repetition } of this.#pending.deleteOverdue()) clearTimeout(repetition);
    const at = performance.now();
    const former = this.#pending.add(invocationId, { caller, asked: route, at, repetition: undefined });
    clearTimeout(former?.repetition);
    if (!isOwn(caller, route)) {
      route.server.send({ ...message, callerServerId: caller.identity.serverId });
      const { instanceId } = this.#parts;
      this.#answer(caller, at, { type: ServiceMessageType.ServiceMapping, invocationId, connectionId, instanceId });
    }
    route.connection.send(framedPayload(payloads));
  }

  /** The client's completion is on its way to its server. */
  answered(route: Route, message: ClientMessage): void {
    if (this.#pending.size === 0) return;
    const pending = this.#pending.find(idOf(message), route);
    if (pending !== undefined && isOwn(pending.caller, route)) this.#repeat(pending, message, 0);
  }

  /** From the server of the client. */
  complete(router: ServerConnection, message: ClientCompletionMessage): void {
    const { invocationId, payload } = message;
    const pending = this.#pending.get(invocationId);
    // Only the server that has the client may speak for it.
    if (pending === undefined || !isOwn(router, pending.asked)) return;
    this.#forget(invocationId);
    if (payload.length === 0) return;
    const { caller, at } = pending;
    this.#answer(caller, at, { ...message, callerServerId: caller.identity.serverId });
  }

  /** The client has gone. */
  disconnected(route: Route): void {
    for (const [invocationId, { caller, at, repetition }] of this.#pending.deleteOf(route)) {
      clearTimeout(repetition);
      this.#fail(caller, at, { invocationId, connectionId: route.id }, `Connection '${route.id}' is disconnected.`);
    }
  }

  /** Forgets calls of servers that are no more. */
  forgetCallers(): void {
    for (const [invocationId, { caller }] of this.#pending) {
      if (!caller.isOpen && this.#parts.standIn(caller) === undefined) this.#forget(invocationId);
    }
  }

  #repeat(pending: Pending, message: ClientMessage, times: number): void {
    const delay = repetitions[times];
    if (delay === undefined) return;
    clearTimeout(pending.repetition);
    pending.repetition = setTimeout(() => {
      pending.asked.forward(message);
      this.#repeat(pending, message, times + 1);
    }, delay).unref();
  }

  #forget(invocationId: string): void {
    clearTimeout(this.#pending.delete(invocationId)?.repetition);
  }

  #fail(
    caller: ServerConnection,
    at: number,
    invocation: { readonly invocationId: string; readonly connectionId: string },
    error: string,
  ): void {
    const { invocationId, connectionId } = invocation;
    const callerServerId = caller.identity.serverId;
    this.#answer(caller, at, { type: ServiceMessageType.ErrorCompletion, invocationId, connectionId, callerServerId, error });
  }

  /** @param at when the invocation began; see `performance.now` */
  #answer(caller: ServerConnection, at: number, message: ServiceMessage): void {
    const send = () => (caller.isOpen ? caller : this.#parts.standIn(caller))?.send(message);
    const early = at + earliestAnswer - performance.now();
    if (early <= 0) send();
    else setTimeout(send, Math.ceil(early)).unref();
  }
}

/** The client is one of this server's. */
function isOwn(server: ServerConnection, route: Route): boolean {
  return route.server.identity.serverId === server.identity.serverId;
}

function idOf({ message }: ClientMessage): string {
  try {
    return (message as CompletionMessage).invocationId;
  } catch (error) {
    // Its app will say so.
    if (error instanceof ProtocolError) return "";
    throw error;
  }
}

function whyNot(route: Route | undefined, { connectionId, payloads }: ClientInvocationMessage): string | undefined {
  if (route === undefined) return `Connection '${connectionId}' does not exist.`;
  const { name } = route.connection.protocol;
  return payloads.has(name) ? undefined : `The invocation is not written in the client's protocol '${name}'.`;
}
