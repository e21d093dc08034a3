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

describe("A client that never answers", () => {
  it("is not waited for longer than ten minutes, while its server calls on", () => {
    const [caller, router] = [new Server("caller"), new Server("router")];
    const route = {
      id: "c1",
      server: router,
      connection: { protocol: { name: "json" }, send: () => true },
    } as unknown as Route;
    const invocations = new ClientInvocations({ instanceId: "i", route: () => route, standIn: () => undefined });
    const call = (invocationId: string) => {
      const payloads = new Map([["json", new Uint8Array()]]);
      invocations.invoke(caller.real, {
        type: ServiceMessageType.ClientInvocation,
        invocationId,
        connectionId: "c1",
        callerServerId: "caller",
        payloads,
      });
    };
    const answer = (invocationId: string) => {
      invocations.complete(router.real, {
        type: ServiceMessageType.ClientCompletion,
        invocationId,
        connectionId: "c1",
        callerServerId: "router",
        protocol: "json",
        payload: Uint8Array.of(1),
      });
      vi.advanceTimersByTime(1_000);
      return caller.received.some(
        (message) => message.type === ServiceMessageType.ClientCompletion && message.invocationId === invocationId,
      );
    };
    call("early");
    vi.advanceTimersByTime(9 * minute);
    call("later");
    vi.advanceTimersByTime(2 * minute);
    call("now");
    expect([answer("early"), answer("later"), answer("now")]).toEqual([false, true, true]);
  });
});
