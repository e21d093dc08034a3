import { describe, expect, it } from "vitest";
import { answerPreflight, type CorsOptions, permitOrigin } from "./cors.ts";

const page = "http://page.test";
const permit = (options: CorsOptions, origin: string | null = page) => {
  const headers = new Headers();
  permitOrigin(headers, origin, options);
  return Object.fromEntries(headers);
};

/** reference functions-host §3.2 */
describe("CORS", () => {
  const listed = { origins: [page], credentials: false };

  it("names the origin allowed, with credentials when told so", () => {
    expect(permit(listed)).toEqual({ "access-control-allow-origin": page, vary: "Origin" });
    expect(permit({ ...listed, credentials: true })).toEqual({
      "access-control-allow-origin": page,
      "access-control-allow-credentials": "true",
      vary: "Origin",
    });
  });

  it("permits nothing to others", () => {
    expect(permit(listed, "http://other.test")).toEqual({ vary: "Origin" });
    expect(permit(listed, null)).toEqual({ vary: "Origin" });
    expect(permit({ origins: [], credentials: true })).toEqual({});
  });

  it("permits everybody with *, and never credentials", () => {
    expect(permit({ origins: ["*"], credentials: true })).toEqual({ "access-control-allow-origin": "*" });
  });

  it("answers preflights for any method and header", () => {
    const headers = new Headers({
      origin: page,
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "x-a,x-b",
    });
    const answer = answerPreflight("OPTIONS", headers, listed)!;
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toEqual({
      "access-control-allow-methods": "PATCH",
      "access-control-allow-headers": "x-a,x-b",
    });
    expect(answerPreflight("OPTIONS", headers, { origins: [], credentials: false })).toBeUndefined();
    expect(answerPreflight("GET", headers, listed)).toBeUndefined();
    expect(answerPreflight("OPTIONS", new Headers({ origin: page }), listed)).toBeUndefined();
  });
});
