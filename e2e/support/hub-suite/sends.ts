import { describe, expect, it } from "vitest";
import type { HubClient } from "../hub-client.ts";
import { control, type Stage, unique } from "./stage.ts";

export function describeSends({ connect, server }: Stage): void {
  /** Three clients of users of their own, for the length of `test`. */
  const withThree = async (test: (ann: HubClient, bob: HubClient, cid: HubClient, users: string[]) => Promise<void>) => {
    const users = ["ann", "bob", "cid"].map(unique);
    await using ann = await connect({ query: `user=${users[0]}` });
    await using bob = await connect({ query: `user=${users[1]}` });
    await using cid = await connect({ query: `user=${users[2]}` });
    await test(ann, bob, cid, users);
  };
  /** Each has received what is listed and nothing else: what was not meant for it would have come before the last to all. */
  const expectAll = async (clients: readonly HubClient[], expected: readonly (readonly string[])[]) => {
    await clients[0]!.invoke("SendToAll", "end");
    for (const [i, client] of clients.entries()) await client.received(...expected[i]!, "end");
  };

  describe("sending to clients", () => {
    it("sends to all, to the others and to the caller", () =>
      withThree(async (ann, bob, cid) => {
        await ann.invoke("SendToAll", "all");
        await ann.invoke("SendToOthers", "others");
        await ann.invoke("SendToCaller", "caller");
        await expectAll(
          [ann, bob, cid],
          [
            ["all", "caller"],
            ["all", "others"],
            ["all", "others"],
          ],
        );
      }));

    it("sends to all except some", () =>
      withThree(async (ann, bob, cid) => {
        await ann.invoke("SendToAllExcept", [ann.id, cid.id], "except two");
        await ann.invoke("SendToAllExcept", [], "except nobody");
        await expectAll([ann, bob, cid], [["except nobody"], ["except two", "except nobody"], ["except nobody"]]);
      }));

    it("sends to a connection and to several", () =>
      withThree(async (ann, bob, cid) => {
        await ann.invoke("SendToClient", bob.id, "one");
        await ann.invoke("SendToClients", [ann.id, cid.id], "two");
        await ann.invoke("SendToClient", "nobody", "none");
        await ann.invoke("SendToClients", ["nobody"], "none");
        await ann.invoke("SendToClients", [], "none");
        await expectAll([ann, bob, cid], [["two"], ["one"], ["two"]]);
      }));

    it("sends to a user and to several, on all their connections", () =>
      withThree(async (ann, bob, cid, users) => {
        await using second = await connect({ query: `user=${users[1]}` });
        await ann.invoke("SendToUser", users[1]!, "one");
        await ann.invoke("SendToUsers", [users[0], users[2]], "two");
        await ann.invoke("SendToUser", unique("nobody"), "none");
        await ann.invoke("SendToUsers", [], "none");
        await expectAll([ann, bob, cid, second], [["two"], ["one"], ["two"], ["one"]]);
      }));

    it("sends to a group those who have joined, until they leave", () =>
      withThree(async (ann, bob, cid) => {
        const group = unique("group, grün");
        await ann.invoke("Join", group);
        await cid.invoke("Join", group);
        await cid.invoke("Join", group);
        await bob.invoke("SendToGroup", group, "both");
        await ann.invoke("Leave", group);
        await bob.invoke("Leave", group);
        await bob.invoke("SendToGroup", group, "one");
        await bob.invoke("SendToGroup", group.toUpperCase(), "another group");
        await expectAll([ann, bob, cid], [["both"], [], ["both", "one"]]);
      }));

    it("sends to a group except some, and to the others in it", () =>
      withThree(async (ann, bob, cid) => {
        const group = unique("group");
        for (const client of [ann, bob]) await client.invoke("Join", group);
        await ann.invoke("SendToGroupExcept", group, [bob.id, cid.id], "except bob");
        await ann.invoke("SendToOthersInGroup", group, "others");
        await cid.invoke("SendToOthersInGroup", group, "both");
        await expectAll([ann, bob, cid], [["except bob", "both"], ["others", "both"], []]);
      }));

    it("sends to several groups, twice to who is in two", () =>
      withThree(async (ann, bob, cid) => {
        const groups = [unique("one"), unique("two"), unique("empty")];
        await ann.invoke("Join", groups[0]!);
        await bob.invoke("Join", groups[0]!);
        await bob.invoke("Join", groups[1]!);
        await cid.invoke("SendToGroups", groups, "groups");
        await expectAll([ann, bob, cid], [["groups"], ["groups", "groups"], []]);
      }));

    it("sends to nobody in a group whose members have gone", async () => {
      const group = unique("group");
      {
        await using gone = await connect();
        await gone.invoke("Join", group);
      }
      await using ann = await connect();
      await ann.invoke("SendToGroup", group, "none");
      await expectAll([ann], [[]]);
    });

    it("keeps the order of a thousand messages", async () => {
      await using client = await connect();
      await client.invoke("SendNumbers", 1_000);
      await client.received(...Array.from({ length: 1_000 }, (_, i) => i + 1));
    });

    it("keeps the order of what goes on behind a call", async () => {
      await using client = await connect();
      await client.invoke("SendNumbersLater", 100);
      await client.received(...Array.from({ length: 100 }, (_, i) => i + 1));
    });

    it("delivers what a method sends before what it returns", async () => {
      await using client = await connect();
      await client.invoke("SendToCaller", "first");
      expect(client.messages).toEqual(["first"]);
    });

    it("finds the client's handlers whatever the letter case", async () => {
      await using client = await connect();
      await client.invoke("SendShouting", "heard");
      await client.received("heard");
    });

    it("survives a call that the client has no handler for", async () => {
      await using client = await connect();
      client.connection.off("message");
      await client.invoke("SendToCaller", "unheard");
      expect(await client.invoke("Echo", "still here")).toBe("still here");
    });
  });

  describe("sending from outside of a call", () => {
    it("sends to all, a user, a group and a connection", () =>
      withThree(async (ann, bob, cid, users) => {
        const group = unique("group");
        const door = (path: string) => control(server(), "POST", path);
        await door(`/join?group=${group}&connection=${cid.id}`);
        await door(`/send?text=all`);
        await door(`/send?text=user&user=${users[0]}`);
        await door(`/send?text=connection&connection=${bob.id}`);
        await door(`/send?text=group&group=${group}`);
        await door(`/leave?group=${group}&connection=${cid.id}`);
        await door(`/send?text=left&group=${group}`);
        await expectAll(
          [ann, bob, cid],
          [
            ["all", "user"],
            ["all", "connection"],
            ["all", "group"],
          ],
        );
      }));

    it("is quiet about connections that do not exist", async () => {
      await control(server(), "POST", `/join?group=g&connection=nobody`);
      await control(server(), "POST", `/leave?group=g&connection=nobody`);
      await control(server(), "POST", `/send?text=none&connection=nobody`);
    });
  });
}
