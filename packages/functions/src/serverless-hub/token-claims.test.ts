import fc from "fast-check";
import { createSigner } from "fast-jwt";
import { describe, expect, it } from "vitest";
import { claimsOf } from "./token-claims.ts";

const tokenOf = (claims: object) => createSigner({ key: "somebody else's", noTimestamp: true })(claims);

describe("The claims of a token", () => {
  it("are read whoever signed it", () => {
    const claims = { sub: "ann", admin: true, level: 3, roles: ["a", "b"], name: "Zoë" };
    expect(claimsOf(tokenOf(claims))).toEqual(claims);
    expect(claimsOf(`Bearer ${tokenOf(claims)}`)).toEqual(claims);
    expect(claimsOf(`bearer  ${tokenOf(claims)}`)).toEqual(claims);
  });

  it("leave out what no claim can be", () => {
    expect(claimsOf(tokenOf({ a: { b: 1 }, c: null, d: [{}], e: "e" }))).toEqual({ e: "e" });
  });

  it("are of a token alone", () => {
    for (const token of ["", "Bearer ", "a.b", "a.e30", "a.W10.c", "a.bnVsbA.c", "a.e30.c.d"]) {
      expect(() => claimsOf(token)).toThrow("The token is no JSON web token.");
    }
    fc.assert(
      fc.property(fc.string(), (token) => {
        try {
          expect(claimsOf(token)).toBeTypeOf("object");
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
