import { type ServiceMessage, ServiceMessageType } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ClientInvocations } from "./client-invocations.ts";
import type { Route } from "./route.ts";
import type { ServerConnection } from "./server-connection.ts";

// Nobody waits ten minutes for a test, so time, servers and client are not real here; app-servers.test.ts has real ones.
const minute = 60_000;

class Server {
  readonly identity;
  readonly isOpen = true;
  readonly received: ServiceMessage[] = [];
  constructor(serverId: string) {
    this.identity = { hub: "chat", serverId };
  }
  send(message: ServiceMessage): void {
    this.received.push(message);
  }
  get real(): ServerConnection {
    return this as unknown as ServerConnection;
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function clientOf(server: Server, id: string): Route {
  return { id, server, connection: { protocol: { name: "json" }, send: () => true } } as unknown as Route;
}

function invocationsOf(...routes: readonly Route[]): ClientInvocations {
  return new ClientInvocations({
    instanceId: "i",
    route: (id) => routes.find((route) => route.id === id),
    standIn: () => undefined,
  });
}

function call(invocations: ClientInvocations, caller: Server, connectionId: string, invocationId: string): void {
  invocations.invoke(caller.real, {
    type: ServiceMessageType.ClientInvocation,
    invocationId,
    connectionId,
    callerServerId: "caller",
    payloads: new Map([["json", new Uint8Array()]]),
  });
}

function complete(invocations: ClientInvocations, router: Server, connectionId: string, invocationId: string): void {
  invocations.complete(router.real, {
    type: ServiceMessageType.ClientCompletion,
    invocationId,
    connectionId,
    callerServerId: "router",
    protocol: "json",
    payload: Uint8Array.of(1),
  });
  vi.advanceTimersByTime(1_000);
}

/** What a server was told of its calls: their ids. */
function told(server: Server, type: ServiceMessage["type"]): string[] {
  return server.received.flatMap((message) =>
    message.type === type && "invocationId" in message ? [message.invocationId ?? ""] : [],
  );
}

describe("A client that never answers", () => {
  it("is not waited for longer than ten minutes, while its server calls on", () => {
    const [caller, router] = [new Server("caller"), new Server("router")];
    const invocations = invocationsOf(clientOf(router, "c1"));
    call(invocations, caller, "c1", "early");
    vi.advanceTimersByTime(9 * minute);
    call(invocations, caller, "c1", "later");
    vi.advanceTimersByTime(2 * minute);
    call(invocations, caller, "c1", "now");
    for (const id of ["early", "later", "now"]) complete(invocations, router, "c1", id);
    expect(told(caller, ServiceMessageType.ClientCompletion)).toEqual(["later", "now"]);
  });
});

describe("A client that leaves", () => {
  it("fails what it was asked, and nothing that others were asked", () => {
    const [caller, router] = [new Server("caller"), new Server("router")];
    const [leaver, stayer] = [clientOf(router, "c1"), clientOf(router, "c2")];
    const invocations = invocationsOf(leaver, stayer);
    call(invocations, caller, "c1", "1");
    call(invocations, caller, "c2", "2");
    call(invocations, caller, "c1", "3");
    invocations.disconnected(leaver);
    invocations.disconnected(leaver);
    vi.advanceTimersByTime(1_000);
    expect(told(caller, ServiceMessageType.ErrorCompletion)).toEqual(["1", "3"]);
    complete(invocations, router, "c2", "2");
    expect(told(caller, ServiceMessageType.ClientCompletion)).toEqual(["2"]);
  });
});
