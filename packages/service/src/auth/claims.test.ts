import { describe, expect, it } from "vitest";
import { claimsOf, userIdOf } from "./claims.ts";

const identity = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

describe("claims", () => {
  it("are those the emulator sends upstream for the same token (emulator-observed §5)", () => {
    const claims = claimsOf({
      aud: "http://127.0.0.1/client/?hub=obs",
      nbf: 1795423444,
      exp: 1795427044,
      nameid: "u1",
      role: ["admin", "x, y"],
      "asrs.s.uid": "uidX",
      sub: "subj",
      name: "Ann",
      email: "a@b.c",
      "http://schemas/x": "v: w",
      num: 5,
      bool: true,
      obj: { a: 1 },
    });
    expect(claims.map(({ type, value }) => `${type}: ${value}`).join(", ")).toBe(
      'aud: http://127.0.0.1/client/?hub=obs, nbf: 1795423444, exp: 1795427044, http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier: u1, http://schemas.microsoft.com/ws/2008/06/identity/claims/role: admin, http://schemas.microsoft.com/ws/2008/06/identity/claims/role: x, y, asrs.s.uid: uidX, http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier: subj, name: Ann, http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress: a@b.c, http://schemas/x: v: w, num: 5, bool: true, obj: {"a":1}',
    );
  });

  it("have the long types of .NET", () => {
    expect(claimsOf({ unique_name: "Ann", roles: "r", upn: "u", tid: "t" })).toEqual([
      { type: `${identity}name`, value: "Ann" },
      { type: "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", value: "r" },
      { type: `${identity}upn`, value: "u" },
      { type: "http://schemas.microsoft.com/identity/claims/tenantid", value: "t" },
    ]);
  });

  it("write null as the empty text, lists item by item, large integers with all digits", () => {
    expect(claimsOf({ a: null, b: [], c: [1, [2], null, false, { d: 12345678901234567890n }], e: 9007199254740993n })).toEqual([
      { type: "a", value: "" },
      { type: "c", value: "1" },
      { type: "c", value: "[2]" },
      { type: "c", value: "" },
      { type: "c", value: "false" },
      { type: "c", value: '{"d":12345678901234567890}' },
      { type: "e", value: "9007199254740993" },
    ]);
  });
});

describe("user id", () => {
  it.each([
    [{ nameid: "n", sub: "s", "asrs.s.uid": "u" }, "u"],
    [{ nameid: "n", sub: "s" }, "n"],
    [{ sub: "s", nameid: "n" }, "s"],
    [{ sub: "s" }, "s"],
    [{ sub: ["s1", "s2"] }, "s1"],
    [{ "asrs.s.uid": [], sub: [], nameid: "n" }, "n"],
    [{ nameid: null, sub: "s" }, undefined],
    [{ nameid: 12345678901234567890n }, "12345678901234567890"],
    [{ [`${identity}nameidentifier`]: "long" }, "long"],
    [{ "asrs.s.uid": "", nameid: "n" }, undefined],
    [{ name: "Ann", unique_name: "Ann" }, undefined],
    [{}, undefined],
  ])("of %o is %j", (payload, userId) => {
    expect(userIdOf(payload)).toBe(userId);
  });
});
