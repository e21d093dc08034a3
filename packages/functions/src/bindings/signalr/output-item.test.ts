import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BindingError } from "../../contracts/binding.ts";
import { outputItems } from "./output-item.ts";

const message = (fields: object) => ({
  kind: "message",
  arguments: [],
  to: { everybody: true },
  endpoints: undefined,
  ...fields,
});

describe("A signalR output takes", () => {
  it("a message, whose arguments may be missing", () => {
    expect(outputItems({ target: "news", arguments: [1, { a: "b" }] })).toEqual([
      message({ target: "news", arguments: [1, { a: "b" }] }),
    ]);
    expect(outputItems({ target: "clear" })).toEqual([message({ target: "clear" })]);
    expect(outputItems({ target: "clear", arguments: null })).toEqual([message({ target: "clear" })]);
  });

  it("members in any letter case", () => {
    expect(outputItems({ Target: "news", Arguments: [1], UserId: "ada" })).toEqual([
      message({ target: "news", arguments: [1], to: { userId: "ada" } }),
    ]);
  });

  it.each([
    [{ connectionId: "c", userId: "u", groupName: "g" }, { connectionId: "c" }],
    [{ connectionId: "", userId: "u", groupName: "g" }, { userId: "u" }],
    [{ connectionId: null, userId: "", groupName: "g" }, { groupName: "g" }],
    [{ connectionId: "", userId: "", groupName: "" }, { everybody: true }],
    [{ userId: 7 }, { userId: "7" }],
  ])("a receiver, the most exact one first: %j", (fields, to) => {
    expect(outputItems({ target: "t", ...fields })).toEqual([message({ target: "t", to })]);
  });

  it.each([
    [
      { action: "add", groupName: "g", userId: "u" },
      { action: "add", groupName: "g", member: { userId: "u" } },
    ],
    [
      { action: "Remove", groupName: "g", connectionId: "c", userId: "u" },
      { action: "remove", groupName: "g", member: { connectionId: "c" } },
    ],
    [
      { action: "REMOVEALL", userId: "u" },
      { action: "removeAll", groupName: undefined, member: { userId: "u" } },
    ],
    [
      { action: "removeAll", connectionId: "c" },
      { action: "removeAll", groupName: undefined, member: { connectionId: "c" } },
    ],
  ])("a group action: %j", (value, action) => {
    expect(outputItems(value)).toEqual([{ kind: "groupAction", endpoints: undefined, ...action }]);
  });

  it("several of both, in order, leaving out what is null", () => {
    const items = outputItems([{ target: "a" }, null, { action: "add", groupName: "g", userId: "u" }, { target: "b" }]);
    expect(items.map((item) => (item.kind === "message" ? item.target : item.action))).toEqual(["a", "add", "b"]);
    expect(outputItems(null)).toEqual([]);
    expect(outputItems([])).toEqual([]);
  });

  it("endpoints as signalREndpoints gives them", () => {
    const endpoints = [{ endpointType: "Primary", name: "east", endpoint: "https://east", online: true }];
    expect(outputItems({ target: "t", endpoints })[0]!.endpoints).toEqual([{ name: "east", endpoint: "https://east" }]);
  });
});

describe("A signalR output refuses", () => {
  it.each([
    ["neither target nor action", { hello: "world" }],
    ["arguments that are no array", { target: "t", arguments: "x" }],
    ["an action it does not know", { action: "ban", groupName: "g", userId: "u" }],
    ["an item that is no object", ["text"]],
    ["a number", 7],
    ["an array in an array", [[{ target: "t" }]]],
  ])("%s, and shows it", (_, value) => {
    expect(() => outputItems(value)).toThrow(/^A signalR output takes messages .* not /);
  });

  it("a group action that lacks its group or its member", () => {
    expect(() => outputItems({ action: "add", userId: "u" })).toThrow(
      'The group action "add" of a signalR output needs a groupName.',
    );
    expect(() => outputItems({ action: "remove", groupName: "g", userId: "" })).toThrow(/needs a connectionId or a userId/);
  });

  it("anything else with an error of its own kind, never another", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          outputItems(value);
        } catch (error) {
          expect(error).toBeInstanceOf(BindingError);
        }
      }),
    );
  });
});
