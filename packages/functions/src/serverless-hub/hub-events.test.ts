import type { InvocationContext } from "@azure/functions";
import { ServiceClient } from "@signalbox/management";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { filter, hidden, parameters, signalRConnection } from "./decorators.ts";
import { type HubFilter, requireClaim } from "./filter.ts";
import { eventsOf } from "./hub-events.ts";
import type { SignalRInvocationContext } from "./invocation-context.ts";
import { type HubClass, ServerlessHub } from "./serverless-hub.ts";

type Context = SignalRInvocationContext;

// Nothing is sent.
const hubContext = ServiceClient.fromConnectionString("Endpoint=http://localhost;AccessKey=k;").hub("chat");

function contextWith(more: Partial<Context> = {}): Context {
  return {
    hub: "Chat",
    category: "messages",
    event: "say",
    connectionId: "c1",
    arguments: [],
    headers: {},
    query: {},
    claims: {},
    functionContext: {} as InvocationContext,
    ...more,
  };
}

function run(hub: HubClass, name: string, context: Partial<Context> = {}) {
  const event = eventsOf(hub).find(({ method }) => method === name);
  return event!.run(Reflect.construct(hub, [hubContext]), contextWith(context));
}

const listOf = (hub: HubClass) => eventsOf(hub).map(({ category, event }) => `${category} ${event}`);

/** A filter that writes down when it runs. */
const noting =
  (name: string, notes: string[]): HubFilter =>
  () =>
    void notes.push(name);

describe("The events of a hub", () => {
  it("are its methods: two for connections, the others messages", () => {
    class Chat extends ServerlessHub {
      onConnected(_: Context) {}
      onDisconnected(_: Context) {}
      say(_: Context) {}
      onChange(_: Context) {}
      "with.dot"(_: Context) {}
    }
    expect(listOf(Chat)).toEqual([
      "connections connected",
      "connections disconnected",
      "messages say",
      "messages onChange",
      "messages with.dot",
    ]);
  });

  it("are also called OnConnected and OnDisconnected", () => {
    class Chat extends ServerlessHub {
      OnConnected() {}
      OnDisconnected() {}
    }
    expect(listOf(Chat)).toEqual(["connections connected", "connections disconnected"]);
  });

  it("are not what nobody should call", () => {
    const symbol = Symbol("s");
    class Chat extends ServerlessHub {
      static override readonly methods = { left: false as const };
      static create() {}
      arrow = () => {};
      override negotiate() {
        return super.negotiate();
      }
      override toString() {
        return "chat";
      }
      get size() {
        return this.#private();
      }
      #private() {
        return 1;
      }
      _helper() {}
      left() {}
      [symbol]() {}
      say() {}
    }
    expect(listOf(Chat)).toEqual(["messages say"]);
  });

  it("include those of base classes, once", async () => {
    class Base extends ServerlessHub {
      say() {
        return "base";
      }
      ping() {
        return "pong";
      }
    }
    class Chat extends Base {
      override say() {
        return `chat and ${super.say()}`;
      }
    }
    expect(listOf(Chat)).toEqual(["messages say", "messages ping"]);
    expect(await run(Chat, "say")).toBe("chat and base");
  });

  it("are told apart by more than letter case", () => {
    class Chat extends ServerlessHub {
      say() {}
      Say() {}
    }
    class Talk extends ServerlessHub {
      Negotiate() {}
    }
    expect(() => eventsOf(Chat)).toThrow("The methods say and Say of the hub Chat are one event: rename one.");
    expect(() => eventsOf(Talk)).toThrow("The methods negotiate and Negotiate of the hub Talk are one event");
  });

  it("are what `methods` may name", () => {
    class Chat extends ServerlessHub {
      static override readonly methods = { shout: {} };
    }
    expect(() => eventsOf(Chat)).toThrow('The hub Chat has no method shout, which its static member "methods" names.');
  });
});

describe("A method", () => {
  class Chat extends ServerlessHub {
    readonly greeting: string = "hello";
    onConnected(...args: unknown[]) {
      return args.length;
    }
    say({ connectionId }: Context, text: string, ending = "!") {
      return `${connectionId}: ${this.greeting} ${text}${ending}`;
    }
    many(_: Context, ...items: number[]) {
      return items;
    }
    async fail() {
      throw new Error("not today");
    }
  }

  it("gets the context, then the arguments, as a method of its instance", async () => {
    expect(await run(Chat, "say", { arguments: ["ann"] })).toBe("c1: hello ann!");
    expect(await run(Chat, "say", { arguments: ["ann", "?"] })).toBe("c1: hello ann?");
    expect(await run(Chat, "many", { arguments: [1, 2, 3] })).toEqual([1, 2, 3]);
    expect(await run(Chat, "many")).toEqual([]);
    await expect(run(Chat, "fail")).rejects.toThrow("not today");
  });

  it("of a connection event gets the context alone", async () => {
    expect(await run(Chat, "onConnected", { category: "connections" })).toBe(1);
  });

  it("is not called without the arguments it needs", async () => {
    await expect(run(Chat, "say")).rejects.toThrow("say takes 1 argument; the invocation has 0.");
  });
});

describe("Schemas", () => {
  class Chat extends ServerlessHub {
    static override readonly methods = { say: { parameters: [z.string().trim(), z.number().default(1)] } };
    say(_: Context, text: string, times?: number) {
      return [text, times];
    }
  }

  it("check, convert and fill in arguments", async () => {
    expect(await run(Chat, "say", { arguments: [" a ", 2] })).toEqual(["a", 2]);
    expect(await run(Chat, "say", { arguments: ["a"] })).toEqual(["a", 1]);
  });

  it("name the argument that they refuse", async () => {
    await expect(run(Chat, "say", { arguments: ["a", "2"] })).rejects.toThrow(/^Argument 2 of say is not valid: /);
    await expect(run(Chat, "say", { arguments: [] })).rejects.toThrow(/^Argument 1 of say is not valid: /);
    await expect(run(Chat, "say", { arguments: ["a", 1, 2] })).rejects.toThrow("say takes 2 arguments; the invocation has 3.");
  });
});

describe("Filters", () => {
  it("run in order, those of the class first, and before the arguments are looked at", async () => {
    const notes: string[] = [];
    class Chat extends ServerlessHub {
      static override readonly filters = [noting("class 1", notes), noting("class 2", notes)];
      static override readonly methods = { say: { filters: [noting("method 1", notes), noting("method 2", notes)] } };
      say(_: Context, _text: string) {}
    }
    await expect(run(Chat, "say")).rejects.toThrow("takes 1 argument");
    expect(notes).toEqual(["class 1", "class 2", "method 1", "method 2"]);
  });

  it("keep a method from being called", async () => {
    let calls = 0;
    class Chat extends ServerlessHub {
      static override readonly methods = { say: { filters: [requireClaim("admin", true)] } };
      say() {
        calls += 1;
      }
    }
    await expect(run(Chat, "say")).rejects.toThrow('The claim "admin" is required.');
    await expect(run(Chat, "say", { claims: { admin: "false" } })).rejects.toThrow('The claim "admin" does not allow this.');
    expect(calls).toBe(0);
    await run(Chat, "say", { claims: { admin: "True" } });
    expect(calls).toBe(1);
  });

  it("ask for a claim with any value, or one of several", async () => {
    const filtered = async (pass: HubFilter, claims: Record<string, string>) => pass(contextWith({ claims }));
    await filtered(requireClaim("role"), { role: "" });
    await filtered(requireClaim("role", "teller", 2), { role: "2" });
    await expect(filtered(requireClaim("role", "teller"), { role: "Teller" })).rejects.toThrow("does not allow");
    await expect(filtered(requireClaim("constructor"), {})).rejects.toThrow("is required");
  });

  it("name claims as tokens do, or as the service does", async () => {
    const long = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    const filtered = async (pass: HubFilter) => pass(contextWith({ claims: { [long]: "teller" } }));
    await filtered(requireClaim("role", "teller"));
    await filtered(requireClaim(long, "teller"));
    await expect(filtered(requireClaim("role", "boss"))).rejects.toThrow("does not allow");
  });
});

describe("negotiate", () => {
  class Chat extends ServerlessHub {}
  const chat = new Chat(hubContext);

  it("gives URL and token", async () => {
    expect((await chat.negotiate()).url).toBe("http://localhost/client/?hub=chat");
    expect(await chat.negotiate({ userId: "Doe, Ann", claims: { name: "a: b", at: "12:30, 13:00", n: 1 } })).toHaveProperty(
      "accessToken",
    );
  });

  it("refuses what would be read as another claim", async () => {
    for (const userId of ["x, admin: true", "x,admin: true", "x, y, admin: "]) {
      await expect(chat.negotiate({ userId })).rejects.toThrow("would be read as several claims");
    }
    await expect(chat.negotiate({ claims: { name: "x, admin: true" } })).rejects.toThrow('The claim "name"');
    await expect(chat.negotiate({ claims: { name: ["x", "y, admin: true"] } })).rejects.toThrow('The claim "name"');
    await expect(chat.negotiate({ claims: { "x, admin": "true" } })).rejects.toThrow('The claim "x, admin"');
  });
});

// Decorators as a compiler calls them: this file is run by one that does not translate them. The end-to-end test has a translated app.
describe("Decorators", () => {
  const onMethod = {} as ClassMethodDecoratorContext;
  const onClass = {} as ClassDecoratorContext;

  it("say what static members say", async () => {
    const notes: string[] = [];
    class Chat extends ServerlessHub {
      say(_: Context, text: string) {
        return text;
      }
      left() {}
    }
    parameters(z.string())(Chat.prototype.say, onMethod);
    filter(noting("method 2", notes))(Chat.prototype.say, onMethod);
    filter(noting("method 1", notes))(Chat.prototype.say, onMethod);
    hidden(Chat.prototype.left, onMethod);
    filter(noting("class 2", notes))(Chat, onClass);
    filter(noting("class 1", notes))(Chat, onClass);
    signalRConnection("Other")(Chat, onClass);
    expect(Chat.connectionSetting).toBe("Other");
    expect(ServerlessHub.connectionSetting).toBe("AzureSignalRConnectionString");
    expect(ServerlessHub.filters).toEqual([]);
    expect(listOf(Chat)).toEqual(["messages say"]);
    expect(await run(Chat, "say", { arguments: ["a"] })).toBe("a");
    expect(notes).toEqual(["class 1", "class 2", "method 1", "method 2"]);
    await expect(run(Chat, "say", { arguments: [1] })).rejects.toThrow("Argument 1");
  });

  it("hold for methods that override what they decorate", async () => {
    class Base extends ServerlessHub {
      say() {}
      left() {}
    }
    filter(requireClaim("admin"))(Base.prototype.say, onMethod);
    hidden(Base.prototype.left, onMethod);
    class Chat extends Base {
      override say() {}
      override left() {}
    }
    expect(listOf(Chat)).toEqual(["messages say"]);
    await expect(run(Chat, "say")).rejects.toThrow('The claim "admin" is required.');
  });
});
