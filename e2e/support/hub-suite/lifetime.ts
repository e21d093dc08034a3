import {
  AbortError,
  DefaultHttpClient,
  HttpClient,
  type HttpRequest,
  type HttpResponse,
  HubConnectionState,
  NullLogger,
} from "@microsoft/signalr";
import { describe, expect, it } from "vitest";
import { HubClient } from "../hub-client.ts";
import { control, journalOf, type Stage, startRedirects, unique } from "./stage.ts";

/** The client's own HTTP, watched. */
class ObservedHttp extends HttpClient {
  /** Methods, in time order. */
  readonly requests: string[] = [];
  /** How the last GET ended: by its status, or by an error. */
  lastPoll: Promise<number | string> | undefined;
  readonly #http = new DefaultHttpClient(NullLogger.instance);

  override send(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request.method!);
    const answer = this.#http.send(request);
    if (request.method === "GET")
      this.lastPoll = answer.then(
        ({ statusCode }) => statusCode,
        (error: Error) => (error instanceof AbortError ? "aborted" : error.message),
      );
    return answer;
  }

  override getCookieString(url: string): string {
    return this.#http.getCookieString(url);
  }
}

export function describeLifetime({ connect, server, combination }: Stage): void {
  const { transport, protocol } = combination;
  const journal = (id: string) => expect.poll(() => journalOf(server(), id));

  /** The error that ends a client while it starts or right after. */
  const endAtStart = (client: HubClient) =>
    client.connection.start().then(
      () => client.end(),
      (error: Error) => error.message,
    );
  /** What the client sends by a request of its own may find no connection any more before the client has read the reason. */
  const refusal = (reason: string) =>
    new RegExp(
      `Connection closed with an error\\. ${reason}${transport === "WebSockets" ? "" : "|No Connection with that ID"}`,
    );

  describe("the life of a connection", () => {
    it("begins and ends once for the hub, without error when the client stops", async () => {
      const client = await connect();
      const { id } = client;
      expect(await journalOf(server(), id)).toEqual(["connected"]);
      await client.connection.stop();
      expect(client.closed).toBe("");
      await journal(id).toEqual(["connected", "disconnected"]);
    });

    it("has an id while it lasts, another the next time, and keeps its handlers", async () => {
      await using client = new HubClient(server(), combination);
      expect(client.connection.connectionId).toBeNull();
      await client.connection.start();
      const first = client.id;
      expect(first).toBeTypeOf("string");
      await client.connection.stop();
      expect(client.connection.connectionId).toBeNull();
      await client.connection.start();
      expect(client.id).not.toBe(first);
      await client.invoke("SendToCaller", "again");
      await client.received("again");
    });

    it("receives what the hub sends when it connects", async () => {
      await using client = await connect({ query: "greet=welcome" });
      await client.received("welcome");
    });

    it("is closed for good, with the reason, when the hub refuses it", async () => {
      await using client = new HubClient(server(), combination, { query: "refuse=not%20here", reconnect: "automatic" });
      expect(await endAtStart(client)).toMatch(refusal("HubException: not here"));
      expect(client.reconnections).toEqual([]);
    });

    it("is closed without an error, and does not come back, when the hub aborts it", async () => {
      await using client = await connect({ reconnect: "automatic" });
      const { id } = client;
      const called = client.invoke("Abort").catch((error: Error) => error.message);
      expect(await client.end()).toBe("");
      await called;
      expect(client.reconnections).toEqual([]);
      await journal(id).toEqual(["connected", "disconnected"]);
    });

    it("is closed with an error by a hub that cannot be made", async () => {
      await using client = new HubClient(server(), combination, { path: "/uncreatable" });
      expect(await endAtStart(client)).toMatch(refusal("\\w+: this hub cannot be made"));
    });

    it("comes back by itself as another connection when its network breaks", async () => {
      const user = unique("user");
      await using client = await connect({ query: `user=${user}`, reconnect: "automatic" });
      // Over long polling a broken poll is an error that ends the connection, like the others.
      const before = client.id;
      server().clientPath.cut();
      server().clientPath.release();
      await expect.poll(() => client.reconnections).toHaveLength(1);
      expect(client.id).toBe(client.reconnections[0]);
      expect(client.id).not.toBe(before);
      expect(await client.invoke("ConnectionId")).toBe(client.id);
      await control(server(), "POST", `/send?text=welcome%20back&user=${user}`);
      await client.received("welcome back");
    });

    it("goes through the redirects of negotiate, and once more when it reconnects", async () => {
      const user = unique("user");
      await using redirects = await startRedirects(`${server().clientUrl}/testhub?user=${user}`);
      await using client = new HubClient(server(), combination, { url: redirects.url, reconnect: "automatic" });
      await client.connection.start();
      expect(redirects.count()).toBe(1);
      expect(await client.invoke("UserId")).toBe(user);
      server().clientPath.cut();
      server().clientPath.release();
      await expect.poll(() => client.reconnections).toHaveLength(1);
      expect(redirects.count()).toBe(2);
      expect(await client.invoke("ConnectionId")).toBe(client.id);
    });

    it("may go to another address when it reconnects", async () => {
      const [before, after] = [unique("user"), unique("user")];
      const address = (user: string) => `${server().clientUrl}/testhub?user=${user}`;
      await using client = await connect({
        url: address(before),
        reconnect: "automatic",
        prepare: (connection) =>
          connection.onreconnecting(() => {
            connection.baseUrl = address(after);
          }),
      });
      expect(await client.invoke("UserId")).toBe(before);
      server().clientPath.cut();
      server().clientPath.release();
      await expect.poll(() => client.reconnections).toHaveLength(1);
      expect(await client.invoke("UserId")).toBe(after);
    });

    if (transport === "LongPolling")
      it("ends the poll of a client that stops, by its DELETE", async () => {
        const http = new ObservedHttp();
        await using client = await connect({ httpClient: http });
        await client.connection.stop();
        expect(client.closed).toBe("");
        expect(http.requests.filter((method) => method === "DELETE")).toEqual(["DELETE"]);
        expect(await http.lastPoll).toBeOneOf([200, 204, "aborted"]);
      });

    if (transport === "WebSockets") describeWebSockets();
    else
      it("chooses a transport that the hub allows and that carries the protocol", async () => {
        await using client = await connect({ path: "/nowebsockets", transport: "any" });
        expect(client.transports).toEqual([protocol === "json" ? "ServerSentEvents" : "LongPolling"]);
        expect(await client.invoke("Echo", "hello")).toBe("hello");
      });

    if (transport !== "LongPolling")
      it("ends for the client when the server is silent for longer than the client waits", async () => {
        await using client = await connect();
        // Counts from the next message on.
        client.connection.serverTimeoutInMilliseconds = 200;
        await client.invoke("Nothing");
        expect(await client.end()).toBe("Server timeout elapsed without receiving a message from the server.");
      });
  });

  function describeWebSockets(): void {
    it("ends with an error for the hub when the network breaks", async () => {
      await using client = await connect();
      const { id } = client;
      server().clientPath.cut();
      server().clientPath.release();
      await client.end();
      await expect.poll(async () => (await journalOf(server(), id)).length).toBe(2);
    });

    it("survives a broken network under stateful reconnect, and loses nothing either way", async () => {
      const user = unique("user");
      await using client = await connect({ query: `user=${user}`, reconnect: "stateful" });
      const { id } = client;
      await client.invoke("SendToCaller", "before");
      server().clientPath.cut();
      for (const text of ["one", "two", "three"]) await control(server(), "POST", `/send?text=${text}&user=${user}`);
      const answers = ["four", "five"].map((text) => client.invoke("SendToCaller", text));
      server().clientPath.release();
      await Promise.all(answers);
      await client.received("before", "one", "two", "three", "four", "five");
      expect(client.connection.state).toBe(HubConnectionState.Connected);
      expect(await client.invoke("ConnectionId")).toBe(id);
      expect(client.reconnections).toEqual([]);
      expect(await journalOf(server(), id)).toEqual(["connected"]);
    });

    it("continues a stream over a broken network under stateful reconnect", async () => {
      await using client = await connect({ reconnect: "stateful" });
      const items: number[] = [];
      const subscription = client.connection
        .stream<number>("Forever")
        .subscribe({ next: (item) => items.push(item), complete: () => {}, error: () => {} });
      await expect.poll(() => items.length).toBeGreaterThan(5);
      server().clientPath.cut();
      server().clientPath.release();
      const seen = items.length;
      await expect.poll(() => items.length).toBeGreaterThan(seen + 20);
      subscription.dispose();
      expect(items).toEqual(items.map((_, i) => i + 1));
    });

    it("falls back to another transport where the client has no working WebSocket", async () => {
      class Broken {
        constructor() {
          throw new Error("WebSockets do not work here");
        }
      }
      // The client takes the constructor, but its public types do not name it.
      const options = { transport: "any", WebSocket: Broken } as const;
      await using client = await connect(options);
      expect(client.transports).toEqual(["WebSockets", protocol === "json" ? "ServerSentEvents" : "LongPolling"]);
      expect(await client.invoke("Echo", "hello")).toBe("hello");
    });

    it("may skip the negotiation where the server itself is the endpoint", async ({ skip }) => {
      if (server().behindService) skip("the redirect is the answer of a negotiation");
      await using client = await connect({ skipNegotiation: true, reconnect: "automatic" });
      expect(client.connection.connectionId).toBeNull();
      expect(await client.invoke("Echo", "hello")).toBe("hello");
      server().clientPath.cut();
      server().clientPath.release();
      await expect.poll(() => client.reconnections).toEqual([undefined]);
      expect(await client.invoke("Echo", "hello again")).toBe("hello again");
      await client.connection.stop();
      expect(client.connection.connectionId).toBeNull();
    });
  }
}
