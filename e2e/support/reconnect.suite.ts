import { expect, it } from "vitest";
import { Rest } from "./rest.ts";
import { keptPort, type Runtime, startService } from "./service.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import { type ConnectClient, combinations } from "./test-client.ts";
import { clientToken, clientUrl } from "./token.ts";
import { startUpstream } from "./upstream.ts";

const hub = "lifetime";
const ann = { nameid: "ann" };

/** How clients come back when the service or the network went away under them, wherever the clients run. */
export function describeReconnect(runtime: Runtime, connect: ConnectClient): void {
  it.each(combinations)(
    "reconnects by itself after a crash of the service, over $transport with $protocol",
    async (combination) => {
      const first = await startService({ runtime, port: keptPort() });
      try {
        const client = await connect({
          ...combination,
          url: clientUrl(first, hub),
          accessToken: clientToken(first, hub, ann),
          reconnect: "automatic",
        });
        await first.stop("SIGKILL");
        await using second = await startService({ runtime, port: first.port });
        await expect.poll(client.reconnections).toHaveLength(1);
        expect(await client.reconnections()).not.toContain(client.connectionId);
        await new Rest(second, hub).send("/users/ann", "message", "welcome back");
        await expect.poll(client.messages).toEqual([["welcome back"]]);
        await client.stop();
      } finally {
        await first[Symbol.asyncDispose]();
      }
    },
  );

  it.each(combinations.filter(({ transport }) => transport === "WebSockets"))(
    "loses nothing when its socket breaks under stateful reconnect, with $protocol",
    async (combination) => {
      await using upstream = await startUpstream((request) =>
        request.event === "messages/echo" ? request.completion({ result: request.invocation.arguments[0] }) : undefined,
      );
      await using service = await startService({ runtime, settings: upstream.settings });
      await using proxy = await startTcpProxy(service.port);
      const client = await connect({
        ...combination,
        url: clientUrl({ endpoint: `http://127.0.0.1:${proxy.port}` }, hub),
        accessToken: clientToken(service, hub, ann),
        reconnect: "stateful",
      });
      const rest = new Rest(service, hub);

      await rest.send("/users/ann", "message", "before");
      await expect.poll(client.messages).toEqual([["before"]]);
      proxy.cut();
      for (const text of ["one", "two", "three"]) await rest.send("/users/ann", "message", text);
      const echo = client.invoke("echo", "sent while away");
      proxy.release();

      await expect.poll(client.messages).toEqual([["before"], ["one"], ["two"], ["three"]]);
      expect(await echo).toBe("sent while away");
      await rest.send("/users/ann", "message", "after");
      await expect.poll(async () => (await client.messages()).at(-1)).toEqual(["after"]);
      expect(await client.reconnections()).toEqual([]);
      const events = upstream.requests.map((request) => request.event).filter((event) => event.startsWith("connections/"));
      expect(events).toEqual(["connections/connected"]);
      await client.stop();
    },
  );
}
