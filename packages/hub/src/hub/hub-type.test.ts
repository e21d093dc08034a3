import { describe, expect, it } from "vitest";
import { Hub } from "./hub.ts";
import { HubType } from "./hub-type.ts";

describe("What clients can call", () => {
  class Base extends Hub {
    inherited() {}
    overridden() {
      return "base";
    }
    get accessor() {
      return () => {};
    }
    static outside() {}
    _underscore() {}
    #hash() {}
    reach() {
      this.#hash();
    }
    [Symbol.iterator]() {}
  }
  class Chat extends Base {
    static override readonly methods = { hidden: false, renamed: { name: "Say" } } as const;
    field = () => {};
    override overridden() {
      return "chat";
    }
    override onConnected() {}
    hidden() {}
    renamed() {}
  }
  const type = new HubType(Chat);

  it.each(["inherited", "OVERRIDDEN", "reach", "say", "Say"])("%s", (name) => {
    expect(type.find(name)).toBeDefined();
  });

  it.each([
    "accessor",
    "outside",
    "_underscore",
    "#hash",
    "hash",
    "hidden",
    "renamed",
    "field",
    "onConnected",
    "onDisconnected",
    "constructor",
    "context",
    "clients",
    "groups",
    "signal",
    "toString",
    "hasOwnProperty",
    "__proto__",
    "__defineGetter__",
    "",
  ])("not %j", (name) => {
    expect(type.find(name)).toBeUndefined();
  });

  it("is the nearest method of a name", () => {
    expect(type.find("overridden")!.run.call(new Chat())).toBe("chat");
  });

  it("is refused when it cannot be told apart, or does not exist", () => {
    class Twice extends Hub {
      send() {}
      Send() {}
    }
    expect(() => new HubType(Twice)).toThrow(/two methods 'send' and 'Send'/);
    class Missing extends Hub {
      static override readonly methods = { sned: {} };
      send() {}
    }
    expect(() => new HubType(Missing)).toThrow("'sned', which is no method");
  });
});

describe("The number of arguments", () => {
  class Counting extends Hub {
    static override readonly methods = { maybe: { optional: 1 }, between: { streams: [1] } } as const;
    two(_a: unknown, _b: unknown) {}
    maybe(_a: unknown, _b?: unknown) {}
    defaulted(_a: unknown, _b = ")") {}
    rest(_a: unknown, ..._others: unknown[]) {}
    between(_a: unknown, _stream: AsyncIterable<unknown>, _b: unknown) {}
    destructured({ a }: { a: unknown }) {
      return a;
    }
  }
  const type = new HubType(Counting);
  const check = (name: string, args: number, streams = 0) => type.find(name)!.checkCounts(args, streams);

  it.each([
    ["two", 2, 0],
    ["two", 1, 1],
    ["two", 0, 2],
    ["maybe", 1, 0],
    ["maybe", 2, 0],
    ["defaulted", 1, 0],
    ["defaulted", 2, 0],
    ["rest", 1, 0],
    ["rest", 5, 0],
    ["between", 2, 1],
    ["destructured", 1, 0],
  ])("of %s may be %i with %i streams", (name, args, streams) => {
    expect(() => check(name, args, streams)).not.toThrow();
  });

  it.each([
    ["two", 1, 0, "Invocation provides 1 argument(s) but target expects 2."],
    ["two", 3, 0, "Invocation provides 3 argument(s) but target expects 2."],
    ["two", 0, 3, "Client sent 3 stream(s), Hub method expects 2."],
    ["maybe", 0, 0, "Invocation provides 0 argument(s) but target expects 2."],
    ["maybe", 3, 0, "Invocation provides 3 argument(s) but target expects 2."],
    ["rest", 0, 0, "Invocation provides 0 argument(s) but target expects 1."],
    ["between", 2, 0, "Client sent 0 stream(s), Hub method expects 1."],
    ["between", 1, 1, "Invocation provides 1 argument(s) but target expects 2."],
  ])("of %s is not %i with %i streams", (name, args, streams, text) => {
    expect(() => check(name, args, streams)).toThrow(text);
  });
});
