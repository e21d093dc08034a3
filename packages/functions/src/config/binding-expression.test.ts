import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BindingError } from "../contracts/binding.ts";
import { BindingExpression, resolveSettingNames } from "./binding-expression.ts";

const now = new Date(Date.UTC(2018, 1, 16, 17, 59, 5, 42));
const resolve = (text: string, data: Readonly<Record<string, unknown>> = {}) =>
  BindingExpression.parse(text).resolve({ data, functionName: "negotiate", now });

describe("%NAME% (reference functions-host §2.1)", () => {
  const setting = (name: string) =>
    new Map([
      ["hub", "chat"],
      ["empty", ""],
    ]).get(name);

  it.each([
    ["%hub%", "chat"],
    ["a-%hub%-b-%hub%", "a-chat-b-chat"],
    ["%empty%", ""],
    ["plain {x}", "plain {x}"],
    ["", ""],
  ])("%j becomes %j", (text, expected) => expect(resolveSettingNames(text, setting)).toBe(expected));

  it("names the setting that is missing", () => {
    expect(() => resolveSettingNames("%nope%", setting)).toThrow(new BindingError("'%nope%' does not resolve to a value."));
  });

  it("wants pairs", () => {
    expect(() => resolveSettingNames("100% sure", setting)).toThrow("The '%' at position 3 does not have a closing '%'");
  });

  it("inserts values as they are, whatever they hold", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string().filter((s) => !s.includes("%")),
        (value, around) => {
          expect(resolveSettingNames(`${around}%x%${around}`, () => value)).toBe(around + value + around);
        },
      ),
    );
  });
});

describe("{name} (reference functions-host §2.1)", () => {
  const data = {
    id: "7",
    count: 5,
    headers: { "X-MS-Client-Principal-Id": "ann", "x-b": "B" },
    query: { User: "bob" },
    deep: { a: { b: true }, list: [1, 2] },
    nothing: null,
  };

  it.each([
    ["{id}", "7"],
    ["{ID}", "7"],
    ["user-{id}/{query.User}", "user-7/bob"],
    ["{headers.x-ms-client-principal-id}", "ann"],
    ["{deep.a.b}", "true"],
    ["{deep.list}", "[1,2]"],
    ["{nothing}", ""],
    ["{{id}}", "{id}"],
    ["{{{id}}}", "{7}"],
    ["{count:D3}", "005"],
    ["{id:D3}", "7"],
    ["", ""],
  ])("%j becomes %j", (text, expected) => expect(resolve(text, data)).toBe(expected));

  it.each([
    ["{sys.methodName}", "negotiate"],
    ["{SYS.METHODNAME}", "negotiate"],
    ["{datetime}", "2018-02-16T17-59-05Z"],
    ["{sys.utcNow}", "2018-02-16T17-59-05Z"],
    ["{DateTime:yyyy-MM-dd}", "2018-02-16"],
    ["{datetime:ddd, d MMMM yy h:mm tt}", "Fri, 16 February 18 5:59 PM"],
    ["{datetime:HHmmss.fff}", "175905.042"],
    ["{datetime:o}", "2018-02-16T17:59:05.0420000Z"],
    ["{datetime:R}", "Fri, 16 Feb 2018 17:59:05 GMT"],
    ["{datetime:'day' dd\\d}", "day 16d"],
  ])("generates %j as %j", (text, expected) => expect(resolve(text)).toBe(expected));

  it.each([
    ["{rand-guid}", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    ["{rand-guid:N}", /^[0-9a-f]{32}$/],
    ["{rand-guid:B}", /^\{[0-9a-f-]{36}\}$/],
    ["{sys.randGuid}", /^[0-9a-f-]{36}$/],
  ])("generates %j as a new GUID each time", (text, expected) => {
    expect(resolve(text)).toMatch(expected);
    expect(resolve(text)).not.toBe(resolve(text));
  });

  it.each([
    ["{missing}", "No value for named parameter 'missing'."],
    ["{headers.x-ms-signalr-userid}", "Error while accessing 'x-ms-signalr-userid': property doesn't exist."],
    ["{query.user}", "Error while accessing 'user': property doesn't exist."],
    ["{id.length}", "Error while accessing 'length': property doesn't exist."],
    ["{headers.constructor}", "Error while accessing 'constructor': property doesn't exist."],
    ["{__proto__}", "No value for named parameter '__proto__'."],
    ["{datetime:Q}", "is no date format"],
    ["{rand-guid:X}", "is no format of a GUID"],
  ])("%j fails: %s", (text, message) => {
    expect(() => resolve(text, data)).toThrow(BindingError);
    expect(() => resolve(text, data)).toThrow(message);
  });

  it.each(["{id", "id}", "{}", "{x-y}", "{a..b}", "{a b}", "{id}}"])("%j is no template", (text) => {
    expect(() => BindingExpression.parse(text)).toThrow(BindingError);
  });

  it("tells at start-up which parameters it needs", () => {
    expect(BindingExpression.parse("{Id}/{id}/{query.x}/{rand-guid}/{sys.methodName}").parameterNames).toEqual(["id", "query"]);
  });

  it("escaped text comes out as it was, and no text makes the parser do anything but parse or refuse", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(resolve(text.replaceAll("{", "{{").replaceAll("}", "}}"))).toBe(text);
        try {
          BindingExpression.parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(BindingError);
        }
      }),
    );
  });

  it("never evaluates what a caller sent", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(resolve("<{x}>", { x: value })).toBe(`<${value}>`);
      }),
    );
  });
});
