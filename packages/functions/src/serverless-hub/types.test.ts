import type { HttpRequest } from "@azure/functions";
import type { ClientAccess, HubContext } from "@signalbox/management";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { DecoratedHub } from "../../test/serverless-hub/decorated-hub.ts";
import {
  addServerlessHub,
  type HubMethods,
  requireClaim,
  ServerlessHub,
  type SignalRInvocationContext,
  signalRConnection,
} from "./index.ts";

// Checked by the compiler (`tsc -p tsconfig.test.json`); nothing of this is called.

interface ChatClient {
  newMessage(from: string, text: string): void;
  confirm(question: string): Promise<boolean>;
}

type Context = SignalRInvocationContext;

class Chat extends ServerlessHub<ChatClient> {
  static override readonly methods = {
    say: { filters: [requireClaim("admin", true)], parameters: [z.string(), z.number()] },
    helper: false,
  } satisfies HubMethods<Chat>;

  onConnected(_: Context) {}
  say(_: Context, _text: string, _times: number) {}
  ping() {}
  helper(_: number) {}
  protected inner(_: number) {}
}

describe("A typed hub", () => {
  const chat = {} as Chat;

  it("sends what its clients understand", () => {
    const compiles = () => [
      chat.clients.all.send("newMessage", "ann", "hello"),
      chat.clients.allExcept(["c"]).send("newMessage", "ann", "hello"),
      chat.clients.client("c").send("confirm", "sure?"),
      chat.clients.clients(["c"]).send("newMessage", "ann", "hello"),
      chat.clients.group("red").send("newMessage", "ann", "hello"),
      chat.clients.groups(["red"]).send("newMessage", "ann", "hello"),
      chat.clients.groupExcept("red", ["c"]).send("newMessage", "ann", "hello"),
      chat.clients.user("bob").send("newMessage", "ann", "hello"),
      chat.clients.users(["bob"]).send("newMessage", "ann", "hello"),
    ];
    expectTypeOf(compiles).returns.toEqualTypeOf<Promise<void>[]>();
    expectTypeOf(() => chat.clients.client("c").invoke("confirm", "sure?")).returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf(chat.hubContext).toEqualTypeOf<HubContext<ChatClient>>();
  });

  it("sends nothing else", () => {
    const refused = () => [
      // @ts-expect-error no such target
      chat.clients.all.send("newMesage", "ann", "hello"),
      // @ts-expect-error an argument is missing
      chat.clients.user("bob").send("newMessage", "ann"),
      // @ts-expect-error a wrong type
      chat.clients.group("red").send("newMessage", "ann", 1),
      // @ts-expect-error a wrong type
      chat.clients.client("c").invoke("confirm", 1),
    ];
    expectTypeOf(refused).toBeFunction();
  });

  it("says of its methods what fits them", () => {
    const options = [
      // @ts-expect-error no such method
      { shout: {} } satisfies HubMethods<Chat>,
      // @ts-expect-error a schema is missing
      { say: { parameters: [z.string()] } } satisfies HubMethods<Chat>,
      // @ts-expect-error a schema of another type
      { say: { parameters: [z.string(), z.string()] } } satisfies HubMethods<Chat>,
      // @ts-expect-error the hub's own member
      { negotiate: false } satisfies HubMethods<Chat>,
    ];
    expectTypeOf(options).toBeArray();
  });
});

describe("An untyped hub", () => {
  class Any extends ServerlessHub {}
  const any = {} as Any;

  it("sends anything", () => {
    expectTypeOf(() => any.clients.all.send("whatever", 1, { two: 2 })).returns.resolves.toEqualTypeOf<void>();
    expectTypeOf(() => any.clients.client("c").invoke<number>("add", 1)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => any.negotiate({ userId: "ann" })).returns.resolves.toEqualTypeOf<ClientAccess>();
    expectTypeOf(() => any.groups.addToGroup("c", "red")).returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf(() => any.userGroups.isUserInGroup("ann", "red")).returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf(() => any.clientManager.connectionExists("c")).returns.resolves.toEqualTypeOf<boolean>();
  });
});

describe("addServerlessHub", () => {
  class Demanding extends ServerlessHub<ChatClient> {
    readonly database: { readonly url: string };
    constructor(database: { readonly url: string }) {
      super();
      this.database = database;
    }
  }
  class Careless extends ServerlessHub {
    say(_text: string) {}
  }
  class Refusing extends ServerlessHub {
    override async onNegotiate(request: HttpRequest) {
      return request.user === null ? { status: 401 } : this.negotiate({ userId: request.user.id });
    }
  }

  it("takes hubs", () => {
    const compiles = () => {
      addServerlessHub(Chat);
      addServerlessHub(Refusing, { negotiate: { route: "refusing/negotiate", authLevel: "function" } });
      addServerlessHub(Demanding, { create: () => new Demanding({ url: "" }), negotiate: false });
    };
    expectTypeOf(compiles).toBeFunction();
  });

  it("takes nothing else", () => {
    const refused = () => {
      // @ts-expect-error `say` does not take the context first
      addServerlessHub(Careless);
      // @ts-expect-error its constructor takes something
      addServerlessHub(Demanding);
      // @ts-expect-error another hub
      addServerlessHub(Demanding, { create: () => new Careless() });
      // @ts-expect-error no hub
      addServerlessHub(class {});
    };
    expectTypeOf(refused).toBeFunction();
  });
});

describe("Decorators", () => {
  it("are compared with what they decorate", () => {
    expectTypeOf<DecoratedHub["say"]>().parameters.toEqualTypeOf<[context: Context, text: string, times?: number]>();
    // @ts-expect-error a hub alone has a connection
    const misplaced = () => signalRConnection("ChatConnection")(class {}, {} as ClassDecoratorContext);
    expectTypeOf(misplaced).toBeFunction();
  });
});
