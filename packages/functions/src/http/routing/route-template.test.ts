import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RouteTable } from "./route-table.ts";
import { pathSegments, RouteTemplate, RouteTemplateError } from "./route-template.ts";

const match = (template: string, path: string) => new RouteTemplate(template).match(pathSegments(path));

describe("a route template (reference functions-host §2.2)", () => {
  it.each([
    ["negotiate", "/negotiate", {}],
    ["negotiate", "/NEGOTIATE/", {}],
    ["/a/b/", "/a/b", {}],
    ["", "/", {}],
    ["a/{id}", "/a/7", { id: "7" }],
    ["{userId}/negotiate", "/ann%20b/negotiate", { userId: "ann b" }],
    ["a/{id?}", "/a", {}],
    ["a/{id?}", "/a/", {}],
    ["a/{id=5}", "/a", { id: "5" }],
    ["a/{id=5}", "/a/6", { id: "6" }],
    ["a/{b?}/{c?}", "/a/1", { b: "1" }],
    ["files/{*rest}", "/files/x/y.txt", { rest: "x/y.txt" }],
    ["files/{*rest}", "/files", {}],
    ["files/{**rest}", "/files/x", { rest: "x" }],
    ["{*rest=index.html}", "/", { rest: "index.html" }],
    ["v{version}/x", "/v2/x", { version: "2" }],
    ["{name}.{ext?}", "/a.b.txt", { name: "a.b", ext: "txt" }],
    ["{name}.{ext?}", "/readme", { name: "readme" }],
    ["{a}-{b}", "/x-y-z", { a: "x-y", b: "z" }],
    ["a/{id}", "/a/x%2Fy", { id: "x%2Fy" }],
    ["a/{id}", "/a/100%", { id: "100%" }],
    ["a/{{b}}", "/a/{b}", {}],
    ["a/{__proto__}", "/a/x", JSON.parse('{"__proto__":"x"}')],
  ])("%j matches %j with %j", (template, path, expected) => expect(match(template, path)).toEqual(expected));

  it.each([
    ["negotiate", "/other"],
    ["negotiate", "/"],
    ["negotiate", "/negotiate/more"],
    ["a/{id}", "/a"],
    ["a/{id}", "/a//"],
    ["a/{id}/c", "/a//c"],
    ["v{version}", "/v"],
    ["", "/x"],
  ])("%j does not match %j", (template, path) => expect(match(template, path)).toBeUndefined());

  it.each([
    ["int", ["1", "-2147483648"], ["x", "2147483648", "1.5", ""]],
    ["long", ["9223372036854775807"], ["9223372036854775808"]],
    ["bool", ["true", "FALSE"], ["yes"]],
    ["decimal", ["1", "1.5", "-1"], ["x", "1e5"]],
    ["double", ["1.5", "1e5"], ["x"]],
    ["float", ["1.5"], ["x"]],
    ["datetime", ["2020-01-02", "2020-01-02T03:04:05Z"], ["x", "soon"]],
    ["guid", ["CD2C1638-1638-72D5-1638-DEADBEEF1638", "cd2c1638163872d51638deadbeef1638"], ["x", "cd2c1638"]],
    ["alpha", ["abc", "ABC"], ["a1"]],
    ["minlength(2)", ["ab", "abc"], ["a"]],
    ["maxlength(2)", ["a", "ab"], ["abc"]],
    ["length(2)", ["ab"], ["a", "abc"]],
    ["length(2,3)", ["ab", "abc"], ["a", "abcd"]],
    ["min(18)", ["18"], ["17", "x"]],
    ["max(18)", ["18"], ["19", "x"]],
    ["range(18,20)", ["18", "20"], ["17", "21"]],
    ["regex(^\\d{{3}}-\\d{{2}}$)", ["123-45"], ["1234-5"]],
    ["regex(^(a|b)$)", ["a", "B"], ["c"]],
    ["required", ["x"], []],
    ["file", ["a.txt"], ["a"]],
    ["nonfile", ["a"], ["a.txt"]],
    ["int:min(1)", ["1"], ["0", "x"]],
  ])("constraint %s", (constraint, good, bad) => {
    for (const value of good) expect(match(`x/{p:${constraint}}`, `/x/${value}`), value).toEqual({ p: value });
    for (const value of bad) expect(match(`x/{p:${constraint}}`, `/x/${value}`), value).toBeUndefined();
  });

  it.each([
    ["{id:int?}", "/", {}],
    ["{id:int=7}", "/", { id: "7" }],
    ["{*rest:maxlength(3)}", "/a/b", { rest: "a/b" }],
  ])("a constraint beside other marks: %j on %j", (template, path, expected) =>
    expect(match(template, path)).toEqual(expected),
  );

  it.each([
    "{id",
    "id}",
    "{}",
    "{a}{b}",
    "{a}/{A}",
    "{*rest}/x",
    "a//b",
    "{p:nosuch}",
    "{p:int(3)}",
    "{p:length(x)}",
    "{p:regex(()}",
    "a?b",
    "{p:}",
  ])("%j is refused", (template) => expect(() => new RouteTemplate(template)).toThrow(RouteTemplateError));

  it("takes or refuses any text, and any path", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."{}*?:=()/a1.-%\\") }), fc.webPath(), (text, path) => {
        try {
          new RouteTemplate(text).match(pathSegments(path));
        } catch (error) {
          expect(error).toBeInstanceOf(RouteTemplateError);
        }
      }),
    );
  });

  it("gives back what stood in the path", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((s) => !/^\.{1,2}$|\//.test(s)),
        (value) => {
          expect(match("a/{id}", new URL(`http://h/a/${encodeURIComponent(value)}`).pathname)?.id).toBe(value.toWellFormed());
        },
      ),
    );
  });
});

describe("a route table", () => {
  const routes = ["{*all}", "a/{id}", "a/{id:int}", "a/b", "{x}/b"].map((text) => ({
    template: new RouteTemplate(text),
    methods: undefined,
  }));
  const table = new RouteTable(routes);

  it.each([
    ["/a/b", "a/b"],
    ["/a/7", "a/{id:int}"],
    ["/a/x", "a/{id}"],
    ["/c/b", "{x}/b"],
    ["/q", "{*all}"],
  ])("%s goes to the most specific route", (path, expected) => {
    expect(table.match("GET", pathSegments(path))?.route.template.text).toBe(expected);
  });

  it("looks further when a route has another method", () => {
    const methods = new RouteTable([
      { template: new RouteTemplate("a"), methods: new Set(["POST"]) },
      { template: new RouteTemplate("{x}"), methods: new Set(["GET"]) },
    ]);
    expect(methods.match("GET", ["a"])?.values).toEqual({ x: "a" });
    expect(methods.match("PUT", ["a"])).toBeUndefined();
  });
});
