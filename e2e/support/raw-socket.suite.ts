import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RawRest, startRawApp } from "./raw-app.ts";
import { type RunningService, type Runtime, startService } from "./service.ts";
import type { Upstream } from "./upstream.ts";

/** A WebSocket of whatever library, as a test sees it. */
interface RawSocket {
  readonly protocol: string;
  /** Texts as they are, binary messages as `0x…`. */
  messages(): Promise<readonly string[]>;
  /** @param data bytes are sent as a binary message */
  send(data: string | readonly number[]): Promise<void>;
  close(): Promise<void>;
  /** Code and text of the close frame; undefined while it is open. */
  closed(): Promise<{ readonly code: number; readonly text: string } | undefined>;
}

/** @throws when the upgrade is refused */
export type OpenRawSocket = (url: string, protocols: readonly string[]) => Promise<RawSocket>;

export function describeRawSockets(runtime: Runtime, open: OpenRawSocket): void {
  describe(`raw WebSockets, the service on ${runtime}`, () => {
    let app: Upstream;
    let service: RunningService;
    let rest: RawRest;
    beforeAll(async () => {
      app = await startRawApp();
      service = await startService({ runtime, settings: app.settings });
      rest = new RawRest(service, "chat");
    });
    afterAll(async () => {
      await service[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
    });
    const url = (query: string) => `${service.endpoint.replace("http", "ws")}/ws/client/hubs/chat/${query}`;
    const until = <T>(assertion: () => T | Promise<T>) => vi.waitFor(assertion);
    const idOf = async (socket: RawSocket): Promise<string> => {
      const [first] = await until(async () => {
        const messages = await socket.messages();
        expect(messages.length).toBeGreaterThan(0);
        return messages;
      });
      return (JSON.parse(first!) as { connection: string }).connection;
    };
    const connect = async (name: string) => {
      const socket = await open(url(`?name=${name}`), ["protocol1", "protocol2"]);
      return { socket, id: await idOf(socket) };
    };

    it("gets its subprotocol and first message, has its messages answered in their kind, and leaves", async () => {
      const { socket, id } = await connect("User%20abc");
      expect(socket.protocol).toBe("protocol1");
      for (const data of ["grüße 🎉", [0, 1, 255], "x".repeat(70_000)]) await socket.send(data);
      await until(async () => expect((await socket.messages()).slice(1)).toEqual(["grüße 🎉", "0x0001ff", "x".repeat(70_000)]));
      await socket.close();
      await until(async () => expect((await socket.closed())?.code).toBe(1000));
      const told = () => app.requests.filter(({ connectionId }) => connectionId === id).map(({ event }) => event);
      await until(() =>
        expect(told()).toEqual(["connections/connect", ...Array(3).fill("messages/message"), "connections/disconnect"]),
      );
      expect(app.requests.find(({ event }) => event === "messages/message")!.headers["x-asrs-user-id"]).toBe("User abc");
    });

    it("is refused when the app refuses it", async () => {
      await expect(open(url(""), ["protocol1"])).rejects.toThrow();
    });

    it("receives what REST sends to all, its user, its group, itself, in order, and the reason of its end", async () => {
      const { socket, id } = await connect("rest");
      await rest.must("PUT", `groups/g/connections/${id}`);
      const receivers = ["", "users/rest", "groups/g", `connections/${id}`];
      for (let i = 0; i < 100; i++) await rest.must("POST", receivers[i % 4]!, `${i}`);
      await until(async () => expect(await socket.messages()).toHaveLength(101));
      expect((await socket.messages()).slice(1)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
      await rest.must("DELETE", `connections/${id}?reason=go%20away`);
      await until(async () => expect(await socket.closed()).toEqual({ code: 1000, text: "go away" }));
    });
  });
}
