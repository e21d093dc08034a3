import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventHeaders, MissingHeaderError } from "./event-headers.ts";

const required = {
  "X-ASRS-Connection-Id": "c",
  "X-ASRS-Hub": "chat",
  "X-ASRS-Category": "messages",
  "X-ASRS-Event": "send",
};

describe("The headers of an event", () => {
  it("name connection, hub, category and event, and leave the rest null when it is absent", () => {
    expect(eventHeaders(new Headers(required))).toMatchObject({
      connectionId: "c",
      hub: "chat",
      category: "messages",
      event: "send",
      userId: null,
      query: null,
      claims: null,
      headers: { "x-asrs-hub": "chat" },
    });
  });

  it.each(Object.keys(required))("are refused with an empty %s, and fail without it", (name) => {
    expect(eventHeaders(new Headers({ ...required, [name]: "" }))).toBeUndefined();
    const without = new Headers(required);
    without.delete(name);
    expect(() => eventHeaders(without)).toThrow(MissingHeaderError);
  });

  it("tell the client's query, repeated names joined by a comma", () => {
    const read = (query: string) => eventHeaders(new Headers({ ...required, "X-ASRS-Client-Query": query }))!.query;
    expect(read("?hub=chat&a=1&a=2&b=%C3%A9")).toEqual({ hub: "chat", a: "1,2", b: "é" });
    expect(read("")).toEqual({});
  });

  it("tell claims as the extension does: the first of a type, none whose value has a comma or ': '", () => {
    const read = (claims: string) => eventHeaders(new Headers({ ...required, "X-ASRS-User-Claims": claims }))!.claims;
    expect(read("admin: true, role: a, role: b, name: Love, Ada, url: x: y")).toEqual({
      admin: "true",
      role: "a",
      name: "Love",
    });
    expect(read("")).toEqual({});
  });

  it("tell no claims that a user wrote into the own id", () => {
    const read = (userId: string, claims: string) =>
      eventHeaders(new Headers({ ...required, "X-ASRS-User-Id": userId, "X-ASRS-User-Claims": claims }))!.claims;
    const long = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    expect(read("x, admin: true", "asrs.s.uid: x, admin: true")).toEqual({ "asrs.s.uid": "x, admin: true" });
    expect(read("x, a: 1", `role: r, ${long}: x, a: 1, asrs.s.uid: x, a: 1, a: 2`)).toEqual({
      "asrs.s.uid": "x, a: 1",
      [long]: "x, a: 1",
      role: "r",
      a: "2",
    });
    // As a header, with its blanks encoded.
    expect(read("%20x, a: 1%20", "asrs.s.uid:  x, a: 1 , role: r")).toEqual({ "asrs.s.uid": "%20x, a: 1%20", role: "r" });
    expect(read("%20x, a: 1%20", "asrs.s.uid:  x, a: 1%20")).toEqual({ "asrs.s.uid": "%20x, a: 1%20" });
    expect(read("Love, Ada", "asrs.s.uid: Love, Ada, role: r")).toEqual({ "asrs.s.uid": "Love, Ada", role: "r" });
    expect(read("", "asrs.s.uid: , role: r")).toEqual({ role: "r" });
  });

  it("are read as UTF-8, and as they are when they are none", () => {
    const utf8 = Buffer.from("Zoë 李").toString("latin1");
    expect(eventHeaders(new Headers({ ...required, "X-ASRS-User-Id": utf8 }))!.userId).toBe("Zoë 李");
    expect(eventHeaders(new Headers({ ...required, "X-ASRS-User-Id": "Zo\xeb" }))!.userId).toBe("Zo\xeb");
  });

  it("may hold anything that HTTP carries", () => {
    const value = fc.string({ unit: "binary-ascii" }).map((text) => text.replaceAll(/[^ -~]/g, ""));
    fc.assert(
      fc.property(value, value, (query, claims) => {
        const headers = new Headers({ ...required, "X-ASRS-Client-Query": query, "X-ASRS-User-Claims": claims });
        expect(eventHeaders(headers)).toBeDefined();
      }),
    );
  });
});
