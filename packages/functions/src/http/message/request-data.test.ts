import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toInbound } from "../inbound.ts";
import { toBindingData, toRpcRequest } from "./request-data.ts";

const peer = { address: "127.0.0.1", secure: false };

function inbound(path: string, headers: Record<string, string> = {}, rawHeaders?: readonly string[]) {
  const request = new Request(`http://h.test${path}`, { method: "POST", headers });
  return toInbound(request, rawHeaders === undefined ? peer : { ...peer, rawHeaders }, request.headers, false);
}

const data = (path: string, body: string, params = {}) => toBindingData(inbound(path), params, Buffer.from(body));

/** reference functions-host §2.1 */
describe("binding data of HTTP", () => {
  it("lets later sources win, in any letter case", () => {
    const got = data("/?B=query&C=query", '{"a":"body","b":"body","c":"body","d":{"e":1}}', { c: "route" });
    expect(got).toMatchObject({ a: "body", B: "query", c: "route", d: { e: 1 } });
    expect(Object.keys(got)).toEqual(["a", "d", "B", "c", "Query", "Headers"]);
  });

  it.each(["[1]", '"text"', "7", "null", "{", "", "\u0000"])("takes nothing from the body %j", (body) => {
    expect(Object.keys(data("/", body))).toEqual(["Query", "Headers"]);
  });

  it("takes white space and a byte order mark before the body, and keeps large integers", () => {
    expect(data("/", '\n {"a":1}')).toMatchObject({ a: 1 });
    expect(data("/", '\uFEFF{"a":1}')).toMatchObject({ a: 1 });
    expect(data("/", '{"id":12345678901234567}')).toMatchObject({ id: 12345678901234567n });
  });

  it("keeps header names as sent where the listener knows them", () => {
    const known = toBindingData(inbound("/", { "x-a": "1" }, ["X-A", "1"]), {}, new Uint8Array());
    expect(known.Headers).toEqual({ "X-A": "1" });
    expect(toBindingData(inbound("/", { "X-A": "1" }), {}, new Uint8Array()).Headers).toEqual({ "x-a": "1" });
  });

  it("has nothing but what was sent, whatever that was", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.json(), (query, body) => {
        const path = `/?${new URLSearchParams(query)}&__proto__=x&constructor=y`;
        const got = data(path, body);
        expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
        expect(Object.hasOwn(got, "__proto__")).toBe(true);
        expect(toRpcRequest(inbound(path), {}, new Uint8Array()).nullableQuery).toMatchObject({ constructor: { value: "y" } });
      }),
    );
  });
});
