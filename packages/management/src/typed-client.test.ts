import { describe, expectTypeOf, it } from "vitest";
import { type AnyClient, type ClientAccess, type HubContext, ServiceClient } from "./index.ts";

interface ChatClient {
  newMessage(from: string, text: string): void;
  ping(): void;
  add(a: number, b: number): Promise<number>;
  many(...items: readonly string[]): void;
  maybe(text?: string): string | null;
  readonly version: number;
}

// Checked by the compiler (`tsc -p tsconfig.test.json`); nothing of this is called.
const service = ServiceClient.fromConnectionString("Endpoint=http://localhost;AccessKey=k;");

describe("a typed hub", () => {
  const chat = service.hub<ChatClient>("chat");

  it("takes the client's methods with their arguments", () => {
    const compiles = () => [
      chat.all.send("newMessage", "ann", "hello"),
      chat.user("ann").send("ping"),
      chat.groups(["red"]).send("many", "a", "b", "c"),
      chat.connection("c").send("maybe"),
      chat.with({ timeoutMs: 1 }).allExcept(["c"]).send("maybe", "text"),
    ];
    expectTypeOf(compiles).returns.toEqualTypeOf<Promise<void>[]>();
  });

  it("refuses every other", () => {
    const refused = () => [
      // @ts-expect-error no such target
      chat.all.send("newMesage", "ann", "hello"),
      // @ts-expect-error an argument is missing
      chat.all.send("newMessage", "ann"),
      // @ts-expect-error an argument too many
      chat.users(["ann"]).send("ping", 1),
      // @ts-expect-error a wrong type
      chat.group("red").send("newMessage", "ann", 1),
      // @ts-expect-error no method
      chat.all.send("version"),
      // @ts-expect-error wrong types
      chat.connection("c").invoke("add", "1", "2"),
    ];
    expectTypeOf(refused).toBeFunction();
  });

  it("knows what the client answers", () => {
    const connection = chat.connection("c");
    expectTypeOf(() => connection.invoke("add", 1, 2)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => connection.invoke("maybe")).returns.resolves.toEqualTypeOf<string | null>();
    expectTypeOf(() => connection.invoke("ping")).returns.resolves.toEqualTypeOf<void>();
  });
});

describe("an untyped hub", () => {
  const any = service.hub("chat");

  it("takes any target and arguments", () => {
    expectTypeOf(any).toEqualTypeOf<HubContext<AnyClient>>();
    expectTypeOf(() => any.all.send("whatever", 1, "two", { three: 3 })).returns.resolves.toEqualTypeOf<void>();
    expectTypeOf(() => any.connection("c").invoke<number>("add", 1, 2)).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(() => any.connection("c").invoke("add")).returns.resolves.toEqualTypeOf<unknown>();
    expectTypeOf(() => any.negotiate({ userId: "ann" })).returns.resolves.toEqualTypeOf<ClientAccess>();
  });
});
