import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConnectQuery } from "./connect-query.ts";

describe("query of a connect request", () => {
  it.each([
    ["", { remaining: "" }],
    ["hub=chat", { hubs: ["chat"], remaining: "?hub=chat" }],
    ["HUB=chat&hub=two", { hubs: ["chat", "two"], remaining: "?HUB=chat&hub=two" }],
    ["hub", { hubs: [""], remaining: "?hub" }],
    ["hub=a+b%20c", { hubs: ["a b c"], remaining: "?hub=a+b%20c" }],
    ["%68ub=chat", { hubs: ["chat"], remaining: "?%68ub=chat" }],
    ["hub=%zz", { hubs: ["%zz"], remaining: "?hub=%zz" }],
    ["hub=a=b", { hubs: ["a=b"], remaining: "?hub=a=b" }],
    ["id=x&hub=chat", { hubs: ["chat"], hasId: true, remaining: "?hub=chat" }],
    ["ID=x", { hasId: true, remaining: "" }],
    ["id=&hub=chat", { hubs: ["chat"], remaining: "?hub=chat" }],
    ["access_token=a&hub=chat&Access_Token=b%2Ec", { hubs: ["chat"], accessToken: "b.c", remaining: "?hub=chat" }],
    [
      "hub=obs&foo=b%20ar&foo=2&x=%C3%BC&id=brlIl4U&access_token=t",
      { hubs: ["obs"], hasId: true, accessToken: "t", remaining: "?hub=obs&foo=b%20ar&foo=2&x=%C3%BC" },
    ],
    ["&&a&&", { remaining: "?a" }],
  ])("%s", (query, read) => {
    expect(parseConnectQuery(query)).toEqual({ hubs: [], accessToken: undefined, hasId: false, ...read });
  });

  it("never lets a secret through, whatever surrounds it", () => {
    const noise = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll("&", ""));
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const { remaining } = parseConnectQuery(`${before}&access_token=SECRET&id=SECRET&${after}`);
        expect(remaining).not.toContain("SECRET");
      }),
    );
  });
});
