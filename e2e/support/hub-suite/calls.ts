import { describe, expect, it } from "vitest";
import { type Stage, unique } from "./stage.ts";

const parcel = {
  Text: "grüße, 你好 🎉",
  Number: 9_007_199_254_740_991,
  Ratio: -0.5,
  Flag: true,
  Nothing: null,
  Numbers: [1, 2, 3],
};
const time = new Date("2026-02-03T04:05:06.789Z");

/** ASP.NET Core says the one or the other, depending on whether the protocol reads the arguments or the target first. */
function unknownMethod(name: string): RegExp {
  return new RegExp(
    `Unknown hub method '${name}'|Failed to invoke '${name}' due to an error on the server.*Method does not exist`,
  );
}

export function describeCalls({ connect, combination, server }: Stage): void {
  describe("invoking hub methods", () => {
    it.each([
      ["a text", "grüße, 你好 🎉 \u2028"],
      ["numbers", [0, -1, 2.5, 1_099_511_627_776]],
      ["truth", [true, false]],
      ["nothing", null],
      ["an object", { a: { b: [1, "x", null] }, empty: {}, list: [] }],
    ])("returns %s as it came", async (_, value) => {
      await using client = await connect();
      expect(await client.invoke("Echo", value)).toEqual(value);
    });

    it("returns a text of 20,000 characters", async () => {
      await using client = await connect();
      const text = "Zürich".repeat(4_000);
      expect((await client.invoke<string>("Echo", text)).length).toBe(text.length);
    });

    it("finds methods whatever the letter case", async () => {
      await using client = await connect();
      expect(await client.invoke("eCHO", "hello")).toBe("hello");
    });

    it("passes several arguments in order, and returns no result from a method without one", async () => {
      await using client = await connect();
      expect(await client.invoke("Add", 40, 2)).toBe(42);
      expect(await client.invoke("Nothing")).toBeOneOf([null, undefined]);
    });

    it("does what a client sends without waiting, in order", async () => {
      await using client = await connect();
      await client.connection.send("SendToCaller", "one");
      await client.connection.send("SendToCaller", "two");
      await client.received("one", "two");
    });

    it("carries an object with bytes and a time in both directions, as the protocol has them", async () => {
      await using client = await connect();
      const native = { ...parcel, Bytes: Uint8Array.of(1, 2, 255), Time: time };
      const asText = { ...parcel, Bytes: "AQL/", Time: time.toISOString() };
      const sent = combination.protocol === "json" ? asText : native;
      const read = (value: unknown) => {
        const { Bytes, Time, ...rest } = value as typeof native & typeof asText;
        return { ...rest, Bytes: typeof Bytes === "string" ? Bytes : [...Bytes], Time: new Date(Time) };
      };
      const expected = { ...parcel, Bytes: combination.protocol === "json" ? "AQL/" : [1, 2, 255], Time: time };
      expect(read(await client.invoke("EchoParcel", sent))).toEqual(expected);
      await client.invoke("SendParcel", sent);
      await expect.poll(() => client.messages.map(read)).toEqual([expected]);
    });

    it("runs one invocation of a client after the other, beside those of other clients", async () => {
      await using waiting = await connect();
      await using other = await connect();
      const gate = unique("gate");
      const order: string[] = [];
      const first = waiting.invoke("Wait", gate).then(() => order.push("first"));
      const second = waiting.invoke("Add", 1, 2).then(() => order.push("second"));
      expect(await other.invoke("Echo", "not held back")).toBe("not held back");
      expect(order).toEqual([]);
      await other.invoke("Open", gate);
      await Promise.all([first, second]);
      expect(order).toEqual(["first", "second"]);
    });

    it("runs a stream beside an invocation that waits", async () => {
      await using client = await connect();
      await using other = await connect();
      const gate = unique("gate");
      const streamed = client.stream("Count", 3);
      const waits = client.invoke("Wait", gate);
      expect(await streamed).toEqual({ items: [1, 2, 3], error: undefined });
      await other.invoke("Open", gate);
      await waits;
    });
  });

  describe("errors of hub methods", () => {
    it("tells what a HubException says", async () => {
      await using client = await connect();
      await expect(client.invoke("Refuse", "not today, grüße")).rejects.toThrow(
        "An unexpected error occurred invoking 'Refuse' on the server. HubException: not today, grüße",
      );
    });

    it("tells what another error says where detailed errors are on, and goes on", async () => {
      await using client = await connect();
      const error = await client.invoke("Crash", "disk full").catch((error: Error) => error.message);
      expect(error).toMatch(/An unexpected error occurred invoking 'Crash' on the server\. \w+: disk full$/);
      expect(await client.invoke("Echo", "still here")).toBe("still here");
    });

    it("tells only what a HubException says where detailed errors are off", async () => {
      await using client = await connect({ path: "/quiethub" });
      await expect(client.invoke("Crash", "a secret")).rejects.toThrow(
        /An unexpected error occurred invoking 'Crash' on the server\.$/,
      );
      await expect(client.invoke("Refuse", "no secret")).rejects.toThrow("HubException: no secret");
    });

    it("names a method that does not exist", async () => {
      await using client = await connect();
      await expect(client.invoke("Missing")).rejects.toThrow(unknownMethod("Missing"));
    });

    it("does not take the hub's own members for methods", async () => {
      await using client = await connect();
      for (const name of ["OnConnectedAsync", "OnDisconnectedAsync", "Dispose", "ToString", "constructor", "__proto__"])
        await expect(client.invoke(name)).rejects.toThrow(unknownMethod(name));
    });

    it("ignores a call without answer of a method that does not exist or fails", async () => {
      await using client = await connect();
      await client.connection.send("Missing");
      await client.connection.send("Crash", "unheard");
      expect(await client.invoke("Echo", "still here")).toBe("still here");
    });

    it("counts the arguments", async () => {
      await using client = await connect();
      const error = await client.invoke("Add", 1).catch((error: Error) => error.message);
      expect(error).toContain("Failed to invoke 'Add' due to an error on the server.");
      expect(error).toContain("Invocation provides 1 argument(s) but target expects 2.");
    });

    it("refuses to invoke a streaming method, and to stream from another", async () => {
      await using client = await connect();
      await expect(client.invoke("Count", 1)).rejects.toThrow(
        "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.",
      );
      expect((await client.stream("Echo", 1)).error).toContain(
        "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.",
      );
    });

    it("lets only those call a method who may", async () => {
      await using visitor = await connect({ query: "user=ann" });
      await expect(visitor.invoke("AdminOnly")).rejects.toThrow("Failed to invoke 'AdminOnly' because user is unauthorized");
      await using admin = await connect({ query: "user=ann&role=editor&role=admin" });
      expect(await admin.invoke("AdminOnly")).toBe("welcome");
    });

    it("closes the connection of a client that sends a message over the limit", async () => {
      await using client = await connect();
      // Over long polling and server-sent events the answer to the request may come before the end, or not at all.
      const sent = client.invoke("Echo", "x".repeat(40_000)).catch((error: Error) => error.message);
      expect(await client.end()).toContain("The maximum message size of 32768B was exceeded.");
      expect(await sent).toBeTypeOf("string");
    });
  });

  describe("what a hub knows of its client", () => {
    it("knows the connection id that the client has", async () => {
      await using client = await connect();
      expect(await client.invoke("ConnectionId")).toBe(client.id);
    });

    it("knows the user and all values of a claim", async () => {
      const user = unique("user");
      await using client = await connect({ query: `user=${user}&team=red&team=gr%C3%BCn` });
      expect(await client.invoke("UserId")).toBe(user);
      expect(await client.invoke("Teams")).toEqual(["red", "grün"]);
    });

    it("knows that a client is nobody", async () => {
      await using client = await connect();
      expect(await client.invoke("UserId")).toBeOneOf([null, undefined]);
      expect(await client.invoke("Teams")).toEqual([]);
    });

    it("reads the query", async () => {
      await using client = await connect({ query: "room=caf%C3%A9%20%26%20bar&empty=" });
      expect(await client.invoke("QueryValue", "room")).toBe("café & bar");
      expect(await client.invoke("QueryValue", "empty")).toBe("");
      expect(await client.invoke("QueryValue", "absent")).toBeOneOf([null, undefined]);
    });

    it("reads the headers, the client's own among them", async () => {
      await using client = await connect({ headers: { "X-Custom": "one, two" } });
      expect(await client.invoke("Header", "x-custom")).toBe("one, two");
      expect(await client.invoke("Header", "User-Agent")).toMatch(/^Microsoft SignalR\//);
      await using disguised = await connect({ headers: { "User-Agent": "mine" } });
      expect(await disguised.invoke("Header", "User-Agent")).toBe("mine");
    });

    it("hears a client with a content type of its own", async () => {
      await using client = await connect({ headers: { "Content-Type": "text/x-mine" } });
      expect(await client.invoke("Header", "Content-Type")).toBe("text/x-mine");
    });

    it("sees the cookies of the negotiation, without those that have expired", async () => {
      await using client = await connect();
      const cookies = await client.invoke<string>("Header", "Cookie");
      // Over WebSockets and server-sent events this client repeats the cookies' attributes.
      expect(cookies.split("; ")).toEqual(expect.arrayContaining(["flavour=oat", "colour=blue"]));
      expect(cookies).not.toContain("stale");
    });

    it("knows the client's address", async () => {
      await using client = await connect();
      expect(await client.invoke("RemoteAddress")).toMatch(/^(::ffff:)?127\.0\.0\.1$|^::1$/);
    });

    it("keeps items for each connection", async () => {
      await using one = await connect();
      await using two = await connect();
      expect([await one.invoke("NextNumber"), await one.invoke("NextNumber")]).toEqual([1, 2]);
      expect(await two.invoke("NextNumber")).toBe(1);
    });

    it("lets a token decide where the hub asks for one", async () => {
      const user = unique("user");
      const response = await fetch(`${server().controlUrl}/token?user=${user}`, { method: "POST" });
      const token = await response.text();
      for (const accessTokenFactory of [() => token, async () => token]) {
        await using client = await connect({ path: "/authorizedhub", accessTokenFactory });
        expect(await client.invoke("UserId")).toBe(user);
      }
      for (const options of [{}, { accessTokenFactory: () => "another" }]) {
        const error = await connect({ path: "/authorizedhub", ...options }).catch((error: Error) => error.message);
        expect(error).toContain("Failed to complete negotiation with the server");
        expect(error).toMatch(/401|Unauthorized/);
      }
    });
  });
}
