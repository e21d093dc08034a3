import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Rest } from "./rest.ts";
import { type RunningService, type Runtime, startService } from "./service.ts";
import { type ConnectClient, combinations, type TestClient } from "./test-client.ts";
import { clientToken, clientUrl } from "./token.ts";
import { startUpstream, type Upstream, type UpstreamAnswer, type UpstreamRequest } from "./upstream.ts";

const hub = "chat";

/** What every SignalR client can expect of the service, over every transport and protocol, wherever the client runs. */
export function describeClient(runtime: Runtime, connectClient: ConnectClient): void {
  let upstream: Upstream;
  let service: RunningService;
  let rest: Rest;

  beforeAll(async () => {
    upstream = await startUpstream(answer);
    service = await startService({ runtime, settings: upstream.settings });
    rest = new Rest(service, hub);
  });

  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await upstream?.[Symbol.asyncDispose]();
  });

  describe.each(combinations)("$transport with $protocol", (combination) => {
    const connect = (userId?: string) =>
      connectClient({
        ...combination,
        url: clientUrl(service, hub),
        accessToken: clientToken(service, hub, userId === undefined ? {} : { nameid: userId }),
      });
    /** A client for the length of `test`, of a user of its own. */
    const withClient = async (test: (client: TestClient, userId: string) => Promise<void>) => {
      const userId = `user-${crypto.randomUUID()}`;
      const client = await connect(userId);
      try {
        await test(client, userId);
      } finally {
        await client.stop();
      }
    };
    const arrived = (client: TestClient) => expect.poll(() => client.messages());

    it("receives what is sent to all, to its user, to its group and to its connection, in the order sent", () =>
      withClient(async (client, userId) => {
        await rest.must("PUT", `/groups/${userId}/connections/${client.connectionId}`);
        await rest.send("", "message", "to all");
        await rest.send(`/users/${userId}`, "message", "to the user");
        await rest.send(`/groups/${userId}`, "message", "to the group");
        await rest.send(`/connections/${client.connectionId}`, "message", "to the connection");
        await arrived(client).toEqual([["to all"], ["to the user"], ["to the group"], ["to the connection"]]);
      }));

    it("does not receive what is meant for others", () =>
      withClient(async (client, userId) => {
        await rest.send("/users/somebody-else", "message", "not for me");
        await rest.send("/groups/elsewhere", "message", "not for me");
        await rest.must("POST", `/:send?excluded=${client.connectionId}`, { target: "message", arguments: ["not for me"] });
        await rest.send(`/users/${userId}`, "message", "for me");
        await arrived(client).toEqual([["for me"]]);
      }));

    it("receives arguments of every kind", () =>
      withClient(async (client) => {
        const args = ["grüße, 你好 🎉 \u2028", 1, -1.5, 1_099_511_627_776, true, null, [], {}, { a: { b: [1, "x", null] } }];
        await rest.send(`/connections/${client.connectionId}`, "message", ...args);
        await arrived(client).toEqual([args]);
      }));

    it("receives a message of almost 1 MB", () =>
      withClient(async (client) => {
        const text = "Zürich ".repeat(120_000);
        await rest.send(`/connections/${client.connectionId}`, "message", text);
        await expect.poll(async () => (await client.messages())[0]?.[0] === text).toBe(true);
      }));

    it("invokes a method of the app and gets its result", () =>
      withClient(async (client) => {
        const value = { text: "grüße 🎉", list: [1, 2.5, null], nested: { yes: true } };
        expect(await client.invoke("echo", value)).toEqual(value);
      }));

    it("gets the app's error as the error of its invocation", () =>
      withClient(async (client) => {
        await expect(client.invoke("refuse")).rejects.toThrow("not today");
      }));

    it("gets no result from a method without one", () =>
      withClient(async (client) => {
        expect(await client.invoke("nothing")).toBeOneOf([undefined, null]);
      }));

    it("gets an error that names the status when the app fails", () =>
      withClient(async (client) => {
        await expect(client.invoke("crash")).rejects.toThrow("Invocation failed, status code 500");
      }));

    it("sends to the app with its identity", () =>
      withClient(async (client, userId) => {
        await client.send("note", "hello");
        const note = await eventOf(client, "messages/note");
        expect(note.invocation.arguments).toEqual(["hello"]);
        expect(note.headers).toMatchObject({ "x-asrs-hub": hub, "x-asrs-user-id": userId });
      }));

    it("sends the app a message of almost 1 MB", () =>
      withClient(async (client) => {
        const text = "x".repeat(1_000_000);
        expect(await client.invoke("length", text)).toBe(text.length);
      }));

    it("reads a stream whose items and end come by REST", () =>
      withClient(async (client) => {
        const outcome = client.stream("count", 3);
        const { invocationId } = (await eventOf(client, "messages/count")).invocation;
        const stream = `/connections/${client.connectionId}/streams/${invocationId}`;
        for (const item of [1, "two", { three: 3 }]) await rest.must("POST", `${stream}/:send`, item);
        await rest.must("POST", `${stream}/:complete`);
        expect(await outcome).toEqual({ items: [1, "two", { three: 3 }], error: undefined });
      }));

    it("sees the error that ends a stream", () =>
      withClient(async (client) => {
        const outcome = client.stream("count", 1);
        const { invocationId } = (await eventOf(client, "messages/count")).invocation;
        const stream = `/connections/${client.connectionId}/streams/${invocationId}`;
        await rest.must("POST", `${stream}/:send`, 1);
        await rest.must("POST", `${stream}/:complete?error=${encodeURIComponent("out of numbers")}`);
        expect(await outcome).toEqual({ items: [1], error: "out of numbers" });
      }));

    it("answers an invocation that comes by REST", () =>
      withClient(async (client) => {
        const answer = await rest.must("POST", `/connections/${client.connectionId}/:invoke`, {
          target: "double",
          arguments: [21],
        });
        expect(answer).toMatchObject({ result: 42 });
      }));

    it("answers an invocation that comes by REST with its error", () =>
      withClient(async (client) => {
        const response = await rest.call("POST", `/connections/${client.connectionId}/:invoke`, {
          target: "fail",
          arguments: [],
        });
        expect(response.ok).toBe(false);
        expect(await response.text()).toContain("the client failed");
      }));

    it("is closed by REST with the reason", () =>
      withClient(async (client) => {
        await rest.must("DELETE", `/connections/${client.connectionId}?reason=${encodeURIComponent("maintenance, grüße")}`);
        await expect.poll(() => client.closed()).toContain("maintenance, grüße");
      }));

    it("exists for REST exactly as long as it is connected, and the app hears both ends", async () => {
      const client = await connect();
      await eventOf(client, "connections/connected");
      expect((await rest.call("HEAD", `/connections/${client.connectionId}`)).status).toBe(200);
      await client.stop();
      await eventOf(client, "connections/disconnected");
      expect((await rest.call("HEAD", `/connections/${client.connectionId}`)).status).toBe(404);
    });
  });

  /** The first webhook call of this event for this client, awaited. */
  async function eventOf(client: TestClient, event: string): Promise<UpstreamRequest> {
    const find = () =>
      upstream.requests.find((request) => request.connectionId === client.connectionId && request.event === event);
    await expect.poll(find, { message: event }).toBeDefined();
    return find()!;
  }
}

function answer(request: UpstreamRequest): UpstreamAnswer | undefined {
  switch (request.event) {
    case "messages/echo":
      return request.completion({ result: request.invocation.arguments[0] });
    case "messages/length":
      return request.completion({ result: (request.invocation.arguments[0] as string).length });
    case "messages/refuse":
      return request.completion({ error: "not today" });
    case "messages/nothing":
      return request.completion({});
    case "messages/crash":
      return { status: 500, body: "a stack trace" };
    default:
      return undefined;
  }
}
