import { HubConnectionState, Subject } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chat, canceled, held, holdAnew, seen } from "../test/chat.ts";
import { collect, combinations, connect } from "../test/test-client.ts";
import { DeliveryError, HubServer, type ListeningHubServer } from "./index.ts";

let server: HubServer;
let listening: ListeningHubServer;
let url: string;
const errors: string[] = [];

beforeAll(async () => {
  server = new HubServer({
    authenticate: ({ query }) => {
      const id = query.get("user");
      return id === "nobody" ? false : id === null ? {} : { id };
    },
    onError: (error, doing) => errors.push(`${doing}: ${error}`),
  }).map("/chat", Chat);
  listening = await server.listen(0);
  url = `http://127.0.0.1:${listening.port}/chat`;
});
afterAll(() => listening.close());

describe.each(combinations)("a client over $transport with $protocol", ({ transport, protocol }) => {
  const as = (user: string, received: unknown[][] = []) =>
    connect({
      url: `${url}?user=${user}`,
      transportName: transport,
      protocol,
      on: { newMessage: (...args) => received.push(args), confirm: (question: string) => question.endsWith("?") },
    });

  it("calls methods and gets their results", async () => {
    const ann = await as("ann");
    expect(await ann.invoke("echo", { a: [1, "ä", null] })).toEqual({ a: [1, "ä", null] });
    expect(await ann.invoke("LATER", 1)).toBe(1);
    expect(await ann.invoke("nothing")).toBeNull();
    await ann.stop();
  });

  it("gets what others send", async () => {
    const received: unknown[][] = [];
    const [ann, bob] = [await as("ann"), await as("bob", received)];
    await ann.invoke("send", "hello");
    await expect.poll(() => received).toEqual([["ann", "hello"]]);
    await ann.stop();
    await bob.stop();
  });

  it("streams down and up", async () => {
    const ann = await as("ann");
    expect(await collect(ann.stream("count", 3))).toEqual([1, 2, 3]);
    expect(await collect(ann.stream("readable", 3))).toEqual([0, 1, 2]);
    const subject = new Subject<string>();
    const joined = ann.invoke("concat", "-", subject);
    for (let i = 0; i < 30; i++) subject.next(String(i));
    subject.complete();
    expect(await joined).toBe(Array.from({ length: 30 }, (_, i) => i).join("-"));
    const words = new Subject<string>();
    const shouted = collect(ann.stream("shout", words));
    words.next("a");
    words.next("b");
    words.complete();
    expect(await shouted).toEqual(["A", "B"]);
    await ann.stop();
  });

  it("answers what the hub asks", async () => {
    const ann = await as("ann");
    expect(await ann.invoke("ask", "sure?")).toBe("yes");
    expect(await ann.invoke("ask", "sure")).toBe("no");
    await ann.stop();
  });

  it("tells how it came", async () => {
    const ann = await as("ann");
    expect(await ann.invoke("features")).toEqual([transport, protocol, null, "ann", "127.0.0.1"]);
    await ann.stop();
  });

  it("is connected and disconnected once", async () => {
    const user = `zoe-${transport}-${protocol}`;
    const events = () => seen.filter((event) => event.includes(user));
    const zoe = await as(user);
    await expect.poll(events).toEqual([`+${user}`]);
    await zoe.stop();
    await expect.poll(events).toEqual([`+${user}`, `-${user}`]);
  });

  it("learns that the hub has ended it", async () => {
    const ann = await as("ann");
    const closed = new Promise((resolve) => ann.onclose(resolve));
    await ann.send("leaveMe");
    expect(await closed).toBeUndefined();
    expect(ann.state).toBe(HubConnectionState.Disconnected);
  });
});

describe("audiences", () => {
  it("reach whom they name", async () => {
    const inboxes: Record<string, string[]> = {};
    const join = async (name: string, user: string) => {
      inboxes[name] = [];
      return connect({ url: `${url}?user=${user}`, on: { newMessage: (_, text) => inboxes[name]!.push(text) } });
    };
    const a = await join("a", "ann");
    const a2 = await join("a2", "ann");
    const b = await join("b", "bob");
    await a.invoke("join", "red");
    await a.invoke("join", "red");
    await b.invoke("join", "red");
    await b.invoke("join", "blue");
    const say = (audience: string, argument = "") => a.invoke("tell", audience, argument, audience);
    await say("all");
    await say("caller");
    await say("group", "red");
    await say("othersInGroup", "red");
    await say("groups", "red,blue");
    await say("user", "ann");
    await say("users", "ann,bob");
    await say("client", b.connectionId!);
    await say("clients", `${a.connectionId},${b.connectionId},gone`);
    await say("allExcept", `${a.connectionId},${a2.connectionId}`);
    await b.invoke("leave", "red");
    await a.invoke("tell", "group", "red", "after");
    await a.invoke("tell", "group", "Red", "other case");
    await server.hub(Chat).clients.all.newMessage(undefined, "end");
    await expect.poll(() => Object.values(inboxes).every((inbox) => inbox.at(-1) === "end")).toBe(true);
    expect(inboxes).toEqual({
      a: ["all", "caller", "group", "groups", "user", "users", "clients", "after", "end"],
      a2: ["all", "user", "users", "end"],
      b: ["all", "group", "othersInGroup", "groups", "groups", "users", "client", "clients", "allExcept", "end"],
    });
    for (const client of [a, a2, b]) await client.stop();
  });
});

describe("what goes wrong", () => {
  it.each([
    ["unknown", [], "Unknown hub method 'unknown'"],
    ["toString", [], "Unknown hub method 'toString'"],
    ["constructor", [], "Unknown hub method 'constructor'"],
    ["__proto__", [], "Unknown hub method '__proto__'"],
    ["_private", [], "Unknown hub method '_private'"],
    ["hidden", [], "Unknown hub method 'hidden'"],
    ["onConnected", [], "Unknown hub method 'onConnected'"],
    ["renamed", [], "Unknown hub method 'renamed'"],
    ["secret", [], "Failed to invoke 'secret' because user is unauthorized"],
    ["echo", [], "Failed to invoke 'echo' due to an error on the server."],
    ["echo", [1, 2], "Failed to invoke 'echo' due to an error on the server."],
    ["fail", [], "An unexpected error occurred invoking 'fail' on the server."],
    ["Refuse", [], "An unexpected error occurred invoking 'Refuse' on the server. HubException: not today"],
    ["count", [1], "The client attempted to invoke the streaming 'count' method with a non-streaming invocation."],
    ["readable", [1], "The client attempted to invoke the streaming 'readable' method with a non-streaming invocation."],
  ])("%s(%j) is answered by an error", async (method, args, text) => {
    const ann = await connect({ url });
    await expect(ann.invoke(method, ...args)).rejects.toThrow(new Error(text));
    expect(await ann.invoke("echo", 1)).toBe(1);
    await ann.stop();
  });

  it("streams that do not, and streams that break", async () => {
    const ann = await connect({ url });
    await expect(collect(ann.stream("echo", 1))).rejects.toThrow(
      "The client attempted to invoke the non-streaming 'echo' method with a streaming invocation.",
    );
    await expect(collect(ann.stream("breaks"))).rejects.toThrow(
      "An error occurred on the server while streaming results. HubException: broken",
    );
    const subject = new Subject<string>();
    const failing = ann.invoke("concat", "-", subject);
    subject.next("a");
    subject.error(new Error("lost"));
    await expect(failing).rejects.toThrow("HubException: ");
    await ann.stop();
  });

  it("says more when detailed errors are on", async () => {
    await using detailed = await new HubServer({ enableDetailedErrors: true, onError: () => {} }).map("/chat", Chat).listen(0);
    const ann = await connect({ url: `http://127.0.0.1:${detailed.port}/chat` });
    await expect(ann.invoke("fail")).rejects.toThrow(
      "An unexpected error occurred invoking 'fail' on the server. Error: a secret",
    );
    await expect(ann.invoke("echo")).rejects.toThrow(
      "Failed to invoke 'echo' due to an error on the server. InvalidDataException: Invocation provides 0 argument(s) but target expects 1.",
    );
    await expect(ann.invoke("between", "a", "b")).rejects.toThrow("Client sent 0 stream(s), Hub method expects 1.");
    await ann.stop();
  });
});

describe("a client that is asked and does not answer", () => {
  const silent = () => connect({ url, on: { confirm: () => new Promise(() => {}) } });
  const ask = (id: string, ...signal: AbortSignal[]) =>
    server
      .hub(Chat)
      .clients.client(id)
      .invoke("confirm", "sure?", ...(signal as [AbortSignal]));

  it("because it is not there", async () => {
    await expect(ask("nobody")).rejects.toMatchObject({
      name: "DeliveryError",
      code: "connectionNotFound",
      message: "Connection 'nobody' does not exist.",
    });
  });

  it("because it leaves", async () => {
    const ann = await silent();
    const id = ann.connectionId!;
    const asked = ask(id);
    const outcome = expect(asked).rejects.toMatchObject({ code: "disconnected", message: `Connection '${id}' disconnected.` });
    await ann.stop();
    await outcome;
  });

  it("in time", async () => {
    const ann = await silent();
    const asked = ask(ann.connectionId!, AbortSignal.timeout(20));
    await expect(asked).rejects.toMatchObject({ name: "DeliveryError", code: "timeout", cause: { name: "TimeoutError" } });
    await expect(asked).rejects.toBeInstanceOf(DeliveryError);
    await ann.stop();
  });

  it("before the caller wants no answer any more", async () => {
    const ann = await silent();
    const [before, after] = [AbortSignal.abort(), new AbortController()];
    const asked = ask(ann.connectionId!, after.signal);
    after.abort();
    for (const outcome of [asked, ask(ann.connectionId!, before)]) {
      await expect(outcome).rejects.toMatchObject({ name: "AbortError" });
    }
    await ann.stop();
  });
});

describe("parameters", () => {
  it("may be left out where they are optional, and streams may stand anywhere", async () => {
    const ann = await connect({ url });
    expect(await ann.invoke("maybe", "a")).toBe("a,undefined");
    expect(await ann.invoke("maybe", "a", "b")).toBe("a,b");
    expect(await ann.invoke("defaulted", "a")).toBe("a,b");
    expect(await ann.invoke("defaulted", "a", "c")).toBe("a,c");
    expect(await ann.invoke("anothername")).toBe("renamed");
    const subject = new Subject<string>();
    const joined = ann.invoke("between", "<", subject, ">");
    subject.next("x");
    subject.complete();
    expect(await joined).toBe("<x>");
    await ann.stop();
  });
});

describe("calls of one client", () => {
  it("run one after the other, while streams run beside them", async () => {
    holdAnew();
    const ann = await connect({ url });
    const order: string[] = [];
    const note = (name: string) => (value: unknown) => order.push(`${name} ${value}`);
    const all = [ann.invoke("hold").then(note("hold")), collect(ann.stream("count", 2)).then(note("count"))];
    await all[1];
    all.push(ann.invoke("echo", 1).then(note("echo")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(order).toEqual(["count 1,2"]);
    held.resolve();
    await Promise.all(all);
    expect(order).toEqual(["count 1,2", "hold held", "echo 1"]);
    await ann.stop();
  });

  it("run side by side as far as they may", async () => {
    holdAnew();
    await using two = await new HubServer({ maximumParallelInvocationsPerClient: 2 }).map("/chat", Chat).listen(0);
    const ann = await connect({ url: `http://127.0.0.1:${two.port}/chat` });
    const holding = ann.invoke("hold");
    expect(await ann.invoke("echo", 1)).toBe(1);
    held.resolve();
    await holding;
    await ann.stop();
  });

  it("know their connection, whose items stay", async () => {
    const ann = await connect({ url });
    expect(await ann.invoke("items")).toBe(1);
    expect(await ann.invoke("items")).toBe(2);
    await ann.stop();
  });

  it("can be cancelled while they stream", async () => {
    canceled.length = 0;
    const ann = await connect({ url });
    for (const method of ["forever", "stuck"]) {
      await new Promise<void>((resolve) => {
        const subscription = ann.stream(method).subscribe({
          next: () => {
            subscription.dispose();
            resolve();
          },
          complete: () => {},
          error: () => {},
        });
      });
    }
    await expect.poll(() => canceled.toSorted()).toEqual(["forever", "stuck"]);
    await ann.stop();
  });
});

describe("authentication", () => {
  it("turns away whom it does not know", async () => {
    await expect(connect({ url: `${url}?user=nobody` })).rejects.toThrow("401");
  });
});
