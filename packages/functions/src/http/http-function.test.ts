import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BindingDefinition, FunctionDefinition } from "../contracts/function-definition.ts";
import { readHttpFunctions } from "./http-function.ts";

const settings = { get: (name: string) => (name === "R" ? "/from/settings/" : undefined) };

function define(trigger: Record<string, unknown>, more: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const bindings: BindingDefinition[] = [
    { name: "req", type: "HttpTrigger", direction: "in", ...trigger },
    { name: "res", type: "HTTP", direction: "out" },
  ];
  return { name: "Chat", model: "v3", bindings, directory: "/app/Chat", scriptFile: "/app/Chat/index.js", ...more };
}

const read = (trigger: Record<string, unknown>, more?: Partial<FunctionDefinition>, prefix = "api") =>
  readHttpFunctions([define(trigger, more)], prefix, settings);

/** reference functions-host §2.2 */
describe("an HTTP trigger", () => {
  it("has defaults, those of its model", () => {
    expect(read({}).functions[0]).toMatchObject({ route: "Chat", authLevel: "function", methods: undefined, answer: "res" });
    expect(read({}).functions[0]!.template.text).toBe("api/Chat");
    expect(read({}, { model: "v4" }).functions[0]!.authLevel).toBe("anonymous");
    expect(read({}, {}, "").functions[0]!.template.text).toBe("Chat");
  });

  it.each([
    [{ authLevel: "ANONYMOUS" }, { authLevel: "anonymous" }],
    [{ methods: ["get", "Post"] }, { methods: new Set(["GET", "POST"]) }],
    [{ methods: [] }, { methods: undefined }],
    [{ methods: "get,post" }, { methods: new Set(["GET", "POST"]) }],
    [{ route: "%R%" }, { route: "from/settings" }],
    [{ route: "" }, { route: "Chat" }],
    [{ webHookType: "github" }, { route: "Chat" }],
  ])("reads %j", (trigger, expected) => expect(read(trigger).functions[0]).toMatchObject(expected));

  it.each([
    [{ authLevel: "user" }, /authLevel of the HTTP trigger is "user"/],
    [{ methods: ["a b"] }, /holds "A B", which is no verb/],
    [{ methods: 7 }, /must be a list of verbs/],
    [{ route: "%X%" }, /'%X%' does not resolve to a value/],
    [{ route: "{a:odd}" }, /The constraint 'odd'/],
    [{ route: "/Runtime/x" }, /conflicts with one or more built in routes/],
  ])("refuses %j", (trigger, message) => {
    expect(read(trigger)).toEqual({
      functions: [],
      problems: [{ functionName: "Chat", message: expect.stringMatching(message) }],
    });
  });

  it("may share its route with one of other verbs", () => {
    const two = [define({ route: "x", methods: ["get"] }), define({ route: "x", methods: ["post"] }, { name: "Other" })];
    expect(readHttpFunctions(two, "api", settings).problems).toEqual([]);
  });

  it("is read or refused, whatever it holds", () => {
    fc.assert(
      fc.property(fc.record({ route: fc.anything(), methods: fc.anything(), authLevel: fc.anything() }), (trigger) => {
        const { functions, problems } = read(trigger);
        expect(functions.length + problems.length).toBe(1);
      }),
    );
  });
});
