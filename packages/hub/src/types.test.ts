import type { HubConnection, ISubscription } from "@microsoft/signalr";
import { Subject } from "@microsoft/signalr";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type ItemStream, typedConnection } from "./client/typed-connection.ts";
import { Hub, type HubMethodOptions, type HubMethods, HubServer } from "./index.ts";

// Checked by the compiler (`tsc -p tsconfig.test.json`); nothing of this is called.

interface ChatClient {
  newMessage(from: string, text: string): void;
  confirm(question: string): Promise<boolean>;
}

class Chat extends Hub<ChatClient> {
  static override readonly methods = {
    say: { authorize: ({ user }) => user !== undefined, parameters: [z.string(), z.number()] },
    upload: { streams: [1], parameters: [z.string()] },
    helper: false,
  } satisfies HubMethodOptions<Chat>;

  override async onConnected() {}
  say(_text: string, _times: number) {}
  async add(a: number, b: number) {
    return a + b;
  }
  async *count(to: number) {
    yield to;
  }
  letters(): ReadableStream<string> {
    return new ReadableStream();
  }
  async upload(_name: string, _parts: AsyncIterable<number>) {
    return 1;
  }
  refuse(): never {
    throw new Error("no");
  }
  helper(_: number) {}
  _hidden() {}
  protected inner(_: number) {}
}

describe("A typed hub", () => {
  const chat = {} as Chat;

  it("sends what its clients understand", () => {
    const compiles = () => [
      chat.clients.all.newMessage("ann", "hello"),
      chat.clients.others.newMessage("ann", "hello"),
      chat.clients.caller.newMessage("ann", "hello"),
      chat.clients.othersInGroup("red").newMessage("ann", "hello"),
      chat.clients.client("c").send("newMessage", "ann", "hello"),
      chat.clients.users(["bob"]).confirm("sure?"),
    ];
    expectTypeOf(compiles).returns.toEqualTypeOf<Promise<void>[]>();
    expectTypeOf(() => chat.clients.caller.invoke("confirm", "sure?")).returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf(() =>
      chat.clients.client("c").invoke("confirm", "sure?", AbortSignal.timeout(1)),
    ).returns.resolves.toBeBoolean();
  });

  it("sends nothing else", () => {
    const refused = () => [
      // @ts-expect-error no such target
      chat.clients.all.newMesage("ann", "hello"),
      // @ts-expect-error an argument is missing
      chat.clients.user("bob").newMessage("ann"),
      // @ts-expect-error a wrong type
      chat.clients.group("red").send("newMessage", "ann", 1),
      // @ts-expect-error a wrong type
      chat.clients.client("c").invoke("confirm", 1),
      // @ts-expect-error nobody can ask several clients
      chat.clients.all.invoke("confirm", "sure?"),
    ];
    expectTypeOf(refused).toBeFunction();
  });

  it("is sent to from outside of a call, where nobody calls", () => {
    const context = () => new HubServer().hub(Chat);
    expectTypeOf(() => context().clients.all.newMessage("ann", "hello")).returns.resolves.toBeVoid();
    // @ts-expect-error there is no caller
    expectTypeOf(() => context().clients.caller).toBeFunction();
    // @ts-expect-error a wrong type
    expectTypeOf(() => context().clients.all.newMessage("ann", 1)).toBeFunction();
  });

  it("says of its methods what fits them", () => {
    const options = [
      // @ts-expect-error no such method
      { shout: {} } satisfies HubMethodOptions<Chat>,
      // @ts-expect-error a schema is missing
      { say: { parameters: [z.string()] } } satisfies HubMethodOptions<Chat>,
      // @ts-expect-error a schema of another type
      { say: { parameters: [z.string(), z.string()] } } satisfies HubMethodOptions<Chat>,
      // @ts-expect-error the hub's own member
      { onConnected: false } satisfies HubMethodOptions<Chat>,
    ];
    expectTypeOf(options).toBeArray();
  });
});

describe("An untyped hub", () => {
  class Any extends Hub {
    ask() {
      return this.clients.caller.invoke<number>("add", 1);
    }
  }
  const any = {} as Any;

  it("sends anything", () => {
    expectTypeOf(() => any.clients.all.whatever?.(1, { two: 2 })).returns.resolves.toBeVoid();
    expectTypeOf(() => any.clients.all.send("whatever", 1)).returns.resolves.toBeVoid();
    expectTypeOf(any.ask).returns.resolves.toEqualTypeOf<number>();
  });
});

describe("HubServer.map", () => {
  class Demanding extends Hub {
    readonly database: { readonly url: string };
    constructor(database: { readonly url: string }) {
      super();
      this.database = database;
    }
  }

  it("takes hubs", () => {
    const compiles = () =>
      new HubServer().map("/chat", Chat).map("/demanding", Demanding, { create: () => new Demanding({ url: "" }) });
    expectTypeOf(compiles).returns.toEqualTypeOf<HubServer>();
  });

  it("takes nothing else", () => {
    const refused = () => {
      // @ts-expect-error its constructor takes something
      new HubServer().map("/demanding", Demanding);
      // @ts-expect-error another hub
      new HubServer().map("/demanding", Demanding, { create: () => new Chat() });
      // @ts-expect-error no hub
      new HubServer().map("/nothing", class {});
    };
    expectTypeOf(refused).toBeFunction();
  });
});

describe("A typed connection", () => {
  const connection = () => typedConnection<Chat>({} as HubConnection);

  it("calls methods by their names, with their arguments", () => {
    expectTypeOf<keyof HubMethods<Chat>>().toEqualTypeOf<
      "say" | "add" | "count" | "letters" | "upload" | "refuse" | "helper"
    >();
    expectTypeOf(() => connection().invoke("add", 1, 2)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => connection().send("say", "hello", 1)).returns.resolves.toBeVoid();
    expectTypeOf(() => connection().invoke("refuse")).returns.resolves.toBeNever();
    expectTypeOf(() => connection().stream("count", 3)).returns.toEqualTypeOf<ItemStream<number>>();
    expectTypeOf(() => connection().stream("letters")).returns.toEqualTypeOf<ItemStream<string>>();
    expectTypeOf(() => connection().invoke("upload", "a", new Subject<number>())).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() =>
      connection().on("newMessage", (from, text) => {
        expectTypeOf([from, text]).toEqualTypeOf<string[]>();
      }),
    ).returns.toBeVoid();
    const texts: string[] = [];
    expectTypeOf(() => connection().on("newMessage", (_, text) => texts.push(text))).returns.toBeVoid();
    expectTypeOf(() => connection().on("newMessage", async () => {})).returns.toBeVoid();
    expectTypeOf(() => connection().on("confirm", (question) => question === "")).returns.toBeVoid();
    expectTypeOf(() => connection().on("confirm", async (question) => question === "")).returns.toBeVoid();
    expectTypeOf<ISubscription<number>>().toExtend<{ dispose(): void }>();
  });

  it("calls nothing else", () => {
    const refused = () => [
      // @ts-expect-error no such method
      connection().invoke("ad", 1, 2),
      // @ts-expect-error an argument is missing
      connection().invoke("add", 1),
      // @ts-expect-error a wrong type
      connection().send("say", 1, 1),
      // @ts-expect-error it streams
      connection().invoke("count", 3),
      // @ts-expect-error it does not stream
      connection().stream("add", 1, 2),
      // @ts-expect-error items of another type
      connection().invoke("upload", "a", new Subject<string>()),
      // @ts-expect-error no such method of clients
      connection().on("newMesage", () => {}),
      // @ts-expect-error it has to answer
      connection().on("confirm", () => "yes"),
      // @ts-expect-error not for clients
      connection().invoke("onConnected"),
      // @ts-expect-error hidden
      connection().invoke("_hidden"),
    ];
    expectTypeOf(refused).toBeFunction();
  });
});
